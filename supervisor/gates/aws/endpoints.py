"""Where a service's API lives: from botocore's endpoint rule sets, or all of it at one address (LocalStack, moto)."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from supervisor.gates.network.cloud import is_cloud_endpoint

_PREFIX: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,100}[a-z0-9])?\Z")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` is scheme and authority, `base` a path in front of every path, both without a trailing slash.

    `signing_name` and `region` are what a request to it is signed for.
    """

    url: str
    signing_name: str
    region: str
    base: str = ""

    @property
    def host(self) -> str:
        """What goes into the Host header."""
        return urlsplit(self.url).netloc


class NoEndpoint(ValueError):
    """A service has no address that can be told in this region; the text says which."""


class Endpoints:
    """Finds endpoints, from any thread. `everything` is the URL that stands in for all of AWS; empty = AWS itself."""

    def __init__(self, everything: str = "") -> None:
        self._everything = everything.rstrip("/")
        self._known: dict[tuple[str, str], Endpoint] = {}
        self._lock = threading.Lock()
        self._loader: Any = None

    def known(self, service: str, region: str, *, signing_name: str, host: str = "") -> Endpoint | None:
        """As `find`, where that needs no look into files; else `None`."""
        if self._everything or host:
            return self.find(service, region, signing_name=signing_name, host=host)
        return self._known.get((service, region))

    def find(self, service: str, region: str, *, signing_name: str, host: str = "") -> Endpoint:
        """The endpoint of a botocore service in a region; `host` is the cloud host that the client named.

        Raises `NoEndpoint`.
        """
        if self._everything:
            return Endpoint(self._everything, signing_name, region)
        if host:
            if not is_cloud_endpoint(host):
                raise NoEndpoint(f"{host} is no endpoint of AWS")
            return Endpoint(f"https://{host}", signing_name, region)
        with self._lock:
            found = self._known.get((service, region))
            if found is None:
                found = self._known[service, region] = self._resolve(service, region, signing_name)
        return found

    def _resolve(self, service: str, region: str, signing_name: str) -> Endpoint:
        from botocore.endpoint_provider import EndpointProvider
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session

        if self._loader is None:
            self._loader = Session().get_component("data_loader")
        try:
            rules = self._loader.load_service_model(service, "endpoint-rule-set-1")
            provider = EndpointProvider(rules, self._loader.load_data("partitions"))
            given: dict[str, object] = {}
            for name, about in rules["parameters"].items():
                if about.get("builtIn") == "AWS::Region":
                    given[name] = region
                elif "default" in about:
                    given[name] = about["default"]
            found = provider.resolve_endpoint(**given)
        except BotoCoreError as error:
            raise NoEndpoint(
                f"{service} has no endpoint that can be told in {region or 'no region'}: {error}"
            ) from error
        parts = urlsplit(found.url)
        if parts.scheme != "https" or not is_cloud_endpoint(parts.hostname or ""):
            raise NoEndpoint(f"{service} in {region}: {found.url} is no endpoint of AWS")
        schemes = [one for one in found.properties.get("authSchemes", ()) if one.get("name") == "sigv4"]
        scheme = schemes[0] if schemes else {}
        return Endpoint(
            f"https://{parts.netloc}",
            scheme.get("signingName", signing_name),
            scheme.get("signingRegion", region),
            parts.path.rstrip("/"),
        )


def with_prefix(endpoint: Endpoint, prefix: str) -> Endpoint:
    """The endpoint with a label in front of its host (`data-`, an account); raises `NoEndpoint` for anything else."""
    if not _PREFIX.match(prefix):
        raise NoEndpoint(f"{prefix!r} cannot stand in front of a host name")
    scheme, _, authority = endpoint.url.partition("://")
    return Endpoint(f"{scheme}://{prefix}.{authority}", endpoint.signing_name, endpoint.region, endpoint.base)
