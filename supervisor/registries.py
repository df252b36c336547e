"""The package registries that this machine's own tools are configured for, as hosts and ports.

Read from the tools' configuration files and variables, outside of any cell; no tool is started, so nothing that lies in
a project runs. What a project configures itself does not count: an agent can write there.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

_LONGEST: Final = 512 * 1024
_PORTS: Final = {"https": 443, "http": 80, "sparse+https": 443, "sparse+http": 80}
# Where a tool without any configuration goes, with the hosts that its files come from.
PYPI: Final = ("https://pypi.org", "https://files.pythonhosted.org")
NPM: Final = ("https://registry.npmjs.org",)
YARN: Final = ("https://registry.yarnpkg.com",)
CARGO: Final = ("https://index.crates.io", "https://static.crates.io", "https://crates.io")
GO: Final = ("https://proxy.golang.org", "https://sum.golang.org")
MAVEN: Final = ("https://repo.maven.apache.org", "https://repo1.maven.org")
RUBY: Final = ("https://rubygems.org", "https://index.rubygems.org")
_URL = re.compile(r"https?://[^\s\"'<>|,]+")


def registries(environment: Mapping[str, str], cwd: Path) -> tuple[str, ...]:
    """`host:port` of every registry that pip, uv, npm, yarn, cargo, go, mvn and gem of this user are configured for."""
    relevant = tuple(sorted((name, value) for name, value in environment.items() if _matters(name)))
    return _registries(relevant)


def _matters(name: str) -> bool:
    upper = name.upper()
    return upper in {"HOME", "XDG_CONFIG_HOME", "GOPROXY", "GOSUMDB", "GOENV", "CARGO_HOME", "VIRTUAL_ENV"} or (
        upper.startswith(("PIP_", "UV_", "NPM_CONFIG_", "YARN_", "CARGO_REGISTR"))
    )


@lru_cache(maxsize=4)
def _registries(environment: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    settings = dict(environment)
    home = Path(settings.get("HOME") or Path.home())
    config = Path(settings.get("XDG_CONFIG_HOME") or home / ".config")
    asked: tuple[Callable[[Mapping[str, str], Path, Path], Iterable[str]], ...] = (
        _pip,
        _npm,
        _cargo,
        _go,
        _maven,
        _gem,
    )
    found: dict[str, None] = {}
    for ask in asked:
        for url in ask(settings, home, config):
            if place := host_and_port(url):
                found[place] = None
    return tuple(found)


def host_and_port(url: str) -> str:
    """`host:port` of a registry's URL; empty where it has none."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return ""
    if not host or not port or not re.fullmatch(r"[A-Za-z0-9._:-]+", host):
        return ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except OSError:
        return ""


# ── one function a tool ──────────────────────────────────────────────────────────────────────────


def _pip(settings: Mapping[str, str], home: Path, config: Path) -> Iterator[str]:
    # pip.pypa.io/en/stable/topics/configuration: variables, then user, then global files.
    index: list[str] = []
    for name in (
        "PIP_INDEX_URL",
        "PIP_EXTRA_INDEX_URL",
        "PIP_FIND_LINKS",
        "UV_INDEX_URL",
        "UV_DEFAULT_INDEX",
        "UV_INDEX",
    ):
        index += _URL.findall(settings.get(name, ""))
    files = [
        Path("/etc/pip.conf"),
        Path("/etc/xdg/pip/pip.conf"),
        home / ".pip" / "pip.conf",
        config / "pip" / "pip.conf",
    ]
    files += [Path(chosen)] if (chosen := settings.get("PIP_CONFIG_FILE", "")).startswith("/") else []
    files += [Path(venv) / "pip.conf"] if (venv := settings.get("VIRTUAL_ENV", "")).startswith("/") else []
    for path in files:
        index += _ini_urls(_text(path), ("index-url", "extra-index-url", "find-links"))
    for path in (config / "uv" / "uv.toml", Path("/etc/uv/uv.toml")):
        index += _URL.findall(_text(path))
    yield from index or PYPI
    if any("pypi.org" in url for url in index):
        yield from PYPI


