"""The `policy` section of a scope file: conditions in Rego, an OPA server, and settings that conditions read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from supervisor.model.codec import canonical
from supervisor.model.effect import Effect
from supervisor.policy.document import Fields, Node, Problems, shown
from supervisor.policy.scope import OpaServer, Source

KEYS: Final = frozenset({"rego", "opa", "settings"})
OPA_KEYS: Final = frozenset({"url", "timeout", "token_file", "token_env", "ca", "unreachable"})
MOST_FILES: Final = 16
LEAST_TIMEOUT: Final = 10
MOST_TIMEOUT: Final = 60_000
TIMEOUT_PATTERN: Final = "^[0-9]+(ms|s)$"
_TIMEOUT: Final = re.compile(r"([0-9]{1,6})(ms|s)\Z", re.ASCII)
_FILE: Final = re.compile(r"(?!/)(?:(?!\.\.?/)[^/\x00-\x1f]+/)*[^/\x00-\x1f]+\.rego\Z")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,100}\Z")


@dataclass(frozen=True, slots=True)
class Stated:
    """What the section says: files by name with their places, servers, settings."""

    rego: tuple[tuple[str, Source], ...] = ()
    opa: tuple[OpaServer, ...] = ()
    settings: str = ""


def read_policy(node: Node, fill: Callable[[str, Source], str], problems: Problems) -> Stated:
    """The section, with parameters filled in, and a problem for whatever is wrong in it."""
    fields = Fields(node, KEYS, problems, "`policy`")
    files = tuple((fill(text, source), source) for text, source in fields.texts("rego"))
    if len(files) > MOST_FILES:
        problems.add(node.source, f"{len(files)} files of conditions", f"{MOST_FILES} are the most of one scope")
    for name, source in files:
        if not _FILE.match(name) or name.endswith("_test.rego"):
            problems.add(
                source,
                f"{shown(name)} is no file of conditions",
                "name a file of the scope's own folder or a shipped one: change-window.rego",
            )
    servers: tuple[OpaServer, ...] = ()
    if (opa := fields.get("opa")) is not None:
        servers = tuple(_server(one, fill, problems) for one in (opa.items if opa.items is not None else (opa,)))
    settings = fields.get("settings")
    made = "" if settings is None else canonical(_plain(settings, fill, problems))
    if settings is not None and settings.pairs is None:
        problems.add(settings.source, "`settings` is a mapping", "write `settings: {change_window: {from: '09:00'}}`")
    return Stated(files, servers, made)


def _server(node: Node, fill: Callable[[str, Source], str], problems: Problems) -> OpaServer:
    fields = Fields(node, OPA_KEYS, problems, "`opa`")

    def text(key: str) -> str:
        return fill(fields.text(key), fields.keys.get(key, node.source))

    url, word = text("url"), fields.text("unreachable", "deny")
    if why := _bad_url(url):
        problems.add(
            fields.keys.get("url", node.source),
            f"{shown(url)} is no document of an OPA server: {why}",
            "write `url: https://opa.example.com/v1/data/agent_supervise/NAME/decision`",
        )
    if word not in ("ask", "deny"):
        problems.add(
            fields.keys["unreachable"],
            f"`unreachable` is ask or deny, and not {shown(word)}: what is not checked is never allowed",
            "write `unreachable: deny`",
        )
    timeout = _timeout(fields, problems)
    token_file, token_env, ca = text("token_file"), text("token_env"), text("ca")
    if token_file and token_env:
        problems.add(node.source, "the token is in a file and in a variable at once", "keep one of them")
    for key, path in (("token_file", token_file), ("ca", ca)):
        if path and not path.startswith(("/", "~/", "${")):
            problems.add(fields.keys[key], f"{shown(path)} could be anywhere", f"write `{key}: ~/…` or `{key}: /…`")
    if token_env and not _VARIABLE.match(token_env):
        problems.add(fields.keys["token_env"], f"{shown(token_env)} is no variable", "write `token_env: OPA_TOKEN`")
    effect = Effect.ASK if word == "ask" else Effect.DENY
    return OpaServer(url, node.source, timeout, token_file, token_env, ca, effect)


def _bad_url(url: str) -> str:
    if "${" in url:
        return ""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "it is no URL"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "it begins with https://"
    if any(char <= " " or char > "~" for char in url) or parts.username is not None or port == 0:
        return "it holds what such a URL does not"
    if parts.query or parts.fragment:
        return "it ends with its path"
    if not parts.path.startswith("/v1/data/") or ".." in parts.path:
        return "its path begins with /v1/data/"
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        return "without https anybody on the way could answer in its place"
    return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _timeout(fields: Fields, problems: Problems) -> int:
    if "timeout" not in fields:
        return 1_000
    found = _TIMEOUT.match(fields.text("timeout"))
    timeout = int(found[1]) * (1 if found[2] == "ms" else 1000) if found else 0
    if not LEAST_TIMEOUT <= timeout <= MOST_TIMEOUT:
        problems.add(
            fields.keys["timeout"],
            f"`timeout` is a time such as 500ms or 2s, from {LEAST_TIMEOUT}ms to {MOST_TIMEOUT // 1000}s",
            "write `timeout: 1s`",
        )
        return 1_000
    return timeout


def _plain(node: Node, fill: Callable[[str, Source], str], problems: Problems) -> Any:
    """Settings as JSON. Text stays text: no `on` or `09` becomes something else."""
    if node.pairs is not None:
        made: dict[str, Any] = {}
        for key, value in node.pairs:
            name = key.text or ""
            if not _VARIABLE.match(name) or name in made:
                what = "is here twice" if name in made else "is no name of a setting"
                problems.add(key.source, f"{shown(name)} {what}", "use letters, digits and _, once")
                continue
            made[name] = _plain(value, fill, problems)
        return made
    if node.items is not None:
        return [_plain(item, fill, problems) for item in node.items]
    return fill(node.text or "", node.source)
