"""Sets of a service's IAM actions, written with as few and as short wildcard patterns as can be found.

Patterns are greedy, not optimal: a set cover chooses among prefixes, suffixes and inner words of the action names, and
among the patterns that the scope itself has. What is written covers every wanted action and no unwanted one.
Source: AWS IAM User Guide, "IAM JSON policy elements: Action" (names are compared without case).
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from supervisor.policy.glob import matches

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[0-9]+|[^A-Z0-9]+")
_JSON_COST = 3
"""Characters that an entry of a JSON list costs beside its text: two quotes and a comma."""


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


@dataclass(frozen=True, slots=True)
class Actions:
    """Every action of one service by name without prefix."""

    names: frozenset[str]

    @classmethod
    def of(cls, table: Mapping[str, str], service: str, patterns: Iterable[str]) -> Actions:
        """The table's actions (`GetObject` or `s3:GetObject`), and those that patterns of the scope name outright."""
        known = {name.rpartition(":")[2] for name in table}
        lower = {name.lower() for name in known}
        # A name that the table lacks is an action all the same when a rule spells it out.
        more = {name for name in restricted(patterns, service) if "*" not in name and "?" not in name}
        return cls(frozenset(known | {name for name in more if name.lower() not in lower}))

    def matched(self, patterns: Iterable[str]) -> frozenset[str]:
        """The actions that one of these patterns (without prefix) covers."""
        wanted = [pattern.lower() for pattern in patterns]
        if "*" in wanted:
            return self.names
        return frozenset(name for name in self.names if any(matches(one, name.lower()) for one in wanted))


def cover(
    wanted: frozenset[str], unwanted: frozenset[str], given: Iterable[str] = (), *, own_words: bool = False
) -> tuple[str, ...]:
    """Patterns that cover all of `wanted` and nothing of `unwanted`, sorted; `given` patterns are considered too.

    With `own_words` those of `given` that cover nothing unwanted come first, so that a rule which names single actions
    stays with them, and patterns are made up for the rest alone.
    """
    if not wanted:
        return ()
    shunned = sorted(name.lower() for name in unwanted)
    candidates = _candidates(wanted, set(shunned), given) if unwanted else {"*": set(wanted)}
    left, chosen = set(wanted), list[str]()
    if own_words:
        for text in given:
            hits = {name for name in wanted if matches(text.lower(), name.lower())}
            if hits and not any(matches(text.lower(), name) for name in shunned):
                candidates[text] = hits
                chosen.append(text)
                left -= hits
    heap = [(-len(hits) / (len(text) + _JSON_COST), text) for text, hits in candidates.items()]
    heapq.heapify(heap)
    checked = set[str]()
    while left:
        _, text = heapq.heappop(heap)
        if text not in checked:
            if any(matches(text.lower(), name) for name in shunned):
                continue
            checked.add(text)
        gain = -len(candidates[text] & left) / (len(text) + _JSON_COST)
        if not gain:
            continue
        # Gains only shrink: one that is still the best after a new look is the best of all.
        if heap and (gain, text) > heap[0]:
            heapq.heappush(heap, (gain, text))
            continue
        chosen.append(text)
        left -= candidates[text]
    return tuple(sorted(_needed(chosen, candidates)))


def _candidates(wanted: frozenset[str], shunned: set[str], given: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {name: {name} for name in wanted}
    pieces = {name: _pieces(name) for name in wanted}
    refused = {text.lower() for name in shunned for text in _lower_pieces(name)}
    for name, texts in pieces.items():
        for text in texts:
            if text.lower() not in refused:
                found.setdefault(text, set()).add(name)
    for text in given:
        if "*" in text or "?" in text:
            found[text] = {name for name in wanted if matches(text.lower(), name.lower())}
    return found


def _pieces(name: str) -> set[str]:
    words = _WORD.findall(name)
    prefixes = {"".join(words[:count]) + "*" for count in range(1, len(words))}
    suffixes = {"*" + "".join(words[-count:]) for count in range(1, len(words))}
    inner = {f"*{word}*" for word in words[1:-1] if len(word) > 2}
    return prefixes | suffixes | inner | {f"{words[0]}*{words[-1]}"} if len(words) > 2 else prefixes | suffixes


def _lower_pieces(name: str) -> Iterable[str]:
    # A quick look only: the words of a name in small letters are unknown, so every prefix and suffix stands for one.
    for index in range(1, len(name)):
        yield name[:index] + "*"
        yield "*" + name[index:]


def _needed(chosen: list[str], candidates: Mapping[str, set[str]]) -> list[str]:
    """Without those that later choices have made superfluous."""
    kept = list(chosen)
    for text in chosen:
        others = set[str]().union(*(candidates[one] for one in kept if one != text))
        if candidates[text] <= others:
            kept.remove(text)
    return kept