def _ini_urls(text: str, keys: tuple[str, ...]) -> list[str]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.Error:
        return []
    found = []
    for section in parser.sections():
        for key, value in parser.items(section):
            if key.replace("_", "-") in keys and value:
                found += _URL.findall(value)
    return found


def _npm(settings: Mapping[str, str], home: Path, config: Path) -> Iterator[str]:
    # docs.npmjs.com/cli/configuring-npm/npmrc: `registry` and `@scope:registry` of the user's and the global file.
    lower = {name.lower(): value for name, value in settings.items()}
    found = [value for name, value in lower.items() if name.startswith("npm_config_") and name.endswith("registry")]
    files = [home / ".npmrc", Path("/etc/npmrc"), Path("/usr/local/etc/npmrc"), Path("/usr/etc/npmrc")]
    files += [Path(lower[name]) for name in ("npm_config_userconfig", "npm_config_globalconfig") if lower.get(name)]
    for path in files:
        for line in _text(path).splitlines():
            key, equals, value = line.partition("=")
            if equals and (key.strip() == "registry" or key.strip().endswith(":registry")):
                found += _URL.findall(value)
    for path in (home / ".yarnrc", home / ".yarnrc.yml"):
        for line in _text(path).splitlines():
            if "registry" in line.lower():
                found += _URL.findall(line)
    found += _URL.findall(settings.get("YARN_NPM_REGISTRY_SERVER", ""))
    yield from found or (*NPM, *YARN)


def _cargo(settings: Mapping[str, str], home: Path, config: Path) -> Iterator[str]:
    # doc.rust-lang.org/cargo/reference/source-replacement.html
    folder = Path(settings.get("CARGO_HOME") or home / ".cargo")
    text = _text(folder / "config.toml") or _text(folder / "config")
    try:
        read = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        read = {}
    found: list[str] = []
    for table in ("source", "registries"):
        entries = read.get(table)
        for entry in entries.values() if isinstance(entries, dict) else ():
            if isinstance(entry, dict):
                found += [str(entry[key]).removeprefix("sparse+") for key in ("registry", "index") if key in entry]
    source = read.get("source")
    crates = source.get("crates-io") if isinstance(source, dict) else None
    replaced = isinstance(crates, dict) and "replace-with" in crates
    yield from found
    if not replaced:
        yield from CARGO


def _go(settings: Mapping[str, str], home: Path, config: Path) -> Iterator[str]:
    # go.dev/ref/mod#environment-variables; `go env -w` writes the file that GOENV names.
    written = dict(
        line.partition("=")[::2] for line in _text(Path(settings.get("GOENV") or config / "go" / "env")).splitlines()
    )
    proxy = settings.get("GOPROXY") or written.get("GOPROXY", "")
    sums = settings.get("GOSUMDB") or written.get("GOSUMDB", "")
    yield from _URL.findall(proxy) if proxy else GO
    if proxy and sums != "off":
        yield GO[1]
    yield from _URL.findall(sums)


def _maven(settings: Mapping[str, str], home: Path, config: Path) -> Iterator[str]:
    # maven.apache.org/settings.html: mirrors and repositories; Gradle's init scripts are code and are not read.
    text = re.sub(r"<!--.*?-->", "", _text(home / ".m2" / "settings.xml"), flags=re.DOTALL)
    found = [url for url in re.findall(r"<url>\s*([^<\s]+)\s*</url>", text) if url.startswith("http")]
    mirrored = re.search(r"<mirrorOf>\s*(?:\*|[^<]*\bcentral\b[^<]*|external:\*)\s*</mirrorOf>", text)
    yield from found
    if not mirrored:
        yield from MAVEN


def _gem(settings: Mapping[str, str], home: Path, config: Path) -> Iterator[str]:
    found = [url for path in (home / ".gemrc", home / ".bundle" / "config") for url in _URL.findall(_text(path))]
    yield from found or RUBY
