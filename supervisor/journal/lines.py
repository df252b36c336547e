"""The fields of a record as canonical JSON without secrets, of which what comes again is worked out once.

Every program start is two records, and most of what they say was said before: the same decision, the same command, the
same programs above it. Model values are frozen, so the text of one that is still the same object is the same text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final

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
            return self._parts(record)
        return {name: canonical(value) for name, value in self._redact(to_json(record)).items()}

    def _parts(self, value: Any) -> dict[str, str]:
        kind, fields = _plan(type(value))
        out = {} if kind is None else {"kind": self._word(kind)}
        for name, empty in fields:
            item = getattr(value, name)
            if item != empty:
                out[name] = self._text(item)
        return out

    def _text(self, value: Any) -> str:
        cls = type(value)
        if cls is str:
            return self._word(value)
        if cls in _WHOLE:
            return self._whole(value)
        if cls in _IN_PARTS:
            return "{" + ",".join([f'"{name}":{text}' for name, text in sorted(self._parts(value).items())]) + "}"
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


_PLANS: dict[type, tuple[str | None, tuple[tuple[str, object], ...]]] = {}


def _plan(cls: type) -> tuple[str | None, tuple[tuple[str, object], ...]]:
    """The KIND of a class, and its fields in the order of canonical JSON with what each is left out for."""
    found = _PLANS.get(cls)
    if found is None:
        fields = []
        for field in dataclasses.fields(cls):
            empty = field.default if field.default in ("", (), None) else dataclasses.MISSING
            fields.append((field.name, empty))
        found = _PLANS[cls] = getattr(cls, "KIND", None), tuple(sorted(fields))
    return found
