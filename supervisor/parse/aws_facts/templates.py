"""ARN templates: `arn:{P}:rds:{R}:{A}:db:{DBInstanceIdentifier!lower}` is filled from a call's input.

`{P}`, `{R}` and `{A}` are partition, region and account; any other slot is a member path, with `!` a converter of
`names` and with `=` what stands where the member is not given. A value that is an ARN by itself replaces the whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from supervisor.parse.aws_facts.names import CONVERTERS, Place, is_arn, text_of
from supervisor.parse.aws_facts.paths import Steps, steps_of, values_at

MOST_ARNS = 20_000
_SLOT = re.compile(r"\{([^{}]+)\}")
_PLACE = ("P", "R", "A")


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of a template that a member fills."""

    steps: Steps
    convert: str
    default: str


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template; `text` is for `str.format` with partition, region, account, and a value for each slot."""

    service: str
    text: str
    slots: tuple[Slot, ...]


def template(written: str) -> Template:
    """Parse a template of the tables."""
    text: list[str] = []
    slots: list[Slot] = []
    for index, piece in enumerate(_SLOT.split(written)):
        if index % 2 == 0:
            text.append(piece)
        elif piece in _PLACE:
            text.append(f"{{{_PLACE.index(piece)}}}")
        else:
            path, _, default = piece.partition("=")
            path, _, convert = path.partition("!")
            text.append(f"{{{len(_PLACE) + len(slots)}}}")
            slots.append(Slot(steps_of(path), convert, default))
    bits = written.split(":", 5)
    return Template(bits[2] if len(bits) > 2 else "", "".join(text), tuple(slots))


def filled(made: Template, parameters: Any, place: Place) -> tuple[str, ...] | None:
    """The ARNs that the input names, `()` when it does not name any, `None` when that cannot be told."""
    results: list[str] = []
    pending: list[tuple[str, ...]] = [()]
    last = made.slots[-1] if made.slots else None
    for slot in made.slots:
        values = values_at(parameters, slot.steps)
        if values is None:
            return None
        texts: list[str] = []
        for value in values:
            text = text_of(value)
            if text is None:
                return None
            if text.startswith("arn:") and slot.convert != "free":
                if not is_arn(text):
                    return None
                if slot is not last:
                    text = _tail(text)
                elif text.split(":", 3)[2] != made.service:
                    return None
                else:
                    results.append(text)
                    continue
            converted = CONVERTERS[slot.convert](text)
            if not converted:
                return None
            texts.append(converted)
        if not texts and slot.default and not values:
            texts = [slot.default]
        pending = [(*row, text) for row in pending for text in texts]
        if len(pending) + len(results) > MOST_ARNS:
            return None
    results.extend([made.text.format(place.partition, place.region, place.account, *row) for row in pending])
    return tuple(results)


def _tail(arn: str) -> str:
    """What an ARN calls its thing, where another one is named by it (`cluster` of `service/cluster/service`)."""
    return arn.split(":", 5)[5].rpartition("/")[2]
