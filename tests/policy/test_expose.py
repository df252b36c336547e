"""Ports that a scope shows to the developer's browser: what may stand in the file, and what comes of it."""

from __future__ import annotations

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.model.codec import from_json, to_json
from supervisor.policy.expose import read_exposed
from supervisor.policy.load import load
from supervisor.policy.plain import plain_words
from supervisor.policy.schema import schema
from supervisor.policy.scope import Exposed, Scope
from tests.policy.test_load import HEAD, read, wrong


def exposing(ports: str) -> str:
    """The text of a scope that exposes."""
    return f"{HEAD}network: {{expose: {ports}}}\n"


def test_a_port_is_the_same_outside_unless_another_is_named() -> None:
    """`5173` is 5173 on both sides, `8080:3000` is port 3000 of the cell at 8080; told twice it is one."""
    scope = read(exposing('[5173, "8080:3000", "5173:5173"]'))
    assert scope.expose == (Exposed(5173, 5173), Exposed(3000, 8080))
    assert read(exposing("5173")).expose == (Exposed(5173, 5173),)
    assert read(HEAD).expose == ()


@pytest.mark.parametrize(
    "ports",
    ["[0]", "[65536]", "[80]", '["443:8443"]', '["8080:"]', '[":8080"]', '["1:2:3"]', '["127.0.0.1:8080"]', "[]",
     '["8080:3000/udp"]', '["05173"]', '[" 5173"]', "[{a: b}]", '["8000-8010"]', '["*"]', '["5173", "5173:3000"]',
     f"[{', '.join(map(str, range(2000, 2017)))}]"],
)  # fmt: skip
def test_what_is_no_port_is_said(ports: str) -> None:
    """Names, ranges, addresses, system ports, two ports at one place and too many are errors with a place and a fix."""
    said = wrong(exposing(ports))
    assert said.startswith("site.yaml:") and "fix: " in said


def test_a_system_port_is_answered_with_one_that_works() -> None:
    """Port 80 of this host needs rights that nobody has here."""
    assert "8080:80 would do" in wrong(exposing("[80]"))


def test_what_a_scope_extends_adds_ports() -> None:
    """Exposed ports add up like rules, and two parents cannot put two ports at one place."""
    both = read(f"{exposing('[5173]')}extends: [other]\n", other="scope: other\ntask: T\nnetwork: {expose: [3000]}\n")
    assert both.expose == (Exposed(3000, 3000), Exposed(5173, 5173))
    other = 'scope: other\ntask: T\nnetwork: {expose: ["5173:3000"]}\n'
    assert "at once" in wrong(f"{exposing('[5173]')}extends: [other]\n", other=other)


def test_a_parameter_may_be_the_port() -> None:
    """It is filled in like any text, and an open one is shown as it is written."""
    text = exposing('["${port}"]') + "parameters: {port: {ask: Dev server}}\n"

    def made(**more: object) -> Scope:
        return load("site", {"site": ("site.yaml", text)}.get, **more)  # type: ignore[arg-type]

    assert made(values={"port": "5173"}).expose == (Exposed(5173, 5173),)
    open_ = made(values={}, unfilled=True)
    assert open_.expose == (Exposed(text="${port}"),)
    assert "show its port ${port} to your browser at 127.0.0.1:${port}" in plain_words(open_)[0]


def test_it_stands_in_the_plain_words() -> None:
    """Who picks the scope reads that something of the cell will be at their browser."""
    assert "show its port 3000 to your browser at 127.0.0.1:8080" in plain_words(read(exposing('["8080:3000"]')))[0]


def test_a_frozen_scope_keeps_its_ports() -> None:
    """A session's copy says what was exposed; one of an older version exposes nothing."""
    scope = read(exposing('["8080:3000"]'))
    frozen = to_json(scope)
    assert from_json(Scope, frozen) == scope
    del frozen["expose"]
    assert from_json(Scope, frozen).expose == ()


def test_editors_know_the_key() -> None:
    """The schema takes numbers and texts, and nothing below 1024."""
    for ports in ([5173], 5173, ["8080:3000"]):
        jsonschema.validate({"scope": "a", "task": "b", "network": {"expose": ports}}, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"scope": "a", "task": "b", "network": {"expose": [80]}}, schema())


@given(st.text(max_size=20) | st.from_regex(r"[0-9]{0,6}:?[0-9]{0,6}", fullmatch=True))
def test_total(text: str) -> None:
    """Any text is two ports, a place for a parameter, or refused."""
    try:
        found = read_exposed(text)
    except ValueError:
        return
    assert found.text or (0 < found.port < 65536 and 1024 <= found.host_port < 65536)
