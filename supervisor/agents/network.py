"""What an agent reaches by itself: rules for its vendor's hosts, and ports of the cell that lead to this host's."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from supervisor.agents.adapter import Adapter
from supervisor.errors import UsageError
from supervisor.model.effect import Effect
from supervisor.policy.scope import Rule, Source

_PORTS = {"http": 80, "https": 443}


def network_rules(adapter: Adapter, environment: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules that let an agent talk to its model; raises `UsageError` for a URL variable that is none.

    They allow, and like every allow they lose against any `ask` and `deny` of the scope.
    """
    hosts = dict.fromkeys(adapter.hosts)
    for endpoint in adapter.endpoints:
        if endpoint.key and not environment.get(endpoint.key):
            continue
        named = _endpoint(endpoint.variable, environment)
        hosts.update(dict.fromkeys((endpoint.host,) if named is None else _patterns(*named)))
    if not hosts:
        return ()
    source = Source(f"agents/{adapter.name}", 1)
    because = f"{adapter.title} talks to its model and its login"
    return (Rule("network", Effect.ALLOW, tuple(hosts), source, because=because),)


def forwards(adapter: Adapter, environment: Mapping[str, str]) -> dict[str, tuple[str, int]]:
    """Model servers on this host's loopback, by the variable that names each: (address, port).

    The cell listens on the same loopback port, so that the URL is right inside it too.
    """
    found: dict[str, tuple[str, int]] = {}
    for variable in dict.fromkeys(endpoint.variable for endpoint in adapter.endpoints):
        named = _endpoint(variable, environment)
        if named is not None and _is_loopback(named[0]):
            address = "127.0.0.1" if named[0] == "localhost" else named[0]
            if (address, named[1]) not in found.values():
                found[variable] = (address, named[1])
    return found


def _endpoint(variable: str, environment: Mapping[str, str]) -> tuple[str, int] | None:
    text = environment.get(variable, "").strip() if variable else ""
    if not text:
        return None
    try:
        url = urlsplit(text if "://" in text else f"http://{text}")
        host, port = url.hostname, url.port or _PORTS[url.scheme]
    except (ValueError, KeyError):
        host, port = None, 0
    if not host:
        raise UsageError(f"{variable} is not an http:// or https:// URL", fix=f"unset {variable}, or correct it")
    return host, port


def _patterns(host: str, port: int) -> tuple[str, ...]:
    if host == "localhost":
        return f"localhost:{port}", f"127.0.0.1:{port}"
    return (f"[{host}]:{port}" if ":" in host else f"{host}:{port}",)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
