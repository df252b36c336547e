"""Agents are found by name, told to their cell, and given the hosts of their own vendor and no others."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from supervisor.agents import (
    KNOWN,
    PROGRAM,
    adapter_for,
    forwards,
    needs_of,
    network_rules,
    readable_for,
    resolve_agent,
)
from supervisor.agents.known import CLAUDE, CODEX, OPENCODE
from supervisor.errors import UsageError
from supervisor.gates.network.cloud import is_cloud_endpoint
from supervisor.gates.network.target import from_authority
from supervisor.model.effect import Effect


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    """A program file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("program", "name"),
    [("claude", "claude"), ("/opt/x/codex", "codex"), ("zsh", "shell"), ("claude.exe", "claude"), ("make", "program")],
)
def test_adapter_for(program: str, name: str) -> None:
    """An agent is known by the name of its program, wherever that lies; any other program has an adapter too."""
    assert adapter_for(program).name == name


def test_names_are_unique() -> None:
    """No two adapters claim one program, one name or one path twice."""
    programs = [program for adapter in KNOWN for program in adapter.programs]
    assert len(programs) == len(set(programs))
    assert len({adapter.name for adapter in (*KNOWN, PROGRAM)}) == len(KNOWN) + 1


@pytest.mark.parametrize("adapter", KNOWN, ids=lambda adapter: adapter.name)
def test_data_is_well_formed(adapter: object) -> None:
    """Hosts are canonical `host:port`, paths lie below home, and no variable that is passed is a cloud credential."""
    assert isinstance(adapter, type(PROGRAM))
    for host in (*adapter.hosts, *(endpoint.host for endpoint in adapter.endpoints)):
        target = from_authority(host)
        assert target.authority == host
        assert not is_cloud_endpoint(target.host)
    for path in (*adapter.copied, *adapter.readable, *(config.path for config in adapter.config)):
        assert path.startswith("~/")
        assert ".." not in path
    for name in (*adapter.environment, *(name for name, _ in adapter.variables)):
        assert not name.startswith(("AWS_", "AZURE_", "GH_", "GITHUB_", "SSH_", "LD_", "KUBE", "DOCKER_", "*"))
        assert not name.startswith("GOOGLE_APPLICATION")


def test_resolve(tmp_path: Path) -> None:
    """A program is taken from the given PATH, or by its own path; its own link is kept, and its folder has none."""
    program = executable(tmp_path / "bin" / "claude")
    link = tmp_path / "link"
    link.symlink_to(program)
    assert resolve_agent(["claude", "-p"], {"PATH": str(program.parent)}) == program
    assert resolve_agent([str(link)], {}) == link
    (tmp_path / "current").symlink_to(tmp_path / "bin")
    assert resolve_agent(["claude"], {"PATH": str(tmp_path / "current")}) == program


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        ([], "no agent", "agent-supervise claude"),
        (["claude"], "Claude Code is not installed", "npm install -g @anthropic-ai/claude-code"),
        (["cluade"], "not installed", "did you mean claude?"),
        (["frobnicate"], "not installed", "give its path"),
        (["/no/such/agent"], "does not exist", "check the path"),
        ([__file__], "not executable", "chmod +x"),
    ],
)
def test_missing_agent(words: list[str], what: str, fix: str) -> None:
    """An agent that cannot be started is an error that says how to get it."""
    with pytest.raises(UsageError) as caught:
        resolve_agent(words, {"PATH": "/nonexistent"})
    assert what in caught.value.what
    assert fix in caught.value.fix


def test_rules() -> None:
    """An agent may reach its vendor, in rules that name where they come from."""
    (rule,) = network_rules(CLAUDE, {})
    assert (rule.section, rule.effect, str(rule.source)) == ("network", Effect.ALLOW, "agents/claude:1:1")
    assert "api.anthropic.com:443" in rule.patterns
    assert network_rules(PROGRAM, {"ANTHROPIC_BASE_URL": "https://evil.example"}) == ()


def test_rules_follow_keys() -> None:
    """An agent of many vendors may reach those whose key it has."""
    (rule,) = network_rules(OPENCODE, {"OPENAI_API_KEY": "x"})
    assert "api.openai.com:443" in rule.patterns
    assert "api.anthropic.com:443" not in rule.patterns


