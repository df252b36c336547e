"""A login that the human makes at another device: what is shown, and the questions until it is done (RFC 8628)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from supervisor.identity.oidc.failures import IdentityError, Why, told
from supervisor.identity.oidc.provider import Pause
from supervisor.identity.oidc.values import DevicePrompt
from supervisor.identity.oidc.wire import Answer, checked

_POLL_SECONDS: Final = 5
"""Between two questions where the server names nothing (section 3.2)."""
_MOST_POLL_SECONDS: Final = 60
_LONGEST_SECONDS: Final = 3600


def prompt_of(answer: Answer, issuer: str, now: datetime) -> tuple[str, DevicePrompt, int]:
    """The device's code, what the human is shown, and the seconds between two questions. Raises `IdentityError`."""
    said = answer.members
    device, code, page = said.get("device_code"), said.get("user_code"), said.get("verification_uri")
    life, every = said.get("expires_in"), said.get("interval", _POLL_SECONDS)
    if not (isinstance(device, str) and isinstance(code, str) and isinstance(page, str) and isinstance(life, int)):
        raise IdentityError(Why.UNTRUSTED, "the issuer's answer is no device login", where=issuer)
    link = said.get("verification_uri_complete")
    expires = now + timedelta(seconds=min(max(life, 0), _LONGEST_SECONDS))
    link = checked(link, where=issuer) if isinstance(link, str) else ""
    every = min(every, _MOST_POLL_SECONDS) if isinstance(every, int) and every > 0 else _POLL_SECONDS
    return device, DevicePrompt(told(code), checked(page, where=issuer), link, expires), every


def polled(
    ask: Callable[[], Answer], prompt: DevicePrompt, every: int, pause: Pause, *, issuer: str,
    clock: Callable[[], datetime],
) -> tuple[Answer, datetime]:  # fmt: skip
    """The answer that is no longer "not yet", and when it was asked for. Raises `IdentityError`."""
    while True:
        if pause(every):
            raise IdentityError(Why.CANCELLED, "the device login was given up", where=issuer)
        asked = clock()
        if asked >= prompt.expires:
            raise _over(issuer)
        try:
            answer = ask()
        except IdentityError as error:
            if error.why is not Why.UNREACHABLE:
                raise
            every = min(every * 2, _MOST_POLL_SECONDS)  # section 3.5: back off
            continue
        match answer.members.get("error"):
            case "authorization_pending":
                pass
            case "slow_down":
                every = min(every + 5, _MOST_POLL_SECONDS)
            case "expired_token":
                raise _over(issuer)
            case "access_denied":
                raise IdentityError(
                    Why.CANCELLED, "the login was refused at the other device", where=issuer, fix="log in again"
                )
            case _:
                return answer, asked


def _over(issuer: str) -> IdentityError:
    return IdentityError(
        Why.EXPIRED, "nobody entered the code in time, and it is worth nothing any more", where=issuer,
        fix="start again: a new code is shown",
    )  # fmt: skip
