"""Secrets are taken out of what is written: known values, and what looks like one (`journal.shapes`).

Each becomes `⟨redacted:KIND⟩`. Digests in records stay those of what happened, not of what is written: a human's answer
stays bound to the real question, and equal questions stay equal.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from supervisor.journal.arguments import NEEDLES, NEEDLES_OF_PROGRAMS, passwords
from supervisor.journal.shapes import BEFORE, SHAPES, Shape
from supervisor.model.codec import Json

SHORTEST: Final = 8
"""Characters. A shorter known value would be found in innocent text all the time."""

_LONGEST_KEPT: Final = 512
_MOST_KEPT: Final = 8192
_SECRET_VARIABLE: Final = re.compile(r"(?i)KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|_PAT\Z|_DSN\Z")
_PASSWORD_VARIABLE: Final = re.compile(r"(?i)PASSWORD|PASSWD|PASSPHRASE")
_SETTING: Final = re.compile(r"(?i)[a-z]{1,12}|[0-9.,:]+|(.)\1*")


@dataclass(frozen=True, slots=True)
class Found:
    """A secret at `start:end` of a text."""

    start: int
    end: int
    kind: str


def mark(kind: str) -> str:
    """What stands in a secret's place."""
    return f"⟨redacted:{kind}⟩"


