"""The session core with conditions in Rego: what they say is data, and counts when asked and when answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from supervisor.core.orders import Answered, Asked, Deliver, ReplyTo, Write
from supervisor.core.session import Session
from supervisor.journal.replay import replay
from supervisor.model.codec import canonical, to_json
from supervisor.model.condition import Condition
from supervisor.model.effect import Effect
from supervisor.model.event import DecisionRecord, EscalationOpened
from supervisor.model.grant import Answer, Approver, ExecMatcher
from supervisor.model.request import Exec, Request, Subject
from supervisor.policy.scope import RegoFile, Source
from tests.core.desk import START, Talk, scope

FILE = RegoFile("window.rego", "package agent_supervise.window", "agent_supervise.window", Source("task.yaml", 9))
UNDER = replace(scope((Effect.ASK, "git push"), (Effect.ALLOW, "git status")), rego=(FILE,))
FINE = Condition(Effect.ALLOW, "window.rego")
LATE = Condition(Effect.DENY, "window.rego", "it is late")


def asked(words: str, number: int = 1) -> Request:
    """A program start that wants to happen."""
    argv = tuple(words.split())
    return Request(f"r{number}", "exec", Subject("s", "bash"), Exec(f"/usr/bin/{argv[0]}", argv, "/work", (argv[0],)))


def verdicts(talk: Talk) -> dict[str, Effect]:
    """What each request was told."""
    return {order.request: order.verdict.effect for order in talk.said if isinstance(order, Deliver)}


def answer(talk: Talk, choice: Any = "once", condition: Condition | None = None, **more: Any) -> ReplyTo:
    """A human answers what waits."""
    waiting = talk.session.waiting["e1"]
    given = Answer("e1", choice, waiting.digest, by=more.pop("by", "ann"), typed=waiting.required_name, **more)
    orders = talk.tell(
        Answered(given, condition, Approver(f"uid:{given.by}", "kernel", ("approver",), given.by == "ann"))
    )
    return next(order for order in orders if isinstance(order, ReplyTo))


def waiting(condition: Condition) -> Talk:
    """A session that asks about one push, which was read."""
    talk = Talk(Session(UNDER))
    talk.tell(Asked(asked("git push"), condition))
    talk.show()
    return talk


def test_a_condition_denies_what_rules_allow_and_is_on_record() -> None:
    """The decision holds what the condition said."""
    talk = Talk(Session(UNDER))
    talk.tell(Asked(asked("git status"), LATE))
    assert verdicts(talk) == {"r1": Effect.DENY}
    record = next(order.record for order in talk.said if isinstance(order, Write))
    assert isinstance(record, DecisionRecord) and record.decision.condition == LATE


def test_without_its_word_nothing_is_allowed() -> None:
    """A request that nobody put to the conditions is denied."""
    talk = Talk(Session(UNDER))
    talk.tell(Asked(asked("git status")))
    assert verdicts(talk) == {"r1": Effect.DENY}


def test_what_is_denied_by_now_is_not_allowed_by_an_answer() -> None:
    """The window closed while the question waited: the answer is not taken, and says why."""
    talk = waiting(FINE)
    reply = answer(talk, condition=LATE)
    assert not reply.accepted and "it is denied by now: window.rego: it is late" in reply.why
    assert verdicts(talk) == {}
    assert answer(talk, condition=FINE).accepted
    assert verdicts(talk) == {"r1": Effect.ALLOW}


def test_a_deny_is_taken_whatever_conditions_say() -> None:
    """Nobody needs leave to deny."""
    talk = waiting(FINE)
    assert answer(talk, "deny", LATE).accepted
    assert verdicts(talk) == {"r1": Effect.DENY}


def test_an_allow_wants_the_reason_that_a_condition_asks_for() -> None:
    """Spaces are none; a deny needs none."""
    talk = waiting(replace(FINE, reason=True))
    for message in ("", "  "):
        reply = answer(talk, message=message)
        assert not reply.accepted and "an allow of this has a reason" in reply.why
    assert answer(talk, message="the release is reviewed").accepted


def test_four_eyes_of_a_condition_are_two_people() -> None:
    """One person twice is one."""
    talk = waiting(replace(FINE, four_eyes=2))
    assert answer(talk).accepted and verdicts(talk) == {}
    assert not answer(talk).accepted
    assert answer(talk, by="bob").accepted and verdicts(talk) == {"r1": Effect.ALLOW}


def test_a_grant_lasts_no_longer_than_a_condition_lets_it() -> None:
    """Neither by what was said when it was asked, nor by now."""
    push = ExecMatcher("git", ("push",))
    talk = waiting(replace(FINE, minutes=10))
    assert "between 1 and 10 minutes" in answer(talk, "task", matcher=push, minutes=11).why
    by_now = replace(FINE, minutes=5)
    assert "at most 5 minutes" in answer(talk, "task", by_now, matcher=push, minutes=10).why
    assert answer(talk, "task", by_now, matcher=push, minutes=5).accepted


def test_an_answer_is_bound_to_what_the_condition_said() -> None:
    """Another obligation is another question."""
    digests = set()
    for condition in (FINE, replace(FINE, reason=True), replace(FINE, minutes=5), replace(FINE, because="x")):
        digests.add(waiting(condition).session.waiting["e1"].digest)
    assert len(digests) == 4
    logged = {waiting(replace(FINE, logged=name)).session.waiting["e1"].digest for name in ("a", "b")}
    assert len(logged) == 1


def test_a_grant_answers_no_other_question_by_itself() -> None:
    """What else waits was put to the conditions a while ago: each question gets its own answer."""
    talk = waiting(FINE)
    talk.tell(Asked(asked("git push --tags", 2), FINE))
    assert len(talk.session.waiting) == 2
    assert answer(talk, "task", FINE, matcher=ExecMatcher("git", ("push",)), minutes=5).accepted
    assert verdicts(talk) == {"r1": Effect.ALLOW}


def test_a_replay_needs_no_engine() -> None:
    """The journal has what conditions said: the same decisions come of it, and other words of theirs are found."""
    talk = Talk(Session(UNDER))
    talk.tell(Asked(asked("git status"), LATE))
    talk.tell(Asked(asked("git push", 2), replace(FINE, minutes=10)))
    talk.show()
    answer(talk, "task", FINE, matcher=ExecMatcher("git", ("push",)), minutes=10)
    talk.tell(Asked(asked("git push", 3), FINE))
    lines = [
        {"seq": number, "time": "2026-02-01T12:00:00.000000Z", **to_json(order.record)}
        for number, order in enumerate((one for one in talk.said if isinstance(one, Write)), 1)
    ]
    assert any(isinstance(order.record, EscalationOpened) for order in talk.said if isinstance(order, Write))
    assert START.isoformat().startswith("2026-02-01T12:00")
    assert replay(lines, UNDER) is None
    forged = next(line for line in lines if "condition" in canonical(line))
    forged["decision"]["condition"]["effect"] = "allow"
    assert replay(lines, UNDER) is not None
