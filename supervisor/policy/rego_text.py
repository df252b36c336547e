"""What can be told of a Rego file from its text alone: its package, what it calls, and what is refused in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from supervisor.policy.document import Problems, shown, suggestion
from supervisor.policy.rego_engine import name_before, trouble
from supervisor.policy.rego_tokens import Token, tokens
from supervisor.policy.scope import Source

ROOT: Final = "agent_supervise"
LIBRARY: Final = f"{ROOT}.lib"
"""Packages below this one hold rules for other files, and no `decision`."""

CASES: Final = "cases"
"""The rule of a file of tests: an object of names, each with an `input` and what is to `expect` of it."""

_KEYWORDS: Final = frozenset(
    "as contains default else every false if import in input data not null package some true with set".split()
)
_HEAD_OF_BODY: Final = frozenset(
    [
        "if",
        "else",
        "as",
        "in",
        "not",
        "some",
        "contains",
        "with",
        ":=",
        "=",
        "==",
        "!=",
        "(",
        "[",
        ",",
        "|",
        "&",
        "{",
        ":",
    ]
)
REFUSED: Final = {
    "http.send": ("it calls http.send, and conditions reach no network", "put what it asks for into `policy.settings`"),
    "net.lookup_ip_addr": ("it resolves names, and conditions reach no network", "go by the name: `input.action.host`"),
    "opa.runtime": ("it reads the environment by opa.runtime", "put what it needs into `policy.settings`"),
    "time.now_ns": ("it reads a clock by time.now_ns, which a replay could not", "use `input.time.ns`"),
    "rand.intn": ("its answer would be a matter of chance", "leave rand.intn out"),
    "uuid.rfc4122": ("its answer would be a matter of chance", "leave uuid.rfc4122 out"),
    "print": ("it prints, and nobody reads that", "put it into `because`"),
    "trace": ("it prints, and nobody reads that", "put it into `because`"),
}
_PARSES_TIME: Final = "time.parse_rfc3339_ns"
_OFFSET: Final = re.compile(r'"[^"]*[+-][0-9]{2}:[0-9]{2}"\Z')
_LARGEST: Final = 256 * 1024


@dataclass(slots=True)
class Rego:
    """What a file declares: its package, rules and imports. `calls` are functions that it calls, by whole names."""

    package: str = ""
    rules: frozenset[str] = frozenset()
    calls: tuple[tuple[str, Source], ...] = ()
    imports: dict[str, str] = field(default_factory=dict)
    inputs: frozenset[tuple[str, str]] | None = None
    """What is read of the input, as its first two keys (the second empty: all of the first); `None` = anything."""


def read_rego(file: str, text: str, problems: Problems, *, is_test: bool = False) -> Rego:
    """The file, with a problem for everything in it that is refused. Never raises."""
    if len(text) > _LARGEST:
        problems.add(Source(file, 1), "a file of conditions of more than 256 KiB", "split it")
        return Rego()
    reading = _Reading(file, [token for token in tokens(text) if token.kind != "comment"], problems)
    return reading.read(is_test)


def cases_alone(text: str) -> str:
    """A file of tests without what stands there for `opa test`: every rule that has `with`, and those that need it."""
    reading = _Reading("", [token for token in tokens(text) if token.kind != "comment"], Problems())
    _, at = reading._package()
    statements = list(reading._statements(at))
    out = {one[0].text for one in statements if any(token.text == "with" for token in one)}
    before = -1
    while before != len(out):
        before = len(out)
        out |= {one[0].text for one in statements if any(token.text in out for token in one)}
    lines = text.split("\n")
    for one in statements:
        if one[0].text in out:
            for line in range(one[0].line - 1, one[-1].line):
                lines[line] = ""
    return "\n".join(lines)


class _Reading:
    def __init__(self, file: str, found: list[Token], problems: Problems) -> None:
        self._file, self._tokens, self._problems = file, found, problems

    def read(self, is_test: bool) -> Rego:
        found = self._tokens
        package, at = self._package()
        statements = list(self._statements(at))
        imports = self._imports(statements)
        rules = {
            one[0].text for one in statements if one[0].kind == "word" and one[0].text not in ("import", "default")
        }
        rules |= {one[1].text for one in statements if one[0].text == "default" and len(one) > 1}
        rego = Rego(
            package,
            frozenset(rules),
            tuple(self._calls()),
            imports,
            self._inputs(),
        )
        for statement in statements:
            self._old_syntax(statement)
            self._with(statement, is_test)
        self._refused(rego)
        self._unbound(rego, found[at:])
        if is_test:
            if CASES not in rules:
                self._add(
                    None, f"it has no rule `{CASES}`", f'write `{CASES} := {{NAME: {{"input": …, "expect": …}}}}`'
                )
        elif package and not _is_below(package, LIBRARY) and "decision" not in rules:
            self._add(None, "it has no rule `decision`", 'write `decision := {"effect": …} if …`')
        return rego

    def _add(self, token: Token | None, what: str, fix: str) -> None:
        where = Source(self._file, token.line, token.column) if token else Source(self._file, 1)
        self._problems.add(where, what, fix)

    def _package(self) -> tuple[str, int]:
        found = self._tokens
        if not found or found[0].text != "package":
            self._add(found[0] if found else None, "it does not begin with its package", f"write `package {ROOT}.NAME`")
            return "", 0
        at, parts = 1, list[str]()
        while at < len(found) and found[at].line == found[0].line:
            parts.append(found[at].text)
            at += 1
        package = "".join(parts)
        if not re.fullmatch(rf"{ROOT}(\.[a-z_][a-z0-9_]*)+", package):
            self._add(found[0], f"its package is {shown(package)}", f"write `package {ROOT}.NAME`, in small letters")
            return "", at
        return package, at

    def _statements(self, at: int) -> Iterator[list[Token]]:
        """What stands at the left margin, up to the next of these."""
        statement: list[Token] = []
        line = 0
        for token in self._tokens[at:]:
            begins = token.depth == 0 and token.line != line and token.column == 1 and token.kind == "word"
            if begins and token.text != "else" and statement:
                yield statement
                statement = []
            statement.append(token)
            line = token.line
        if statement:
            yield statement

    def _imports(self, statements: list[list[Token]]) -> dict[str, str]:
        imports: dict[str, str] = {}
        for statement in statements:
            if statement[0].text != "import":
                continue
            words = [token.text for token in statement[1:]]
            path = "".join(words[: words.index("as")] if "as" in words else words)
            if path in ("rego.v1", "future.keywords") or path.startswith("future.keywords."):
                continue
            if not _is_below(path, f"data.{ROOT}") and not _is_below(path, "input"):
                self._add(statement[0], f"it imports {shown(path)}", f"import what lies below `data.{ROOT}` or `input`")
            imports[words[-1]] = path
        return imports

    def _old_syntax(self, statement: list[Token]) -> None:
        """Rego before 1.0: a body without `if`. OPA 1.x reads that as an error, and this engine as another rule."""
        every = False
        for before, token in pairwise(statement):
            every = every or token.text == "every"
            if token.text != "{" or token.depth or before.text in _HEAD_OF_BODY or every:
                continue
            if before.text == "}" or before.kind in ("word", "text", "number") or before.text in ("]", ")"):
                self._add(token, "this is the old syntax of Rego, without `if`", "write `NAME if { … }`")
                return
        head = statement[0]
        if head.text in ("import", "default", "else") or head.kind != "word":
            return
        words = {token.text for token in statement if token.depth == 0}
        if not words & {"if", ":=", "=", "contains"}:
            self._add(head, "this is the old syntax of Rego: a rule without a value", f"write `{head.text} := …`")

    def _with(self, statement: list[Token], is_test: bool) -> None:
        """`with` over a rule that calls a function ends the engine; tests are cases, which need none."""
        found = next((token for token in statement if token.text == "with" and token.kind == "word"), None)
        if found is not None and not is_test:
            self._add(found, "`with` cannot be worked out in process", "write a function of what is to be replaced")

    def _calls(self) -> Iterator[tuple[str, Source]]:
        found = self._tokens
        for at, token in enumerate(found[:-1]):
            after = found[at + 1]
            if token.kind != "word" or after.text != "(" or token.text in _KEYWORDS - {"contains"}:
                continue
            if not _adjoin(token, after):
                continue
            first, name = name_before(found, at)
            yield name, Source(self._file, first.line, first.column)

    def _inputs(self) -> frozenset[tuple[str, str]] | None:
        found, read = self._tokens, set[tuple[str, str]]()
        for at, token in enumerate(found):
            if token.text != "input" or token.kind != "word" or (at and found[at - 1].text == "."):
                continue
            keys = [found[at + 2].text] if _is_field(found, at + 2) else []
            keys += [found[at + 4].text] if keys and _is_field(found, at + 4) else []
            if not keys or (at and found[at - 1].text == "import"):
                return None
            second = keys[1] if len(keys) > 1 and not _is_called(found, at + 4) else ""
            read.add((keys[0], second))
        return frozenset(read)

    def _refused(self, rego: Rego) -> None:
        found = self._tokens
        for at, token in enumerate(found):
            if token.kind != "word" or (at + 1 < len(found) and found[at + 1].text == "."):
                continue
            _, name = name_before(found, at)
            called = at + 1 < len(found) and found[at + 1].text == "("
            if name in REFUSED and ("." in name or called) and name not in rego.rules:
                self._add(token, *REFUSED[name])
            if name == _PARSES_TIME:
                given = found[at + 2] if at + 2 < len(found) else token
                # Text that is not written here may end with Z too: then it fails, and denies.
                if given.kind == "text" and not _OFFSET.match(given.text):
                    self._add(
                        token,
                        f"{_PARSES_TIME} reads {given.text} nowhere but in OPA: it wants an offset, and no Z",
                        'write `"2026-12-20T00:00:00+00:00"`; times of the input are numbers already',
                    )
        for token, what, fix in trouble(found):
            self._add(token, what, fix)
        for before, token in pairwise(found):
            if before.text == "]" and token.text == "(" and _adjoin(before, token):
                self._add(token, "a function is called by something else than its name", "write its name")
        for token in found:
            if token.text == "data" and token.kind == "word":
                self._data(token)

    def _data(self, token: Token) -> None:
        found = self._tokens
        at = found.index(token)
        if at and found[at - 1].text == ".":
            return
        rest = "".join(one.text for one in found[at : at + 3])
        if rest != f"data.{ROOT}":
            self._add(token, "it reads `data`, and there is none", "use `input.settings` and `input.scope.parameters`")

    def _unbound(self, rego: Rego, found: list[Token]) -> None:
        """A name that stands nowhere else can never have a value: in OPA an error, in this engine a silent no."""
        counts: Counter[str] = Counter()
        first: dict[str, Token] = {}
        for at, token in enumerate(found):
            if token.kind != "word" or token.text in _KEYWORDS or token.text.startswith("_"):
                continue
            if at and found[at - 1].text == "." and _adjoin(found[at - 1], token):
                continue
            counts[token.text] += 1
            first.setdefault(token.text, token)
        known = rego.rules | set(rego.imports) | {name.partition(".")[0] for name, _ in rego.calls}
        heads = {path.split(".")[0] for path in ("rego.v1", "future.keywords")}
        for name, count in counts.items():
            if count == 1 and name not in known and name not in heads:
                others = [other for other in {*counts, *_KEYWORDS} if other != name]
                self._add(
                    first[name],
                    f"{shown(name)} stands nowhere else in this file, so it has no value{suggestion(name, others)}",
                    "correct the name, or write `_` where it does not matter",
                )


def _is_field(found: list[Token], at: int) -> bool:
    """Whether a dot and a word of a reference stand here; one that begins at `input` has each at its place."""
    return at < len(found) and found[at].kind == "word" and found[at - 1].text == "."


def _is_called(found: list[Token], at: int) -> bool:
    return at + 1 < len(found) and found[at + 1].text == "("


def _adjoin(one: Token, other: Token) -> bool:
    return one.line == other.line and one.column + len(one.text) == other.column


def _is_below(path: str, root: str) -> bool:
    return path == root or path.startswith(root + ".")
