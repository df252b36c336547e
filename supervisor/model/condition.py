"""What the conditions of a scope, written in Rego, say of a request: they only ever make a decision stricter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from supervisor.model.effect import Effect


@dataclass(frozen=True, slots=True)
class Condition:
    """The answer of one condition, or of several together.

    `by` names the file or the server that said it; of several, the one whose effect counts. `allow` stands for "nothing
    against it". The rest are obligations of an allow: `four_eyes` different humans of `role`, a `reason`
    of the human who allows it, and a grant that has at most `minutes` left, where 0 means once at a time. `fault` says
    that it could not be worked out, which is why it is no allow. `logged` is the decision id of an OPA server's log.
    """

    effect: Effect
    by: str = ""
    because: str = ""
    four_eyes: int = 0
    role: str = ""
    reason: bool = False
    minutes: int | None = None
    fault: bool = False
    logged: str = ""

    @property
    def text(self) -> str:
        """What it says, in one line."""
        return f"{self.by}: {self.because}" if self.because else self.by


NOTHING_AGAINST = Condition(Effect.ALLOW)


def strictest(conditions: Iterable[Condition]) -> Condition:
    """All of them at once: the strictest effect, and every obligation."""
    return reduce(_both, conditions, NOTHING_AGAINST)


def _both(one: Condition, other: Condition) -> Condition:
    if one.four_eyes > 1 and other.four_eyes > 1 and one.role != other.role:
        names = f"{one.by} and {other.by}" if one.by != other.by else one.by
        return Condition(Effect.DENY, names, "they want several people of different roles at once", fault=True)
    first = other if other.effect > one.effect or not one.by else one
    eyes = max(one, other, key=lambda condition: condition.four_eyes)
    limits = [minutes for minutes in (one.minutes, other.minutes) if minutes is not None]
    return Condition(
        first.effect,
        first.by,
        first.because,
        eyes.four_eyes,
        eyes.role,
        one.reason or other.reason,
        min(limits, default=None),
        first.fault,
        first.logged,
    )
