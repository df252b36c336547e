"""`limits` of a scope: units, errors with their line and a way out, the lowest counts, and its plain words."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml

from supervisor.policy.limits import written
from supervisor.policy.plain import plain_words
from supervisor.policy.schema import schema
from supervisor.policy.scope import Limits, Scope
from tests.policy.test_load import HEAD, read, wrong

GIB = 1 << 30


def loaded(text: str, **others: str) -> Scope:
    return read(HEAD + text, **others)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("limits: {}", Limits()),
        ("limits: {processes: 300}", Limits(processes=300)),
        ("limits: {memory: 2g}", Limits(memory=2 * GIB)),
        ("limits: {memory: 512m, disk: 2 GiB}", Limits(memory=512 << 20, disk=2 * GIB)),
        ("limits: {memory: 1T}", Limits(memory=1 << 40)),
        ("limits: {memory: 65536k}", Limits(memory=64 << 20)),
        ("limits: {open_files: 1024}", Limits(open_files=1024)),
    ],
)
def test_what_a_scope_says_is_what_is_held(text: str, limits: Limits) -> None:
    """Counts are whole numbers; sizes have a unit of 1024 times the one before."""
    assert loaded(text).limits == limits


@pytest.mark.parametrize(
    ("text", "says", "fix"),
    [
        ("limits: {memory: 2}", "`memory` is a size, and `2` is none", "memory: 2g"),
        ("limits: {memory: 0g}", "is a size", "memory: 2g"),
        ("limits: {memory: -1g}", "is a size", "memory: 2g"),
        ("limits: {memory: 1.5g}", "is a size", "memory: 2g"),
        ("limits: {memory: 2 gigs}", "is a size", "memory: 2g"),
        ("limits: {memory: [2g]}", "is a size", "memory: 2g"),
        ("limits: {memory: 1m}", "`memory` is from 64m", "memory: 64m"),
        ("limits: {disk: 1k}", "`disk` is from 16m", "disk: 16m"),
        ("limits: {disk: 9999999t}", "`disk` is from 16m to 64t", "disk: 16m"),
        ("limits: {processes: 1}", "`processes` is a whole number from 16", "processes: 16"),
        ("limits: {processes: many}", "`processes` is a whole number", "processes: 16"),
        ("limits: {processes: 1000000}", "`processes` is a whole number from 16 to 65,536", "processes: 16"),
        ("limits: {open_files: 3}", "`open_files` is a whole number from 64", "open_files: 64"),
        ("limits: {prozesses: 300}", "processes", ""),
        ("limits: {cpu: 2}", "cpu", ""),
        ("limits: 2g", "`limits`", ""),
    ],
)
def test_bad_limits_say_where_what_and_how(text: str, says: str, fix: str) -> None:
    """Nothing that is not understood is quietly no limit."""
    said = wrong(HEAD + text)
    assert "site.yaml:3" in said and says in said
    assert fix in said


def test_the_lowest_of_what_is_extended_counts() -> None:
    """A scope cannot take more than one that it builds on; what only one of them says holds."""
    base = HEAD.replace("site", "base") + "limits: {memory: 2g, processes: 500}\n"
    scope = loaded("extends: [base]\nlimits: {memory: 4g, open_files: 256}\n", base=base)
    assert scope.limits == Limits(500, 2 * GIB, 256)


def test_limits_are_read_aloud() -> None:
    """With what the agent never does; a scope that says none says nothing of them."""
    _, _, never = plain_words(loaded("limits: {processes: 4096, memory: 8g, open_files: 1024, disk: 512m}"))
    assert "take more than 4,096 processes, 8g of memory, 1,024 open files each, 512m in /tmp" in never
    assert not any("take more" in line for line in plain_words(loaded(""))[2])


@pytest.mark.parametrize("size", [64 << 20, 2 * GIB, 3 << 40, (1 << 30) + (1 << 20), 1025])
def test_a_size_is_written_as_it_can_be_read(size: int) -> None:
    """In the largest unit that says it, never less than it is."""
    text = written(size)
    factor = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}[text[-1]]
    assert size <= int(text[:-1]) * factor < size + 1024


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("limits: {processes: 300, memory: 2g, open_files: 1024, disk: 16 MiB}", True),
        ("limits: {memory: 2}", False),
        ("limits: {memory: two}", False),
        ("limits: {processes: 3}", False),
        ("limits: {cpu: 3}", False),
    ],
)
def test_an_editor_knows_them(text: str, good: bool) -> None:
    """The JSON Schema takes what loading takes, and refuses the same mistakes."""
    data: Any = yaml.safe_load(HEAD + text)
    errors = list(jsonschema.Draft202012Validator(schema()).iter_errors(data))
    assert bool(errors) is not good
