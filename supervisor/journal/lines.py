"""The fields of a record as canonical JSON without secrets, of which what comes again is worked out once.

Every program start is two records, and most of what they say was said before: the same decision, the same command, the
same programs above it. Model values are frozen, so the text of one that is still the same object is the same text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final, NamedTuple

from supervisor.model.codec import Json, canonical, to_json
from supervisor.model.decision import Decision
from supervisor.model.event import DecisionRecord, Record, VerdictRecord
from supervisor.model.request import Exec, Request, Subject

_OFTEN: Final = (DecisionRecord, VerdictRecord)
_IN_PARTS: Final = (Request, Subject)
_WHOLE: Final = (Decision, Exec, tuple)
_MOST_KEPT: Final = 2048
_LONGEST_KEPT: Final = 8192


class Fields:
    """Encodes records; belongs to whoever holds the journal's lock. `redact` takes the secrets out of each field."""

    def __init__(self, redact: Callable[[Json], Json]) -> None:
        self._redact = redact
        self._values: dict[int, tuple[object, str]] = {}
        self._words: dict[str, str] = {}

    def __call__(self, record: Record) -> Mapping[str, str]:
        """A record's fields, each as JSON text. Raises what encoding and redacting raise."""
        if isinstance(record, _OFTEN):
            return dict(self._parts(record))
        return {name: canonical(value) for name, value in self._redact(to_json(record)).items()}

    def _parts(self, value: Any) -> list[tuple[str, str]]:
        """Names and texts, in the order of canonical JSON."""
        plan = _PLANS.get(type(value)) or _plan(type(value))
        found = []
        for name, empty, item in zip(plan.names, plan.empty, plan.get(value), strict=True):
            if item is not empty and item != empty:
                text = self._words.get(item) if type(item) is str else None
                found.append((name, text or self._text(item)))
        if plan.kind:
            found.append(("kind", self._word(plan.kind)))
            found.sort()
        return found

    def _text(self, value: Any) -> str:
        cls = type(value)
        if cls is str:
            return self._word(value)
        if cls in _WHOLE:
            return self._whole(value)
        if cls in _IN_PARTS:
            return "{" + ",".join([f'"{name}":{text}' for name, text in self._parts(value)]) + "}"
        plain = to_json(value)
        return self._word(plain) if type(plain) is str else self._encoded(plain)

    def _whole(self, value: object) -> str:
        kept = self._values.get(id(value))
        if kept is not None:
            return kept[1]
        text = self._encoded(to_json(value))
        if len(text) <= _LONGEST_KEPT:
            if len(self._values) >= _MOST_KEPT:
                self._values.clear()
            # The value is kept with its text: as long as it is, no other one can have its place in memory.
            self._values[id(value)] = value, text
        return text

    def _word(self, text: str) -> str:
        found = self._words.get(text)
        if found is None:
            found = self._encoded(to_json(text))
            if len(text) <= _LONGEST_KEPT:
                if len(self._words) >= _MOST_KEPT:
                    self._words.clear()
                self._words[text] = found
        return found

    def _encoded(self, plain: object) -> str:
        return canonical(self._redact({"": plain})[""])


class _Plan(NamedTuple):
    """A class's KIND, the names of its fields in the order of canonical JSON, and what each of them is left out for."""

    kind: str
    names: tuple[str, ...]
    empty: tuple[object, ...]
    get: Callable[[Any], tuple[Any, ...]]


_PLANS: dict[type, _Plan] = {}


def _plan(cls: type) -> _Plan:
    fields = {field.name: field.default for field in dataclasses.fields(cls)}
    names = tuple(sorted(fields))
    empty = tuple(fields[name] if fields[name] in ("", (), None) else dataclasses.MISSING for name in names)
    found = _PLANS[cls] = _Plan(getattr(cls, "KIND", ""), names, empty, attrgetter(*names))
    return found
