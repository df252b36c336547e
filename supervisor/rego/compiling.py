"""Whether a scope's files of conditions compile, said with file, line and fix."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Final

from supervisor.errors import ScopeError
from supervisor.model.visible import visible
from supervisor.policy.document import Problems, suggestion
from supervisor.policy.rego_engine import ENGINE, FUNCTIONS, for_engine
from supervisor.policy.rego_text import LIBRARY, Rego, read_rego
from supervisor.policy.scope import RegoFile, Source
from supervisor.rego.process import START_SECONDS, Modules, Refused, RegoProcess
from supervisor.rego.wire import Closed, Late

_ERROR: Final = re.compile(r"\(error \d+:m(\d+)\|(\d+)\|\d+\s*\(errormsg \d+:(.*?)\)\s*\(errorast", re.DOTALL)


def entries_of(files: Sequence[RegoFile]) -> tuple[tuple[RegoFile, str], ...]:
    """The rule of each file that is asked for; files of rules for others have none."""
    return tuple(
        (one, f"{one.package.replace('.', '/')}/decision")
        for one in files
        if one.package != LIBRARY and not one.package.startswith(f"{LIBRARY}.")
    )


def modules_of(files: Sequence[RegoFile], entries: Sequence[str], calls: Sequence[str] = ()) -> Modules:
    """What the engine is told."""
    texts = [(one.file, for_engine(one.text)) for one in files]
    return Modules((*texts, ("engine", ENGINE)), tuple(entries), tuple(calls))


def compile_files(files: Sequence[RegoFile]) -> RegoProcess:
    """An engine that is ready with these files' conditions. Raises `ScopeError`; the caller ends the process."""
    return compiled(files, [entry for _, entry in entries_of(files)])


def compiled(files: Sequence[RegoFile], entries: Sequence[str]) -> RegoProcess:
    """An engine that is ready to be asked for these rules. Raises `ScopeError`; the caller ends the process."""
    problems = Problems()
    read = [read_rego(one.file, one.text, problems, is_test=is_test(one.file)) for one in files]
    problems.raise_any()
    calls = builtins_called(read)
    for name, where in calls.items():
        if name not in FUNCTIONS:
            what = f"in process there is no function {visible(name)}{suggestion(name, FUNCTIONS)}"
            problems.add(where, what, "write it as a rule, or put it to an OPA server: `policy: {opa: {url: …}}`")
    problems.raise_any()
    try:
        process = RegoProcess(modules_of(files, entries, sorted(calls)))
    except (OSError, Late, Closed) as error:
        raise ScopeError(
            f"the engine for conditions in Rego does not start: {error or type(error).__name__}",
            where=files[0].file,
            fix="look at this machine's memory and number of processes",
        ) from error
    try:
        process.wait(time.monotonic() + START_SECONDS)
    except Refused as error:
        process.kill()
        for name in error.unknown:
            problems.add(
                calls[name], f"there is no function {visible(name)}", "correct its name, or write it as a rule"
            )
        _told(error.text, files, problems)
        problems.raise_any()
        raise AssertionError("refused for nothing") from error
    except (Late, Closed) as error:
        process.kill()
        late = isinstance(error, Late)
        raise ScopeError(
            f"it takes longer than {START_SECONDS:.0f} s to compile" if late else "the engine for Rego broke over it",
            where=", ".join(one.file for one in files),
            fix="make it simpler, or take it out of `policy.rego`",
        ) from error
    return process


def is_test(file: str) -> bool:
    """Whether a file holds tests, by its name."""
    return file.endswith("_test.rego")


def builtins_called(files: Sequence[Rego]) -> dict[str, Source]:
    """The functions that are called and that no file defines, and where."""
    defined = {f"data.{rego.package}.{rule}" for rego in files for rule in rego.rules}
    found: dict[str, Source] = {}
    for rego in files:
        for name, where in rego.calls:
            head, _, rest = name.partition(".")
            whole = f"{rego.imports[head]}.{rest}".rstrip(".") if head in rego.imports else name
            if name not in rego.rules and whole not in defined:
                found.setdefault(name, where)
    return found


def _told(text: str, files: Sequence[RegoFile], problems: Problems) -> None:
    """The engine's errors at their places."""
    for number, offset, message in dict.fromkeys(_ERROR.findall(text)):
        if int(number) >= len(files):
            continue
        file = files[int(number)]
        before = for_engine(file.text).encode()[: int(offset)].decode("utf-8", "replace")
        where = Source(file.file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        problems.add(where, f"not Rego: {visible(message.strip())}", "look at the brackets and words here")
    if text and not problems.found:
        first = visible(" ".join(text.split()))[:200]
        problems.add(Source(files[0].file, 1), f"not Rego: {first}", "look at its rules")
