"""A path that a human shows to the agent, as the core keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from supervisor.core.orders import (
    Event,
    GrantRevoked,
    HidePath,
    Order,
    PathFailed,
    PathGranted,
    ReplyTo,
    ShowPath,
    Write,
)
from supervisor.journal.replay import replay
from supervisor.model.codec import Json, rfc3339, to_json
from supervisor.model.effect import Effect
from supervisor.model.event import GrantAdded, GrantEnded, Record
from supervisor.model.grant import PathMatcher
from tests.core.desk import START, Talk, talk


def grant(desk: Talk, path: str = "/data", *, write: bool = False, minutes: int = 30, by: str = "dev") -> ReplyTo:
    """Grant a path; what the human is told."""
    (reply,) = [order for order in desk.tell(PathGranted(path, write, minutes, by)) if isinstance(order, ReplyTo)]
    return reply


@dataclass
class Timed(Talk):
    """A conversation that also keeps when each record was written."""

    written: list[tuple[datetime, Record]] = field(default_factory=list)

    def tell(self, event: Event) -> tuple[Order, ...]:
        orders = super().tell(event)
        self.written += [(self.now, order.record) for order in orders if isinstance(order, Write)]
        return orders


def kinds(orders: tuple[Order, ...]) -> list[type]:
    return [type(order) for order in orders]


def test_a_granted_path_is_on_record_before_it_is_shown() -> None:
    """And a moment is set at which it ends."""
    desk = talk()
    orders = desk.tell(PathGranted("/data", True, 30, "dev"))
    assert kinds(orders)[:2] == [Write, ShowPath]
    (added,) = desk.records(GrantAdded)
    assert isinstance(added, GrantAdded) and added.grant.matcher == PathMatcher("/data", write=True)
    assert added.grant.expires == START + timedelta(minutes=30) and added.grant.by == "dev"


def test_it_ends_by_its_time_by_a_human_or_by_failing() -> None:
    """Each way it is on record, and gone from the cell."""
    desk = talk()
    first, second, third = grant(desk, "/a", minutes=1), grant(desk, "/b"), grant(desk, "/c")
    assert HidePath(first.escalation) in desk.later(61)
    assert HidePath(second.escalation) in desk.tell(GrantRevoked(second.escalation, "dev"))
    assert HidePath(third.escalation) in desk.tell(PathFailed(third.escalation, "no \x1b place"))
    why = [ended.why for ended in desk.records(GrantEnded) if isinstance(ended, GrantEnded)]
    assert why[:2] == ["its time is over", "taken back by dev"] and "\x1b" not in why[2] and "no" in why[2]


@pytest.mark.parametrize(("minutes", "by"), [(0, "dev"), (-1, "dev"), (24 * 60 + 1, "dev"), (30, "")])
def test_a_grant_that_cannot_be_is_refused_in_words(minutes: int, by: str) -> None:
    """No time, too much time, and nobody's."""
    desk = talk()
    reply = grant(desk, minutes=minutes, by=by)
    assert not reply.accepted and reply.why and not desk.records(GrantAdded)


@pytest.mark.parametrize("path", ["/data", "/data/part", "/"])
def test_one_path_is_not_granted_twice(path: str) -> None:
    """Nor a part of it, nor what it is a part of: each ends by itself."""
    desk = talk()
    grant(desk)
    assert "g1 shows /data already" in grant(desk, path).why
    assert grant(desk, "/database").accepted


def test_a_path_answers_no_question() -> None:
    """What it shows is files; a program start that asks still asks."""
    desk = talk((Effect.ASK, "git push"))
    grant(desk, "/", write=True)
    request = desk.ask("git push")
    assert desk.verdict(request) is None


def test_after_the_end_nothing_is_granted() -> None:
    """And what was granted ends with the session."""
    desk = talk()
    grant(desk)
    desk.end()
    assert [ended.why for ended in desk.records(GrantEnded) if isinstance(ended, GrantEnded)] == [
        "the session has ended"
    ]
    assert not grant(desk, "/other").accepted


def test_a_journal_with_granted_paths_replays() -> None:
    """The same grants begin and end when its lines are gone through again."""
    desk = Timed(talk().session)
    grant(desk, "/a", minutes=1)
    grant(desk, "/b", write=True)
    failed = grant(desk, "/c")
    desk.tell(PathFailed(failed.escalation, "the cell has no place for it"))
    desk.later(61)
    desk.tell(GrantRevoked("g2", "dev"))
    grant(desk, "/d")
    desk.later(5)
    desk.end()
    lines: list[Json] = [
        {"seq": number, "time": rfc3339(moment), **to_json(record)}
        for number, (moment, record) in enumerate(desk.written)
    ]
    assert replay(lines, desk.session.scope) is None
    lines[0]["grant"]["matcher"]["path"] = "/elsewhere"
    lines[0]["grant"]["id"] = "g7"
    assert replay(lines, desk.session.scope) is not None
