"""The session core as a conversation: what gates and humans say, what is written and delivered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.orders import Deliver, GrantRevoked, Withdrawn, Write
from supervisor.core.session import MAX_WAITING, REPEAT, Session
from supervisor.model.decision import By
from supervisor.model.effect import Effect
from supervisor.model.event import (
    DecisionRecord,
    EscalationAnswered,
    EscalationExpired,
    EscalationOpened,
    GrantAdded,
    GrantEnded,
    RequestRecord,
    SessionEnded,
    VerdictRecord,
)
from supervisor.model.grant import ConnectMatcher, ExecMatcher
from supervisor.policy.scope import FourEyes
from tests.core.desk import START, Talk, scope, talk

RULES = (
    (Effect.ALLOW, "git status"),
    (Effect.ASK, "git push"),
    (Effect.DENY, "terraform destroy"),
)
GRANT = ExecMatcher("git", ("push",))


def _told(talk: Talk, request: str) -> tuple[Effect, By]:
    order = talk.verdict(request)
    assert order is not None, f"{request} is still held"
    return order.verdict.effect, order.verdict.by


def test_an_allow_is_delivered_at_once() -> None:
    """What a rule allows needs nobody."""
    desk = talk(*RULES)
    assert _told(desk, desk.ask("git status")) == (Effect.ALLOW, By.POLICY)


def test_a_deny_names_its_rule_and_what_to_ask_for() -> None:
    """The program that is denied is told why in one line without control characters."""
    desk = talk(*RULES)
    order = desk.verdict(desk.ask("terraform destroy"))
    assert order is not None and order.verdict.effect is Effect.DENY
    assert "task.yaml:3" in order.verdict.message and "\n" not in order.verdict.message


def test_an_ask_is_held_until_it_is_answered() -> None:
    """Nothing is delivered while a human decides; allowing once allows exactly what was asked."""
    desk = talk(*RULES)
    first = desk.ask("git push")
    assert desk.verdict(first) is None and len(desk.records(EscalationOpened)) == 1
    desk.show()
    assert desk.answer("once").accepted
    assert _told(desk, first) == (Effect.ALLOW, By.HUMAN)
    second = desk.ask("git push")
    assert desk.verdict(second) is None, "once is once"


def test_an_allow_needs_the_question_to_have_been_shown() -> None:
    """An answer to what was on no screen is refused; a deny is always taken."""
    desk = talk(*RULES)
    request = desk.ask("git push")
    assert not desk.answer("once").accepted
    assert desk.verdict(request) is None
    assert desk.answer("deny").accepted
    assert _told(desk, request) == (Effect.DENY, By.HUMAN)


def test_an_answer_to_something_else_is_refused() -> None:
    """The digest binds an answer to what was shown."""
    desk = talk(*RULES)
    request = desk.ask("git push")
    desk.show()
    assert not desk.answer("once", digest="sha256:other").accepted
    assert desk.verdict(request) is None


def test_an_answer_must_say_whose_it_is() -> None:
    """An answer without a human is none."""
    desk = talk(*RULES)
    desk.ask("git push")
    desk.show()
    assert not desk.answer("once", by="").accepted


def test_a_word_to_the_agent_reaches_it() -> None:
    """A deny with a message delivers the message, visible, and so does the same question within a minute."""
    desk = talk(*RULES)
    request = desk.ask("git push")
    desk.answer("deny", message="use a branch\x1b[2J")
    order = desk.verdict(request)
    assert order is not None and "use a branch" in order.verdict.message and "\x1b" not in order.verdict.message
    again = desk.ask("git push")
    assert _told(desk, again) == (Effect.DENY, By.HUMAN)
    desk.now += REPEAT
    assert desk.verdict(desk.ask("git push")) is None, "after a minute it is a question again"


def test_equal_questions_are_one() -> None:
    """A second equal request joins the first, and one answer delivers to both."""
    desk = talk(*RULES)
    first, second = desk.ask("git push"), desk.ask("git push")
    assert len(desk.records(EscalationOpened)) == 1 and len(desk.records(RequestRecord)) == 1
    desk.show()
    desk.answer("once")
    assert _told(desk, first) == _told(desk, second) == (Effect.ALLOW, By.HUMAN)


def test_a_grant_answers_what_it_covers_until_it_ends() -> None:
    """Granted for the task, the same command runs without a question until its minutes are over."""
    desk = talk(*RULES)
    desk.ask("git push origin main")
    desk.show()
    assert desk.answer("task", matcher=GRANT, minutes=10).accepted
    assert _told(desk, desk.ask("git push origin main")) == (Effect.ALLOW, By.GRANT)
    desk.later(600)
    assert len(desk.records(GrantEnded)) == 1
    assert desk.verdict(desk.ask("git push origin main")) is None


def test_a_grant_lets_go_what_waits_and_is_covered() -> None:
    """Another question that the new grant covers is answered with it; one that it does not cover waits on."""
    desk = talk(*RULES, (Effect.ASK, "make"))
    first, second, other = desk.ask("git push a"), desk.ask("git push b"), desk.ask("make all")
    desk.show()
    assert desk.answer("task", matcher=GRANT, minutes=5).accepted
    assert _told(desk, first)[0] is Effect.ALLOW
    assert _told(desk, second) == (Effect.ALLOW, By.GRANT)
    assert desk.verdict(other) is None


def test_a_grant_that_is_taken_back_covers_nothing() -> None:
    """From then on the same command is a question again."""
    desk = talk(*RULES)
    desk.ask("git push")
    desk.show()
    desk.answer("task", matcher=GRANT, minutes=5)
    desk.tell(GrantRevoked("g1", "dev"))
    assert desk.verdict(desk.ask("git push")) is None


@pytest.mark.parametrize(
    ("matcher", "minutes"),
    [
        (None, 5),
        (GRANT, 0),
        (GRANT, 24 * 60 + 1),
        (ExecMatcher("git"), 5),
        (ExecMatcher("make", ("all",)), 5),
        (ConnectMatcher("example.com", 443), 5),
        (ConnectMatcher("*", 443), 5),
    ],
)
def test_a_grant_that_is_too_wide_or_beside_the_point_is_refused(matcher: ExecMatcher | None, minutes: int) -> None:
    """A grant covers what waits, names more than a program, and ends."""
    desk = talk(*RULES)
    request = desk.ask("git push")
    desk.show()
    assert not desk.answer("task", matcher=matcher, minutes=minutes).accepted
    assert desk.verdict(request) is None and not desk.session.grants


def test_nobody_answering_denies() -> None:
    """When `approvals.wait` is over the request is denied, and the asker is told so."""
    desk = talk(*RULES)
    request = desk.ask("git push")
    desk.later(15 * 60 - 1)
    assert desk.verdict(request) is None
    desk.later(1)
    assert _told(desk, request) == (Effect.DENY, By.TIMEOUT)
    assert not desk.answer("once").accepted


def test_an_asker_that_is_gone_needs_no_answer() -> None:
    """A withdrawn request closes its question, unless another one waits for the same answer."""
    desk = talk(*RULES)
    first, second = desk.ask("git push"), desk.ask("git push")
    desk.tell(Withdrawn(first, "interrupted"))
    assert desk.session.waiting
    desk.tell(Withdrawn(second, "interrupted"))
    assert not desk.session.waiting and len(desk.records(EscalationExpired)) == 1
    assert desk.verdict(first) is None and desk.verdict(second) is None, "nobody is there to be told"


def test_the_end_of_the_session_denies_what_waits() -> None:
    """No held request survives the session, no grant either, and nothing is allowed afterwards."""
    desk = talk(*RULES)
    request = desk.ask("git push")
    desk.end()
    assert _told(desk, request) == (Effect.DENY, By.ENDED)
    assert isinstance(desk.records(SessionEnded)[0], SessionEnded)
    assert _told(desk, desk.ask("git status")) == (Effect.DENY, By.ENDED)


def test_the_end_of_the_tasks_time_denies_everything() -> None:
    """After `expires` even what a rule allows is denied."""
    desk = talk(*RULES, deadline=START + timedelta(hours=1))
    held = desk.ask("git push")
    desk.later(3600)
    assert _told(desk, held)[0] is Effect.DENY
    assert _told(desk, desk.ask("git status")) == (Effect.DENY, By.ENDED)


def test_without_a_human_an_ask_is_denied_at_once() -> None:
    """A headless session keeps nobody waiting for an answer that cannot come."""
    desk = talk(*RULES, unattended="nobody is there to ask")
    order = desk.verdict(desk.ask("git push"))
    assert order is not None and order.verdict.effect is Effect.DENY and "nobody is there" in order.verdict.message
    assert not desk.records(EscalationOpened)


def test_four_eyes_are_two_people() -> None:
    """The first allow is kept, the same person cannot give the second, another one can."""
    desk = talk(*RULES, eyes=(FourEyes(("git push",)),))
    request = desk.ask("git push")
    desk.show()
    assert desk.answer("once", by="ann").accepted
    assert desk.verdict(request) is None
    assert not desk.answer("once", by="ann").accepted
    assert desk.answer("once", by="bob").accepted
    assert _told(desk, request) == (Effect.ALLOW, By.HUMAN)


def test_a_flood_of_questions_is_denied_beyond_a_bound() -> None:
    """The question that matters is not buried: what comes after 200 open ones is denied."""
    desk = talk(*RULES)
    for number in range(MAX_WAITING):
        assert desk.verdict(desk.ask(f"git push {number}")) is None
    assert _told(desk, desk.ask("git push more")) == (Effect.DENY, By.FAULT)


COMMANDS = st.sampled_from(["git status", "git push", "git push a", "git push b", "terraform destroy", "make"])
STEPS = st.lists(
    st.one_of(
        COMMANDS.map(lambda command: ("ask", command)),
        st.sampled_from(
            [("show", ""), ("once", ""), ("deny", ""), ("task", ""), ("wait", ""), ("gone", ""), ("end", "")]
        ),
    ),
    max_size=30,
)


def _play(steps: list[tuple[str, str]]) -> Talk:
    desk = Talk(Session(scope(*RULES)))
    for what, command in steps:
        waiting = next(iter(desk.session.waiting), "e1")
        match what:
            case "ask":
                desk.ask(command)
            case "show":
                desk.show(waiting)
            case "task":
                desk.answer("task", waiting, matcher=GRANT, minutes=5)
            case "wait":
                desk.later(400)
            case "gone":
                desk.tell(Withdrawn(f"r{desk.asked}", "gone"))
            case "end":
                desk.end()
            case choice:
                desk.answer(choice, waiting)
    return desk


@given(STEPS)
def test_handle_is_deterministic(steps: list[tuple[str, str]]) -> None:
    """The same events at the same times give the same orders."""
    assert _play(steps).said == _play(steps).said


@given(STEPS)
def test_record_comes_before_deliver_and_nothing_is_delivered_twice(steps: list[tuple[str, str]]) -> None:
    """Before a gate hears a verdict, the decision on that request and the verdict are written; once only."""
    decided: set[str] = set()
    written: dict[str, VerdictRecord] = {}
    delivered: set[str] = set()
    for order in _play(steps).said:
        match order:
            case Write(DecisionRecord(request=request)):
                decided.add(request.id)
            case Write(VerdictRecord() as record):
                written[record.request] = record
            case Deliver(_, request_id, verdict):
                assert request_id in decided and request_id not in delivered
                assert (written[request_id].effect, written[request_id].by) == (verdict.effect, verdict.by)
                delivered.add(request_id)


@given(STEPS)
def test_an_allow_comes_from_a_rule_a_grant_or_a_human_only(steps: list[tuple[str, str]]) -> None:
    """What a rule denies is never allowed; what asks is allowed only after an answer that was taken."""
    desk = _play(steps)
    effects = {
        order.record.request.id: (order.record.effect, order.record.decision.grant)
        for order in desk.said
        if isinstance(order, Write) and isinstance(order.record, DecisionRecord)
    }
    answered = {record.escalation for record in desk.records(EscalationAnswered) if record.choice in ("once", "task")}
    granted = bool(desk.records(GrantAdded))
    for order in desk.said:
        if isinstance(order, Deliver) and order.verdict.allowed:
            effect, _ = effects[order.request]
            assert effect is not Effect.DENY
            if effect is Effect.ASK:
                assert answered or granted


@given(STEPS)
def test_the_end_leaves_nothing_held(steps: list[tuple[str, str]]) -> None:
    """After the end every request was delivered exactly one verdict or had been withdrawn."""
    desk = _play([*steps, ("end", "")])
    withdrawn = {record.request for record in desk.records(VerdictRecord) if record.detail == "gone"}
    for number in range(1, desk.asked + 1):
        assert f"r{number}" in withdrawn or desk.verdict(f"r{number}") is not None
