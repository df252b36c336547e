"""The tests of files of conditions (`NAME_test.rego`), run in the engine that decides in a session.

Such a file has a rule `cases`: an object of names, each with an `input` and an `expect`, whose keys the decision has
with the same values. It may hold rules for `opa test` too; what these do by `with` is not worked out here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from supervisor.errors import ScopeError
from supervisor.model.visible import visible
from supervisor.policy.document import Problems
from supervisor.policy.rego_text import CASES, cases_alone, read_rego
from supervisor.policy.rego_tokens import tokens
from supervisor.policy.scope import RegoFile, Source
from supervisor.rego.compiling import compiled, entries_of, is_test
from supervisor.rego.process import RegoProcess
from supervisor.rego.wire import Closed, Late

SECONDS: Final = 10.0
"""For one case."""


@dataclass(frozen=True, slots=True)
class Case:
    """An input, and the part of the decision that is expected; `where` is its name in the file."""

    name: str
    input: Any
    expect: dict[str, Any]
    where: str


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of a file's cases: the names of those that hold, and what is wrong with the others."""

    held: tuple[str, ...]
    problems: tuple[ScopeError, ...]


def as_rego(file: str, text: str) -> RegoFile:
    """A file by itself. Raises `ScopeError`."""
    problems = Problems()
    package = read_rego(file, text, problems, is_test=is_test(file)).package
    problems.raise_any()
    return RegoFile(file, text, package, Source(file, 1))


def tests_beside(path: Path) -> Path | None:
    """The file with the tests of this one, where there is one."""
    beside = path.with_name(f"{path.stem}_test.rego")
    return beside if beside.is_file() else None


def cases_of(test: RegoFile) -> tuple[Case, ...]:
    """The cases of a file of tests. Raises `ScopeError`."""
    alone = RegoFile(test.file, cases_alone(test.text), test.package, test.source)
    process = compiled((alone,), [f"{test.package.replace('.', '/')}/{CASES}"])
    answer = _answers(process, test.file, "{}")[0]
    process.kill()
    found = answer.get("value")
    if not isinstance(found, dict) or not found:
        why = "cannot be worked out" if "error" in answer else "is no object of cases"
        raise ScopeError(f"`{CASES}` {why}", where=str(_place(test, CASES)), fix="write {NAME: {input: …, expect: …}}")
    return tuple(_case(test, name, one) for name, one in found.items())


def run_tests(file: RegoFile, test: RegoFile, files: Sequence[RegoFile] = ()) -> Tested:
    """Try the cases on a file of conditions; `files` are others that it needs. Raises `ScopeError`."""
    cases = cases_of(test)
    entries = [entry for one, entry in entries_of([file]) if one is file]
    if not entries:
        raise ScopeError("it has no decision to be tested", where=file.file, fix="test the file that uses it")
    process = compiled((file, *(one for one in files if one.package != file.package)), entries)
    try:
        wrong = dict(_wrong(process, cases, test.file))
    finally:
        process.kill()
    held = tuple(case.name for case in cases if case.name not in wrong)
    return Tested(held, tuple(wrong.values()))


def _wrong(process: RegoProcess, cases: Sequence[Case], file: str) -> Iterator[tuple[str, ScopeError]]:
    for case in cases:
        answer = _answers(process, file, json.dumps(case.input, ensure_ascii=False))[0]
        made = answer.get("value")
        found = made if isinstance(made, dict) else {"effect": "allow" if made else "deny"} if "value" in answer else {}
        off = [key for key, value in case.expect.items() if key not in found or found[key] != value]
        if not off:
            continue
        told = f"`{off[0]}` is {_told(found[off[0]])}" if off[0] in found else _missing(answer, off[0])
        what = f"the case {visible(case.name)!r} wants `{off[0]}` {_told(case.expect[off[0]])}, but {told}"
        yield case.name, ScopeError(what, where=case.where, fix="correct the rule, or the case")


def _missing(answer: dict[str, Any], key: str) -> str:
    if "value" in answer:
        return f"there is no `{key}`"
    return "the decision failed" if "error" in answer else "the decision is undefined"


def _answers(process: RegoProcess, file: str, document: str) -> list[dict[str, Any]]:
    try:
        return process.ask(document, SECONDS)
    except (Late, Closed) as error:
        process.kill()
        late = isinstance(error, Late)
        what = f"a case takes longer than {SECONDS:g} s" if late else "the engine broke over a case"
        raise ScopeError(what, where=file, fix="make the rules simpler") from error


def _case(test: RegoFile, name: str, one: object) -> Case:
    where = str(_place(test, json.dumps(name, ensure_ascii=False)))
    if not isinstance(one, dict) or set(one) != {"input", "expect"} or not isinstance(one["expect"], dict):
        raise ScopeError(
            f"the case {visible(name)!r} is no case", where=where, fix='write {"input": {…}, "expect": {"effect": …}}'
        )
    return Case(name, one["input"], one["expect"], where)


def _place(test: RegoFile, text: str) -> Source:
    found = next((token for token in tokens(test.text) if token.text == text), None)
    return Source(test.file, found.line, found.column) if found else Source(test.file, 1)


def _told(value: object) -> str:
    return visible(json.dumps(value, ensure_ascii=False))[:200]
