"""Secrets in a terminal's output: found although they come in pieces, with escape sequences in between.

Text is looked at in two ways: with colour changes taken out and every other control a space (for what looks like a
secret), and with all controls and blanks taken out (for known values, which a program may wrap). What may become a
secret is kept back: the last word of the output, and whatever begins like a known value or a private key. What was
written stays in view, so that the rest of a secret whose beginning went out unseen is still taken out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from supervisor.journal.redact import Found, Redactor, in_ascii, mark
from supervisor.journal.shapes import UNFINISHED

VIEW: Final = 512
"""Characters of written output that are looked at again."""

MOST: Final = 1 << 15
"""Characters that are kept back at most; more than this is no word and no key."""

_COLOUR: Final = re.compile(r"\x1b\[[0-9;:]*m")
_OTHER: Final = re.compile(
    # It begins with a set of characters: what is none of them is skipped at the speed of a search for one.
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f](?:(?<=\x1b)(?:"
    r"\[[0-?]*[ -/]*[@-~]"  # CSI, in seven or (below) eight bits
    r"|[ -/]*[0-OQ-WYZ\\`-~]"
    r"|[\]P^_X]"  # the beginning of an OSC, DCS …: what it carries is text like any other
    r")|(?<=\x9b)[0-?]*[ -/]*[@-~])?"
)
_CONTROL: Final = re.compile(f"({_COLOUR.pattern})|{_OTHER.pattern}")
_USUAL: Final = "\x1b\x9b\x07\x08\x00\x0e\x0f"  # without one of these in it, text is not looked through for controls
_CUT_SHORT: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[ -/]*)?\Z")
_BLANKS: Final = {ord(char): None for char in map(chr, range(128)) if char.isspace()}
_OTHER_BLANKS: Final = tuple(char for char in map(chr, range(128, 0x3001)) if char.isspace())
_KEY_BEGINS: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?!.*-----END [A-Z0-9 ]{0,60}-----)", re.DOTALL
)

Edit = tuple[int, int, str]
"""From, to, and what stands there instead, in the raw text."""


class StreamRedactor:
    """Takes a stream of text and says what of it may be written, and how. Not safe for several threads."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._known = [("".join(value.split()), name) for value, name in redactor.known]
        self._ascii = all(value.isascii() for value, _ in self._known)
        self._longest = max((len(value) for value, _ in self._known), default=0)
        self._before = ""

    def decide(self, pending: str, *, release: bool = False, final: bool = False) -> tuple[int, list[Edit]]:
        """How many characters of `pending` may be written now, and the edits among them, in order.

        `release` lets an ordinary last word go (it waited long enough), `final` lets everything go. The caller takes
        the characters off the front of `pending` before it asks again.
        """
        seen = len(self._before)
        text = self._before + pending
        if not final and (broken := _CUT_SHORT.search(text, max(0, len(text) - 64))):
            text = text[: max(seen, broken.start())]  # half a control would look like the beginning of a new word
        controls = any(control in text for control in _USUAL)
        plain = _OTHER.sub(" ", _COLOUR.sub("", text)) if controls else text
        found = self._find(plain)
        cut = len(text) if final else max(seen, self._cut(text, plain, release))
        edits: list[Edit] = []
        if found:
            places = _places(text) if controls else range(len(text))
            for one in found:
                edits += _edits(one, text, places, seen, cut)
        self._before = text[:cut][-VIEW:]
        return cut - seen, _in_order(edits, seen)

    def _find(self, plain: str) -> list[Found]:
        found = self._redactor.find(plain)
        if not self._known:
            return found
        if self._ascii and not any(blank in plain for blank in _OTHER_BLANKS):
            # Deleting ASCII characters from ASCII text is the one thing that `translate` does at memory's speed.
            tight = in_ascii(plain).translate(_BLANKS)
        else:
            tight = "".join(plain.split())
        if any(value in tight for value, _ in self._known):
            where = [place for place, char in enumerate(plain) if not char.isspace()]
            for value, name in self._known:
                start = tight.find(value)
                while start >= 0:
                    end = start + len(value)
                    found.append(Found(where[start], where[end - 1] + 1, name))
                    start = tight.find(value, end)
        return found

    def _cut(self, text: str, plain: str, release: bool) -> int:
        """Up to where `text` may be written; what is after it may be the beginning of a secret."""
        tail = plain[-MOST:]
        last = tail.rsplit(None, 1)[-1] if tail and not tail[-1].isspace() else ""
        if release and not UNFINISHED.match(last):
            last = ""
        keep = len(last) if len(last) < MOST else VIEW
        if "-----BEGIN" in tail and (begins := _KEY_BEGINS.search(tail)):
            keep = max(keep, len(tail) - begins.start())
        keep = max(keep, self._known_begins(tail))
        return _back(text, keep)

    def _known_begins(self, tail: str) -> int:
        """How many characters of the end of `tail` are an unfinished known value."""
        if not self._known:
            return 0
        end = tail[-4 * self._longest :]
        where = [place for place, char in enumerate(end) if not char.isspace()][-self._longest :]
        tight = "".join(end[place] for place in where)
        for start in range(len(tight)):
            rest = tight[start:]
            if any(len(rest) < len(value) and value.startswith(rest) for value, _ in self._known):
                return len(end) - where[start]
        return 0


def _back(text: str, count: int) -> int:
    """Where in `text` its last `count` characters begin, controls not counted."""
    if not count:
        return len(text)
    begin = max(0, len(text) - 4 * count - 256)
    while True:
        places = _places(text[begin:])
        # A piece may begin inside a control, so its first characters are only trusted where nothing was cut off.
        if len(places) > count + 64 or not begin:
            return begin + places[-count] if len(places) >= count else 0
        begin = max(0, begin - 4 * (len(text) - begin))


def _places(text: str) -> list[int]:
    """Where each character of the plain text stands in `text`."""
    places: list[int] = []
    done = 0
    for match in _CONTROL.finditer(text):
        places.extend(range(done, match.start()))
        if match.lastindex is None:  # no change of colour
            places.append(match.start())
        done = match.end()
    places.extend(range(done, len(text)))
    return places


def _edits(found: Found, text: str, places: Sequence[int], seen: int, cut: int) -> list[Edit]:
    """The edits for one secret: its visible characters go, controls and line ends between them stay."""
    edits: list[Edit] = []
    for spot in places[found.start : found.end]:
        if not seen <= spot < cut or text[spot] in "\r\n\t":
            continue
        if edits and edits[-1][1] == spot:
            edits[-1] = (edits[-1][0], spot + 1, edits[-1][2])
        else:
            edits.append((spot, spot + 1, "" if edits else mark(found.kind)))
    return edits


def _in_order(edits: list[Edit], seen: int) -> list[Edit]:
    """Edits in order, overlapping ones joined, counted from `seen`."""
    out: list[Edit] = []
    for start, end, instead in sorted((start - seen, end - seen, instead) for start, end, instead in edits):
        if out and start < out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end), out[-1][2])
        else:
            out.append((start, end, instead))
    return out
