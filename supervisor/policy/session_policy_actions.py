"""Sets of a service's IAM actions, written with as few and as short wildcard patterns as can be found.

Patterns are greedy, not optimal: a set cover chooses among prefixes, suffixes and inner words of the action names, and
among the patterns that the scope itself has. What is written covers every wanted action and no unwanted one.
Source: AWS IAM User Guide, "IAM JSON policy elements: Action" (names are compared without case).
"""

from __future__ import annotations

import heapq
import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from supervisor.policy.glob import matches

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[0-9]+|[^A-Z0-9]+")
_JSON_COST: Final = 3
"""Characters that an entry of a JSON list costs beside its text: two quotes and a comma."""
_LAST: Final = "\U0010ffff"


def restricted(patterns: Iterable[str], service: str) -> tuple[str, ...]:
    """What IAM action patterns say about one service, without its prefix: `*:Get*` and `s3:Put*` give `Get*`, `Put*`.

    `service` is an IAM prefix in small letters.
    """
    found = []
    for pattern in patterns:
        prefix, colon, name = pattern.partition(":")
        if colon and matches(prefix.lower(), service):
            found.append(name)
        elif not colon and matches(prefix.lower(), f"{service}:"):
            found.append("*")
    return tuple(dict.fromkeys(found))


def actions_of(table: Mapping[str, str], service: str, patterns: Iterable[str]) -> Actions:
    """The table's actions (`GetObject` or `s3:GetObject`), and those that patterns of the scope name outright."""
    known = {name.rpartition(":")[2] for name in table}
    lower = {name.lower() for name in known}
    # A name that the table lacks is an action all the same when a rule spells it out.
    more = {name for name in restricted(patterns, service) if "*" not in name and "?" not in name}
    return _indexed(frozenset(known | {name for name in more if name.lower() not in lower}))


@lru_cache(maxsize=32)
def _indexed(names: frozenset[str]) -> Actions:
    return Actions(names)


class Actions:
    """Every action of one service by its name without prefix, and which of them a pattern covers.

    Sets of actions are numbers within: bit n stands for the n-th name.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self._ordered = sorted(names, key=str.lower)
        self._lower = [name.lower() for name in self._ordered]
        self._bit = {name: 1 << index for index, name in enumerate(self._ordered)}
        backwards = sorted((name[::-1], index) for index, name in enumerate(self._lower))
        self._backwards = [name for name, _ in backwards]
        self._behind = [index for _, index in backwards]
        self._hits: dict[str, int] = {}

    def matched(self, patterns: Iterable[str]) -> frozenset[str]:
        """The actions that one of these patterns (without prefix) covers."""
        bits = 0
        for pattern in patterns:
            bits |= self._covered(pattern)
        return self._named(bits)

    def cover(
        self, wanted: frozenset[str], unwanted: frozenset[str], given: Iterable[str] = (), *, careful: bool = False
    ) -> tuple[str, ...]:
        """Patterns that cover all of `wanted` and nothing of `unwanted`, sorted; `given` ones are considered too.

        A `careful` cover says little of actions that AWS may add: those of `given` that cover nothing unwanted come
        first, so that a rule which names single actions stays with them, and none is made up without a beginning.
        """
        if not wanted:
            return ()
        left, shunned = self._bits(wanted), self._bits(unwanted)
        pieces = (text for name in wanted for text in _pieces(name) if not careful or text[0] != "*")
        texts = {*given, *pieces} if shunned else {"*"}
        candidates = {
            text: hits & left for text in texts if not (hits := self._covered(text)) & shunned and hits & left
        }
        chosen = []
        if careful:
            chosen = [text for text in dict.fromkeys(given) if text in candidates]
            for text in chosen:
                left &= ~candidates[text]
        heap = [(-hits.bit_count() / (len(text) + _JSON_COST), text) for text, hits in candidates.items()]
        heapq.heapify(heap)
        while left:
            _, text = heapq.heappop(heap)
            gain = -(candidates[text] & left).bit_count() / (len(text) + _JSON_COST)
            # Gains only shrink: one that is still the best after a new look is the best of all.
            if heap and (gain, text) > heap[0]:
                heapq.heappush(heap, (gain, text))
                continue
            chosen.append(text)
            left &= ~candidates[text]
        return tuple(sorted(_needed(chosen, candidates)))

    def _bits(self, names: Iterable[str]) -> int:
        bits = 0
        for name in names:
            bits |= self._bit[name]
        return bits

    def _named(self, bits: int) -> frozenset[str]:
        return frozenset(name for name, bit in self._bit.items() if bits & bit)

    def _covered(self, pattern: str) -> int:
        found = self._hits.get(pattern)
        if found is None:
            found = self._hits[pattern] = self._search(pattern.lower())
        return found

    def _search(self, pattern: str) -> int:
        parts = pattern.split("*")
        if "?" in pattern or len(parts) > 3 or (len(parts) == 3 and (parts[0] or parts[2])):
            return self._bits(name for name in self._ordered if matches(pattern, name.lower()))
        if len(parts) == 1:
            return self._starting(pattern) & self._ending(pattern) & self._of_length(len(pattern))
        if len(parts) == 3:
            return self._bits(name for name, lower in zip(self._ordered, self._lower, strict=True) if parts[1] in lower)
        first, last = parts
        found = self._starting(first) & self._ending(last)
        # `ab*bc` does not cover `abc`.
        short = range(min(len(first), len(last)), len(first) + len(last)) if first and last else ()
        for length in short:
            found &= ~self._of_length(length)
        return found

    def _starting(self, text: str) -> int:
        low, high = bisect_left(self._lower, text), bisect_left(self._lower, text + _LAST)
        return ((1 << high) - 1) & ~((1 << low) - 1)

    def _ending(self, text: str) -> int:
        backwards = text[::-1]
        bits = 0
        for at in range(bisect_left(self._backwards, backwards), bisect_left(self._backwards, backwards + _LAST)):
            bits |= 1 << self._behind[at]
        return bits

    def _of_length(self, length: int) -> int:
        return self._bits(name for name in self._ordered if len(name) == length)


@lru_cache(maxsize=32_768)
def _pieces(name: str) -> tuple[str, ...]:
    """The patterns that a name may be covered by: itself, its beginnings, its ends and its inner words."""
    words = _WORD.findall(name)
    made = [name]
    made += ["".join(words[:count]) + "*" for count in range(1, len(words))]
    made += ["*" + "".join(words[-count:]) for count in range(1, len(words))]
    made += [f"*{word}*" for word in words if len(word) > 2]
    if len(words) > 2:
        made.append(f"{words[0]}*{words[-1]}")
    return tuple(made)


def _needed(chosen: list[str], candidates: Mapping[str, int]) -> list[str]:
    """Without those that later choices have made superfluous."""
    kept = list(chosen)
    for text in chosen:
        others = 0
        for one in kept:
            others |= candidates[one] if one != text else 0
        if not candidates[text] & ~others:
            kept.remove(text)
    return kept
