"""Package registries, as the user's own tools are configured."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.registries import host_and_port, registries


def asked(home: Path, **environment: str) -> tuple[str, ...]:
    """The registries of a user with this home."""
    return registries({"HOME": str(home), **environment}, home / "project")


def write(path: Path, text: str) -> None:
    """A file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_users_files_and_variables_are_read(tmp_path: Path) -> None:
    """pip, npm with its scopes, cargo, go, mvn and gem, each in its own notation; the first word is the user's."""
    write(tmp_path / ".config/pip/pip.conf", "[global]\nindex-url = https://u:p@pip.example:8443/simple\n")
    write(
        tmp_path / ".npmrc",
        "registry=https://npm.example/\n@corp:registry=http://corp.example:4873/\n//x/:_authToken=s\n",
    )
    write(
        tmp_path / ".cargo/config.toml",
        '[source.crates-io]\nreplace-with = "m"\n[source.m]\nregistry = "sparse+https://cargo.example/index/"\n',
    )
    write(
        tmp_path / ".m2/settings.xml",
        "<settings><mirrors><mirror><mirrorOf>*</mirrorOf><url>https://mvn.example/all</url></mirror></mirrors></settings>",
    )
    write(tmp_path / ".gemrc", ":sources:\n- https://gems.example/\n")
    found = asked(tmp_path, GOPROXY="https://go.example,direct", GOSUMDB="off")
    for place in ("pip.example:8443", "npm.example:443", "corp.example:4873", "cargo.example:443", "mvn.example:443"):
        assert place in found
    assert {"go.example:443", "gems.example:443"} <= set(found)
    for default in ("static.crates.io:443", "repo.maven.apache.org:443", "proxy.golang.org:443", "rubygems.org:443"):
        assert default not in found


def test_without_configuration_the_tools_own_defaults(tmp_path: Path) -> None:
    """Every tool goes where it would go by itself."""
    found = asked(tmp_path)
    assert {"registry.npmjs.org:443", "static.crates.io:443", "proxy.golang.org:443"} <= set(found)


def test_a_projects_configuration_does_not_count(tmp_path: Path) -> None:
    """An agent could write it."""
    write(tmp_path / "project/.npmrc", "registry=https://evil.example/\n")
    write(tmp_path / "project/pip.conf", "[global]\nindex-url = https://evil.example/\n")
    assert not any("evil" in place for place in asked(tmp_path))


def test_broken_files_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    """No configuration of another tool stops a session."""
    write(tmp_path / ".config/pip/pip.conf", "index-url\n[[[\n")
    write(tmp_path / ".cargo/config.toml", "[[[")
    (tmp_path / ".npmrc").mkdir()
    write(tmp_path / ".m2/settings.xml", "<url>http://[bad</url>\x00")
    assert "registry.npmjs.org:443" in asked(tmp_path)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://a.example/simple", "a.example:443"),
        ("http://a.example:81", "a.example:81"),
        ("https://u:p@a.example", "a.example:443"),
        ("http://[::1]:4873/", "[::1]:4873"),
        ("ftp://a.example", ""),
        ("https://a.example:99999", ""),
        ("https://*.example", ""),
        ("direct", ""),
    ],
)
def test_a_url_is_a_host_and_a_port(url: str, place: str) -> None:
    """User names, paths and anything that would be a pattern are left out."""
    assert host_and_port(url) == place
