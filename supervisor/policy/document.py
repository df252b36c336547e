"""A scope file's text as a tree of plain values that know where they stand.

Only the plain part of YAML is read: mappings, lists and scalars as they are written. Anchors, aliases, merge keys and
tags are refused, so a small file cannot grow and no text becomes another type on its way (`on`, `0123`, `1e3`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import yaml

from supervisor.errors import ScopeError
from supervisor.model.visible import visible
from supervisor.policy.scope import Source

MOST_CHARACTERS = 256 * 1024
MOST_NODES = 20_000
DEEPEST = 16
_LONGEST_SHOWN = 60
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_DURATION = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of the file. Exactly one of `text`, `items`, `pairs` is set; an empty value is the text ``""``."""

    source: Source
    text: str | None = None
    items: tuple[Node, ...] | None = None
    pairs: tuple[tuple[Node, Node], ...] | None = None

    @property
    def kind(self) -> str:
        """What it is, in words."""
        if self.pairs is not None:
            return "a mapping"
        return "a list" if self.items is not None else "text" if self.text else "nothing"


@dataclass(slots=True)
class Problems:
    """Everything that is wrong with a file, in the order in which it was found."""

    found: list[ScopeError] = field(default_factory=list)

    def add(self, where: Source, what: str, fix: str) -> None:
        """Remember one problem."""
        self.found.append(ScopeError(what, where=str(where), fix=fix))

    def raise_any(self) -> None:
        """Raise `ScopeError` if anything was found."""
        if self.found:
            raise ScopeErrors(self.found)


class ScopeErrors(ScopeError):
    """All that is wrong with a scope; `str()` is one entry after the other."""

    def __init__(self, errors: Sequence[ScopeError]) -> None:
        super().__init__(errors[0].what, where=errors[0].where, fix=errors[0].fix)
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(ScopeError.__str__(error) for error in self.errors)


def shown(text: str) -> str:
    """Text of the file, quoted for a message."""
    cut = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return f"`{visible(cut)}`"


