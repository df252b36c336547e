"""The tables of IAM actions and API operations, read service by service when they are first asked for.

`actions.jsonl` is written by `python -m tables.aws_actions`: a header line with the places of the others, then a line
for each IAM service prefix and one for each botocore service.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from supervisor.model.request import AccessLevel
from supervisor.parse.aws_facts.conditions import Condition, condition
from supervisor.parse.aws_facts.paths import Steps, steps_of
from supervisor.parse.aws_facts.special import Special
from supervisor.parse.aws_facts.templates import Template, template

ORDER: tuple[AccessLevel, ...] = ("", "list", "read", "tagging", "write", "permissions")
_LETTERS: Mapping[str, AccessLevel] = MappingProxyType(
    {"-": "", "l": "list", "r": "read", "t": "tagging", "w": "write", "p": "permissions"}
)


@dataclass(frozen=True, slots=True)
class IamAction:
    """What IAM says of an action: its level, and whether it can be limited by the resource's or the request's tags."""

    level: AccessLevel
    resource_tag: bool
    request_tag: bool


@dataclass(frozen=True, slots=True)
class Extra:
    """Actions and resources that a call has only under a condition."""

    when: Condition
    actions: tuple[str, ...]
    on: tuple[Template | Special, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A note that a call gets under a condition."""

    when: Condition
    text: str


@dataclass(frozen=True, slots=True)
class Operation:
    """What the tables say of an API operation.

    `known` = its IAM actions are; `unclear_actions` are those that it may have where the input is not understood. `on`
    and `extras` fill from the input; of `needs` each is a kind of thing that the call has to name, and what stands for
    it where the call names it in a way that we do not read. `always` hold whatever the input, `otherwise` when nothing
    else did. `passed` and `dependents` are what a call needs beside its own: roles that it hands on, tags that it sets,
    keys that it uses. `sets` are the paths of tags that the call would set, with how they are written, `removes` those
    of tag keys. `replaces` = tags that the call does not name go away too. `data` are the members that the service only
    stores, `owner` is the path of the account that owns what is touched.
    """

    prefix: str
    known: bool
    actions: tuple[str, ...]
    unclear_actions: tuple[str, ...]
    level: AccessLevel
    on: tuple[Template | Special, ...]
    needs: tuple[tuple[tuple[Template, ...], Template], ...]
    always: tuple[Template, ...]
    otherwise: tuple[Template, ...]
    extras: tuple[Extra, ...]
    passed: tuple[Template | Special, ...]
    dependents: tuple[Extra, ...]
    notes: tuple[Note, ...]
    sets: tuple[tuple[Steps, str], ...]
    removes: tuple[Steps, ...]
    replaces: bool
    tagging: bool
    data: tuple[str, ...]
    owner: Steps
    is_global: bool


class _File:
    __slots__ = ("api", "content", "extra", "iam")

    def __init__(self) -> None:
        self.content = files(__package__).joinpath("actions.jsonl").read_bytes()
        start = self.content.index(b"\n") + 1
        header = json.loads(self.content[:start])
        self.iam: Mapping[str, tuple[int, int]] = {
            name: (start + offset, size) for name, (offset, size) in header["iam"].items()
        }
        self.api: Mapping[str, tuple[int, int]] = {
            name: (start + offset, size) for name, (offset, size) in header["api"].items()
        }
        self.extra: Mapping[str, Any] = header

    def line(self, place: tuple[int, int]) -> dict[str, Any]:
        offset, size = place
        found: dict[str, Any] = json.loads(self.content[offset : offset + size])
        return found


@cache
def _file() -> _File:
    return _File()


def header() -> Mapping[str, Any]:
    """The header line: sources, versions, and the short lists."""
    return _file().extra


def actions_in(prefix: str) -> Mapping[str, IamAction]:
    """The actions of an IAM service prefix by `service:Action`; empty when IAM has no such service."""
    prefix = prefix.lower()
    return _actions_in(prefix) if prefix in _file().iam else MappingProxyType({})


@cache
def _actions_in(prefix: str) -> Mapping[str, IamAction]:
    line = _file().line(_file().iam[prefix])
    return MappingProxyType(
        {
            f"{line['prefix']}:{name}": IamAction(_LETTERS[flags[0]], "R" in flags, "Q" in flags)
            for name, flags in line["actions"].items()
        }
    )


@cache
def _by_lower_name(prefix: str) -> Mapping[str, str]:
    return {name.lower(): name for name in actions_in(prefix)}


def action(name: str) -> IamAction | None:
    """What IAM says of `service:Action`, in any case; `None` when it has no such action."""
    prefix, _, _ = name.partition(":")
    prefix = prefix.lower()
    if prefix not in _file().iam:
        return None
    spelled = _by_lower_name(prefix).get(name.lower())
    return None if spelled is None else actions_in(prefix)[spelled]


@cache
def _service(name: str) -> dict[str, Any]:
    return _file().line(_file().api[name])


def prefix_of(service: str) -> str:
    """IAM's prefix for a botocore service, the service's own name when we do not know it."""
    return str(_service(service)["prefix"]) if service in _file().api else service


@cache
def _operation(service: str, name: str) -> Operation:
    line = _service(service)
    return _parsed(line, line["operations"][name], line["strings"])


def operation(service: str, name: str) -> Operation | None:
    """What the tables say of an operation; `None` when they do not have it."""
    if service not in _file().api or name not in _service(service)["operations"]:
        return None
    return _operation(service, name)


def operations() -> Mapping[str, tuple[str, ...]]:
    """Every operation of the tables by botocore service; reads the whole file."""
    return {name: tuple(_file().line(place)["operations"]) for name, place in _file().api.items()}


def _parsed(line: Mapping[str, Any], entry: Mapping[str, Any], shared: list[str]) -> Operation:
    return Operation(
        prefix=line["prefix"],
        known="a" in entry,
        actions=tuple(entry.get("a", ())),
        unclear_actions=tuple(entry.get("ua", ())),
        level=_LETTERS[entry.get("l", "-")],
        on=tuple(_filling(shared[index]) for index in entry.get("on", ())),
        needs=tuple(
            (tuple(template(shared[index]) for index in texts), template(shared[wide]))
            for texts, wide in entry.get("need", ())
        ),
        always=tuple(template(shared[index]) for index in entry.get("always", ())),
        otherwise=tuple(template(shared[index]) for index in entry.get("else", ())),
        extras=_extras(entry.get("x", ()), shared),
        passed=tuple(_filling(shared[index]) for index in entry.get("p", ())),
        dependents=_extras(entry.get("px", ()), shared),
        notes=tuple(Note(condition(when), text) for when, text in entry.get("n", ())),
        sets=tuple((steps_of(path), kind) for path, kind in entry.get("t", ())),
        removes=tuple(steps_of(path) for path in entry.get("u", ())),
        replaces=bool(entry.get("tr")),
        tagging=bool(entry.get("tg")),
        data=tuple(entry.get("data", ())),
        owner=steps_of(line.get("owner", "")),
        is_global=bool(line.get("global")) or bool(entry.get("g")),
    )


def _extras(written: list[list[Any]], shared: list[str]) -> tuple[Extra, ...]:
    return tuple(
        Extra(condition(when), tuple(actions), tuple(_filling(shared[index]) for index in on))
        for when, actions, on in written
    )


def _filling(written: str) -> Template | Special:
    return Special(written) if written.startswith("@") else template(written)