def environment_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Values of the developer's environment that must never be recorded, and the variable that each is of.

    Taken by the variable's name. What names an existing file is none; plain words and numbers are settings, unless the
    variable is a password's.
    """
    found: dict[str, str] = {}
    for name, value in environment.items():
        value = value.strip()
        if len(value) < SHORTEST or not _SECRET_VARIABLE.search(name):
            continue
        if _SETTING.fullmatch(value) and not _PASSWORD_VARIABLE.search(name):
            continue
        if value.startswith(("/", "~", "./")) and os.path.lexists(os.path.expanduser(value)):  # noqa: PTH111
            continue
        found.setdefault(value, name)
    return found


_IDS: Final = frozenset({"credential"})
"""Fields of records that hold an access key's id: no secret, and what CloudTrail's events are joined by."""


class Redactor:
    """Knows some secrets and how others look. What it knows never changes; safe to use from any thread.

    `secrets` are values, or a mapping of values to the names that their marks carry.
    """

    def __init__(self, secrets: Iterable[str] | Mapping[str, str] = ()) -> None:
        named = secrets if isinstance(secrets, Mapping) else dict.fromkeys(secrets, "known")
        forms: dict[str, str] = {}
        for value, name in named.items():
            for form in (
                value,
                json.dumps(value)[1:-1],
                json.dumps(value, ensure_ascii=False)[1:-1],
                quote(value, safe=""),
            ):
                if len(form) >= SHORTEST:
                    forms.setdefault(form, name)
        self._innocent: set[str] = set()
        # The longest first: a secret that begins with another is taken out whole.
        self.known: Final = tuple(sorted(forms.items(), key=lambda pair: -len(pair[0])))

    @classmethod
    def of_environment(cls, environment: Mapping[str, str], more: Iterable[str] = ()) -> Redactor:
        """A redactor that knows the secrets of an environment, and `more`."""
        return cls({**environment_secrets(environment), **dict.fromkeys(more, "known")})

    def find(self, text: str) -> list[Found]:
        """The secrets in `text`, in order, none overlapping another."""
        found: list[Found] = []
        for value, name in self.known:
            start = text.find(value)
            while start >= 0:
                found.append(Found(start, start + len(value), name))
                start = text.find(value, start + len(value))
        lower = in_ascii(text).lower()
        there = {needle for gate, needles in _GATES if gate.search(lower) for needle in needles if needle in lower}
        for needle, shapes in _BY_NEEDLE if there else ():
            if needle in there:
                for shape in shapes:
                    found += _of_shape(shape, needle, text, lower)
        return _merged(found)

    def text(self, text: str) -> str:
        """`text` without its secrets."""
        parts, done = [], 0
        for found in self.find(text):
            parts += [text[done : found.start], mark(found.kind)]
            done = found.end
        return "".join(parts) + text[done:] if parts else text

    def __call__(self, fields: Json) -> Json:
        """A record without its secrets; the record itself is not changed."""
        # Almost every record holds nothing; and what it says (folders, programs, who started whom) was said before.
        if not self._suspects(fields):
            return fields
        return {key: value if key in _IDS else self._value(value) for key, value in fields.items()}

    def _suspects(self, fields: Any) -> bool:
        """Whether any text in a record has to be looked at. Each record passes here, so it is walked without calls."""
        known, todo = self._innocent, [fields]
        while todo:
            value = todo.pop()
            kind = type(value)
            if kind is str:
                if value not in known and self._is_suspect(value):
                    return True
            elif kind is dict:
                todo.extend(value.values())
            elif isinstance(value, list | tuple):
                todo.extend(value)
            elif isinstance(value, dict):
                todo.extend(value.values())
            elif isinstance(value, str) and self._is_suspect(value):
                return True
        return False

    def _is_suspect(self, text: str) -> bool:
        lower = text.lower()
        for needle in _ANY_NEEDLE:
            if needle in lower:
                return True
        if any(secret in text for secret, _ in self.known):
            return True
        if len(text) <= _LONGEST_KEPT:
            known = self._innocent
            if len(known) >= _MOST_KEPT:
                known.clear()
            known.add(text)
        return False

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return self._list(value)
        if isinstance(value, dict):
            return {key: self._value(item) for key, item in value.items()}
        return value

    def _list(self, items: list[Any]) -> list[Any]:
        """A list, which may be an argument list or a pair of a name and its value."""
        out = [self._value(item) for item in items]
        for place, (kept, kind) in passwords(items).items():
            out[place] = kept + mark(kind)
        return out


def in_ascii(text: str) -> str:
    """`text` with `?` for every character that is none of ASCII: as long, and searched several times as fast."""
    return text if text.isascii() else text.encode("ascii", "replace").decode("ascii")


def _gates(needles: Iterable[str]) -> tuple[tuple[re.Pattern[str], tuple[str, ...]], ...]:
    """A pattern for all needles whose rarest character is the same, with those needles.

    A pattern that begins with one character is searched for at the speed of memory, whatever has to stand around it.
    """
    groups: dict[str, list[str]] = {}
    for needle in needles:
        groups.setdefault(min(needle, key=_RAREST_FIRST.index), []).append(needle)
    out = []
    for rare, group in groups.items():
        around = [needle.partition(rare)[::2] for needle in group]
        ways = "|".join(f"(?<={re.escape(front + rare)}){re.escape(rest)}" for front, rest in around)
        out.append((re.compile(f"{re.escape(rare)}(?:{ways})"), tuple(group)))
    return tuple(out)


def _of_shape(shape: Shape, needle: str, text: str, lower: str) -> Iterator[Found]:
    """What has this shape, at each place where its needle stands."""
    group = "secret" if "secret" in shape.pattern.groupindex else 0
    place = lower.find(needle)
    while place >= 0:
        match = None
        if shape.before is None or (
            text[place - 1 : place] in ("-", "_") and shape.before.search(text[max(0, place - BEFORE) : place])
        ):
            match = shape.pattern.match(text, place)
        if match is None:
            place = lower.find(needle, place + 1)
        else:
            yield Found(match.start(group), match.end(group), shape.kind)
            place = lower.find(needle, max(place + 1, match.end()))


def _merged(found: list[Found]) -> list[Found]:
    """Overlapping finds as one, under the kind of the first (which is the known value, where there is one)."""
    out: list[Found] = []
    for one in sorted(found, key=lambda one: one.start):
        if out and one.start < out[-1].end:
            last = out[-1]
            out[-1] = Found(last.start, max(last.end, one.end), last.kind)
        elif one.end > one.start:
            out.append(one)
    return out


_RAREST_FIRST: Final = "_jqzx:-.vkwybpgufmchldnrsotiae/"
_NEEDLES: Final = tuple(dict.fromkeys(needle for shape in SHAPES for needle in shape.needles))
_ANY_NEEDLE: Final = tuple(dict.fromkeys((*_NEEDLES, *NEEDLES, *NEEDLES_OF_PROGRAMS)))
_ANY: Final = re.compile("|".join(map(re.escape, _ANY_NEEDLE)))
_BY_NEEDLE: Final = tuple((needle, tuple(shape for shape in SHAPES if needle in shape.needles)) for needle in _NEEDLES)
_GATES: Final = _gates(_NEEDLES)