def parse(file: str, text: str) -> Node:
    """The whole file. Raises `ScopeError` where it is no YAML, no mapping, or more than a scope needs."""
    start = Source(file, 1)
    if len(text) > MOST_CHARACTERS:
        raise ScopeError("the file is too large for a scope", where=str(start), fix="split it, and use `extends`")
    try:
        made = _tree(file, yaml.parse(text, Loader=_LOADER))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Source(file, mark.line + 1, mark.column + 1) if mark else start
        what = visible(error.problem or error.context or "not YAML")
        raise ScopeError(f"not YAML: {what}", where=str(where), fix=_yaml_fix(what)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # A character that YAML does not allow: libyaml and the Python reader word this differently.
        what = visible(str(error).splitlines()[0] if str(error) else type(error).__name__)
        raise ScopeError(f"not YAML: {what}", where=str(start), fix="save it as plain UTF-8 text") from error
    if made is None:
        raise ScopeError("the file is empty", where=str(start), fix="begin with `scope: NAME` and `task: …`")
    if made.pairs is None:
        raise ScopeError(
            f"a scope is a mapping, and this is {made.kind}", where=str(made.source), fix="begin with `scope: NAME`"
        )
    return made


def _yaml_fix(what: str) -> str:
    if "tab" in what or "\\t" in what:
        return "indent with spaces, not tabs"
    return "look at the quotes, brackets and indentation here; text with `: `, `#`, `*` or `{` in it wants quotes"


def _tree(file: str, events: Iterable[yaml.Event]) -> Node | None:
    # From events and with a stack of our own: the composers recurse, and a deep file would end the process.
    root: Node | None = None
    stack: list[tuple[Source, bool, list[Node]]] = []
    count = 0
    for event in events:
        mark = event.start_mark
        where = Source(file, mark.line + 1, mark.column + 1) if mark else Source(file, 1)
        if isinstance(event, yaml.DocumentStartEvent):
            if root is not None:
                raise ScopeError("a second document begins here", where=str(where), fix="one file is one scope")
            continue
        if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            begun, is_mapping, children = stack.pop()
            done = _mapping(begun, children) if is_mapping else Node(begun, items=tuple(children))
        elif isinstance(event, yaml.NodeEvent):
            _refuse_clever(event, where)
            count += 1
            if count > MOST_NODES or len(stack) > DEEPEST:
                raise ScopeError("this is more than a scope needs", where=str(where), fix="split it, and use `extends`")
            if not isinstance(event, yaml.ScalarEvent):
                stack.append((where, isinstance(event, yaml.MappingStartEvent), []))
                continue
            plain = event.implicit[0] and event.value in _NOTHING
            done = Node(where, text="" if plain else event.value)
        else:
            continue
        if stack:
            stack[-1][2].append(done)
        else:
            root = done
    return root


def _mapping(begun: Source, children: list[Node]) -> Node:
    return Node(begun, pairs=tuple(zip(children[::2], children[1::2], strict=True)))


def _refuse_clever(event: yaml.NodeEvent, where: Source) -> None:
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise ScopeError("anchors and aliases are not read in a scope", where=str(where), fix="write it out")
    tag = getattr(event, "tag", None)
    if tag is not None:
        raise ScopeError(f"the tag {shown(tag)} is not read in a scope", where=str(where), fix="leave it out")


def suggestion(word: str, known: Collection[str]) -> str:
    """` (did you mean X?)`, or nothing."""
    close = difflib.get_close_matches(word, sorted(known), 1, 0.6)
    return f", did you mean `{close[0]}`?" if close else ""


class Fields:
    """The keys of one mapping: each is taken once, and what is left is unknown."""

    def __init__(self, node: Node, known: Collection[str], problems: Problems, what: str) -> None:
        self.node, self._problems = node, problems
        self._values: dict[str, Node] = {}
        self.keys: dict[str, Source] = {}
        if node.pairs is None:
            problems.add(node.source, f"{what} is a mapping, and this is {node.kind}", f"write {_sample(known)}")
            return
        for key, value in node.pairs:
            name = key.text
            if name is None or name not in known:
                said = shown(name) if name else "this key"
                problems.add(
                    key.source,
                    f"{said} is no key of {what}{suggestion(name or '', known)}",
                    f"use one of: {', '.join(sorted(known))}",
                )
            elif name in self._values:
                first = self.keys[name].line
                problems.add(key.source, f"{shown(name)} is here twice (first in line {first})", "keep one of them")
            else:
                self._values[name], self.keys[name] = value, key.source

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str) -> Node | None:
        """The value of a key, or `None`."""
        return self._values.get(name)

    def text(self, name: str, default: str = "") -> str:
        """The text of a key."""
        node = self._values.get(name)
        return default if node is None else read_text(node, name, self._problems)

    def texts(self, name: str) -> tuple[tuple[str, Source], ...]:
        """The texts of a key that holds a list or one text."""
        node = self._values.get(name)
        return () if node is None else tuple(read_texts(node, name, self._problems))


def _sample(known: Collection[str]) -> str:
    return "{" + ", ".join(f"{name}: …" for name in sorted(known)[:3]) + "}"


def read_text(node: Node, what: str, problems: Problems) -> str:
    """The text of a node."""
    if node.text is None:
        problems.add(node.source, f"`{what}` is text, and this is {node.kind}", f"write `{what}: some text`")
        return ""
    return node.text


def read_texts(node: Node, what: str, problems: Problems) -> Iterator[tuple[str, Source]]:
    """The texts of a list; a single text counts as a list of one. Empty lists and entries are problems."""
    items = node.items if node.items is not None else (node,)
    if not items:
        problems.add(
            node.source, f"`{what}` is an empty list: it can never match", f"name something, or leave `{what}` out"
        )
    for item in items:
        if not item.text:
            problems.add(item.source, f"`{what}` lists texts, and this is {item.kind}", f"write `{what}: [one, two]`")
        else:
            yield item.text, item.source


def read_number(node: Node, what: str, least: int, most: int, problems: Problems) -> int:
    """A whole number within bounds."""
    text = node.text or ""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        problems.add(node.source, f"`{what}` is a whole number from {least} to {most:,}", f"write `{what}: {least}`")
        return least
    return int(text)


def read_duration(node: Node, what: str, problems: Problems) -> timedelta:
    """`2h`, `15m`, `90s`, `1h30m`; more than nothing and at most 30 days."""
    found = _DURATION.match(node.text or "")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0, 0)
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < span <= timedelta(days=30):
        problems.add(node.source, f"`{what}` is a time such as 2h, 15m or 90s, at most 30d", f"write `{what}: 2h`")
        return timedelta(minutes=15)
    return span
