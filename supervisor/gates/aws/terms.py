"""What the aws gate is given by the session: facts, credentials and judgement from outside of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from supervisor.gates.aws.placeholder import Placeholder
from supervisor.model.decision import By
from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall, Process

Address = tuple[str, int]
Tags = tuple[tuple[str, str], ...]


class Keys(Protocol):
    """Credentials that sign one request."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def token(self) -> str: ...


class Broker(Protocol):
    """Holds the real credentials (`identity.broker`); its calls may block."""

    def account(self) -> str:
        """The account that the task works in, 12 digits; empty where it cannot be told."""

    def for_call(self, call: AwsCall, *, by: By, request_id: str, escalation: str = "") -> Keys:
        """Credentials that are good for this call and little else. Raises `SuperviseError`."""

    def known_account(self) -> str:
        """As `account`, where that is known; neither blocks nor raises."""

    def at_hand(self, call: AwsCall, *, by: By) -> Keys | None:
        """What `for_call` would give, where that is there already; neither blocks nor raises."""

    def rejected(self, access_key: str, code: str) -> str:
        """The cloud does not take these credentials and answers with `code`; returns what follows from that."""


class Lookups(Protocol):
    """Reads about resources with the supervisor's own credentials (`gates.aws.lookups`); its calls may block."""

    def tags(self, call: AwsCall) -> tuple[Tags, Tags] | None:
        """Tags that all resources of a call have, and those that only some have; `None` = cannot be told."""

    def consequences(self, call: AwsCall) -> Tags:
        """What a call would destroy, for the human who is asked."""

    def forget(self, arns: tuple[str, ...]) -> None:
        """The tags of these resources may be others from now on."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Terms:
    """`would` foresees the policy's effect on a call, so that only what a human will read is looked up for them;
    `needs_tags` says whether any rule that may speak of it goes by tags. Neither decides anything.

    `endpoint` is the URL that stands in for all of AWS; empty = AWS itself. `is_canary` says whether a bucket is one
    that the session itself asks about (`gates.canary`): it is refused anyway, so nothing is looked up for it. `is_free`
    says whether the desk would answer now without waiting for anything that goes on; a desk that cannot tell is not.
    """

    placeholder: Placeholder
    broker: Broker
    lookups: Lookups
    would: Callable[[AwsCall], Effect]
    needs_tags: Callable[[AwsCall], bool]
    chain_of: Callable[[Address], tuple[Process, ...]]
    endpoint: str = ""
    is_canary: Callable[[str], bool] = lambda bucket: False
    is_free: Callable[[], bool] = lambda: False
    clock: Callable[[], datetime] = _now
