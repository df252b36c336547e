"""The width and lifetime of a grant as a human may edit them: never other than what was asked, never past the scope."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import datetime
from typing import Final

from supervisor.model.grant import ExecMatcher, GrantOffer
from supervisor.model.request import Exec, Request
from supervisor.model.visible import visible

MOST_MINUTES: Final = 24 * 60


def editable_words(offer: GrantOffer) -> str:
    """The words of an offer as text to edit; empty where there is nothing to choose."""
    matcher = offer.matcher
    return shlex.join(visible(word) for word in matcher.words) if isinstance(matcher, ExecMatcher) else ""


def with_words(offer: GrantOffer, text: str, request: Request) -> GrantOffer | str:
    """The offer for other leading words, or what is wrong with them.

    The words must begin the call that is asked about: a grant that would not answer this question is a slip.
    """
    matcher, action = offer.matcher, request.action
    if not isinstance(matcher, ExecMatcher) or not isinstance(action, Exec):
        return "only the words of a command can be edited"
    try:
        typed = tuple(shlex.split(text))
    except ValueError as error:
        return f"the quotes do not close: {error}"
    if not typed:
        return "a program alone is too wide: keep at least one word"
    call = tuple(visible(word) for word in action.argv[1:])
    plain = tuple(word for word in call if not word.startswith("-"))
    if typed not in (call[: len(typed)], plain[: len(typed)]):
        return f"must begin like the call: {shlex.join(call)}"
    kept = action.argv[1:][: len(typed)]
    if typed != call[: len(typed)]:
        kept = tuple(word for word in action.argv[1:] if not word.startswith("-"))[: len(typed)]
    exact = matcher.exact and typed == call
    edited = replace(matcher, words=kept, exact=exact)
    return GrantOffer("as you edited it", edited, offer.minutes)


def minutes_of(text: str, expires: datetime | None, now: datetime) -> int | str:
    """The lifetime in minutes, or what is wrong with it."""
    if not text.strip().isascii() or not text.strip().isdigit():
        return "minutes, as a whole number"
    minutes = int(text.strip()[:9])
    most = MOST_MINUTES
    if expires is not None:
        most = min(most, max(int((expires - now).total_seconds() // 60), 1))
    if not 1 <= minutes <= most:
        return f"between 1 and {most} minutes: the task ends then"
    return minutes