@pytest.mark.parametrize(
    ("url", "patterns"),
    [
        ("https://gateway.example/v1", {"gateway.example:443"}),
        ("http://10.0.0.5:8000", {"10.0.0.5:8000"}),
        ("http://[::1]:9", {"[::1]:9"}),
        ("http://localhost:9", {"localhost:9", "127.0.0.1:9"}),
    ],
)
def test_rules_follow_variables(url: str, patterns: set[str]) -> None:
    """A variable that names another host adds it."""
    environment = {"ANTHROPIC_BASE_URL": url}
    (rule,) = network_rules(CLAUDE, environment)
    assert patterns < set(rule.patterns)


def test_forwards() -> None:
    """A model server on loopback is a forwarded port; any other is none."""
    assert forwards(CODEX, {"OPENAI_BASE_URL": "http://localhost:11434/v1"}) == {
        "OPENAI_BASE_URL": ("127.0.0.1", 11434)
    }
    assert forwards(CODEX, {"OPENAI_BASE_URL": "http://127.0.0.1:80"}) == {"OPENAI_BASE_URL": ("127.0.0.1", 80)}
    assert forwards(CODEX, {"OPENAI_BASE_URL": "https://api.example"}) == {}
    assert forwards(CODEX, {}) == {}


@pytest.mark.parametrize("url", ["ftp://x", "http://", "http://a:b:c", "http://x:99999"])
def test_bad_url(url: str) -> None:
    """A URL variable that is none is an error that names it."""
    with pytest.raises(UsageError, match="OPENAI_BASE_URL"):
        network_rules(CODEX, {"OPENAI_BASE_URL": url})


def test_needs(tmp_path: Path) -> None:
    """An agent writes to its own folder except what runs code later, and gets its own variables only."""
    environment = {"ANTHROPIC_API_KEY": "k", "AWS_SECRET_ACCESS_KEY": "s", "GITHUB_TOKEN": "t", "PATH": "/bin"}
    needs = needs_of(CLAUDE, tmp_path, environment)
    assert needs.write == (tmp_path / ".claude",)
    assert tmp_path / ".claude" / "settings.json" in needs.read_only
    assert needs.copy == (tmp_path / ".claude.json",)
    assert dict(needs.environment)["ANTHROPIC_API_KEY"] == "k"
    assert not {"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PATH"} & dict(needs.environment).keys()
    moved = needs_of(CLAUDE, tmp_path, {"CLAUDE_CONFIG_DIR": str(tmp_path / "elsewhere")})
    assert moved.write == (tmp_path / "elsewhere",)
    plugins = needs_of(OPENCODE, tmp_path, {})
    assert tmp_path / ".config" / "opencode" in plugins.read
    assert tmp_path / ".config" / "opencode" not in plugins.write


def test_readable_for_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An npm program below home needs its prefix and its node."""
    node = executable(tmp_path / "node" / "bin" / "node")
    (tmp_path / "node" / "lib").mkdir()
    script = executable(tmp_path / "npm" / "lib" / "node_modules" / "agent" / "cli.js", "#!/usr/bin/env node\n")
    link = tmp_path / "npm" / "bin" / "agent"
    link.parent.mkdir()
    link.symlink_to(script)
    monkeypatch.setenv("PATH", f"{node.parent}{os.pathsep}{os.environ['PATH']}")
    assert set(readable_for(link, tmp_path)) == {tmp_path / "npm", tmp_path / "node"}


def test_readable_for_python(tmp_path: Path) -> None:
    """A program of a Python environment needs that environment."""
    root = tmp_path / "tools" / "agent"
    (root / "lib").mkdir(parents=True)
    (root / "bin").mkdir()
    (root / "pyvenv.cfg").write_text("")
    (root / "bin" / "python").symlink_to(sys.executable)
    script = executable(root / "bin" / "agent", f"#!{root}/bin/python\n")
    assert root in readable_for(script, tmp_path)
    assert tmp_path not in readable_for(script, tmp_path)


def test_readable_never_shows_home(tmp_path: Path) -> None:
    """A program that lies in the home itself brings only itself, one outside brings nothing."""
    program = executable(tmp_path / "agent")
    assert readable_for(program, tmp_path) == (program,)
    (tmp_path / "lib").mkdir()
    in_bin = executable(tmp_path / "bin" / "agent")
    assert readable_for(in_bin, tmp_path) == (in_bin,)
    assert readable_for(Path("/bin/sh"), tmp_path) == ()
