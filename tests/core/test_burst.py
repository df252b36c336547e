"""Bursts of AWS calls: many held requests, one question, and a verdict for each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.console.fold import fold
from supervisor.console.story import Story
from supervisor.core import burst
from supervisor.core.burst import burst_key, merged
from supervisor.core.escalation import Stage, question_digest
from supervisor.core.orders import Asked, Deliver, Shown, Withdrawn, Write
from supervisor.core.session import GROWS, REPEAT, Session
from supervisor.journal.account import account
from supervisor.journal.replay import replay
from supervisor.model.codec import Json, from_json, rfc3339, to_json
from supervisor.model.decision import By
from supervisor.model.effect import Effect
from supervisor.model.event import DecisionRecord, EscalationOpened, Record, RequestRecord, VerdictRecord
from supervisor.model.grant import AwsMatcher
from supervisor.model.request import AwsCall, Process, Request, Subject
from supervisor.policy.irreversible import VERSIONED
from supervisor.policy.scope import FourEyes, Scope
from tests.core.desk import Talk
from tests.policy.build import ALLOW, ASK, rule
from tests.policy.build import scope as scope_of

SCOPE = scope_of(
    rule("aws", ASK, "s3:DeleteObject", on=("arn:aws:s3:::shop/*",)),
    rule("aws", ALLOW, "s3:Get*", line=2),
    rule("aws", ASK, "s3:PutObject", line=3),
)
CLI = (Process(10, "/usr/bin/aws", ("aws", "s3", "rm")), Process(9, "/usr/bin/bash", ("bash",)))


def objects(*keys: str) -> tuple[str, ...]:
    """Objects of the bucket `shop`."""
    return tuple(f"arn:aws:s3:::shop/{key}" for key in keys)


class Desk(Talk):
    """A conversation about AWS calls whose journal lines are kept."""

    def __init__(self, scope: Scope = SCOPE) -> None:
        super().__init__(Session(scope))
        self.lines: list[Json] = []

    def tell(self, event: Any) -> tuple[Any, ...]:
        orders = super().tell(event)
        for order in orders:
            if isinstance(order, Write):
                self.lines.append(line(len(self.lines), self.now, order.record))
        return orders

    def call(self, *keys: str, chain: tuple[Process, ...] = CLI, operation: str = "DeleteObject", **more: Any) -> str:
        """A call about objects of the bucket; returns the request's id."""
        self.asked += 1
        made = AwsCall((f"s3:{operation}",), objects(*keys), "s3", operation, "eu-central-1", "123456789012")
        made = replace(made, level="write", **more)
        self.tell(Asked(Request(f"r{self.asked}", "aws", Subject("s", "bash", chain), made)))
        return f"r{self.asked}"

    def resources(self, escalation: str = "e1") -> tuple[str, ...]:
        """What a question is about."""
        action = self.session.waiting[escalation].request.action
        assert isinstance(action, AwsCall)
        return action.resources


def line(seq: int, now: datetime, record: Record) -> Json:
    """A journal line, as it is read back from disk."""
    return {"seq": seq, "time": rfc3339(now), **to_json(from_json(Record, to_json(record))), "prev": "", "hash": ""}


def test_a_burst_is_one_question() -> None:
    """Deletes in one folder are asked about together; each caller gets its own verdict."""
    desk = Desk()
    calls = [desk.call(f"logs/{number}.gz") for number in range(40)]
    assert list(desk.session.waiting) == ["e1"] and len(desk.resources()) == 40
    assert desk.session.waiting["e1"].required_name == "shop/logs/"
    desk.show()
    assert desk.answer("once", typed="shop/logs/").accepted
    for call in calls:
        order = desk.verdict(call)
        assert order is not None and (order.verdict.effect, order.verdict.by) == (Effect.ALLOW, By.HUMAN)


def test_what_was_shown_before_the_burst_grew_is_no_answer() -> None:
    """Nobody has seen the question that grew: an answer to the old one is refused, and it must be shown anew."""
    desk = Desk()
    desk.call("logs/1", "logs/2", "logs/3", "logs/4")
    desk.show()
    seen = desk.session.waiting["e1"].digest
    late = desk.call("logs/customers.db")
    grown = desk.session.waiting["e1"]
    assert grown.stage is Stage.WAITING and grown.shown is None and grown.digest != seen
    refused = desk.answer("once", digest=seen, typed="shop/logs/")
    assert not refused.accepted and "look again" in refused.why
    assert "not been on a screen" in desk.answer("once", typed="shop/logs/").why
    assert desk.verdict(late) is None
    assert desk.tell(Shown("e1", "console", seen)) == () and desk.session.waiting["e1"].stage is Stage.WAITING
    desk.show()
    assert desk.answer("once", typed="shop/logs/").accepted


def test_who_agreed_to_less_agrees_anew() -> None:
    """Of four eyes, those that saw the smaller question do not count for the larger one."""
    desk = Desk(scope_of(*SCOPE.aws.rules, approvals=replace(SCOPE.approvals, four_eyes=(FourEyes(("s3:Put*",)),))))
    first = desk.call("logs/1", operation="PutObject")
    desk.show()
    assert desk.answer("once", by="ann").accepted
    desk.call("logs/2", operation="PutObject")
    desk.show()
    assert desk.answer("once", by="bob").accepted and desk.verdict(first) is None
    assert desk.answer("once", by="ann").accepted and desk.verdict(first) is not None


@pytest.mark.parametrize(
    "other",
    [
        {"keys": ("data/1",)},
        {"keys": ("1",)},
        {"keys": ("logs/2", "data/1")},
        {"keys": ("logs/2",), "operation": "PutObject"},
        {"keys": ("logs/2",), "region": "us-east-1"},
        {"keys": ("logs/2",), "account": "999999999999"},
        {"keys": ("logs/2",), "notes": ("irreversible: no versions",)},
        {"keys": ("logs/2",), "tags": (("env", "prod"),)},
        {"keys": ("logs/2",), "some_tags": (("env", "prod"),)},
        {"keys": ("logs/2",), "request_tags": (("env", "prod"),)},
        {"keys": ("logs/2",), "facts": (VERSIONED,)},
        {"keys": ("logs/*",)},
        {"keys": (), "resources": ("arn:aws:s3:::other/logs/1",)},
        {"keys": ("logs/2",), "chain": (Process(11, "/tmp/other", ("other",)),)},
    ],
)
def test_what_differs_in_more_is_another_question(other: dict[str, Any]) -> None:
    """Another folder, operation, place, note, tag or program is asked about on its own."""
    desk = Desk()
    desk.call("logs/1")
    more = dict(other)
    desk.call(*more.pop("keys"), **more)
    assert len(desk.session.waiting) == 2


def test_another_process_of_the_same_program_joins() -> None:
    """`xargs -P` starts a program many times; its calls are one intent."""
    desk = Desk()
    desk.call("logs/1")
    desk.call("logs/2", chain=(replace(CLI[0], pid=77), CLI[1]))
    assert len(desk.session.waiting) == 1


def test_other_things_join_by_their_kind() -> None:
    """Instances of one account and region are one question, a volume is another."""
    desk = Desk(scope_of())
    for arn in ("instance/i-1", "instance/i-2", "volume/v-1"):
        desk.call(operation="Reboot", resources=(f"arn:aws:ec2:eu-central-1:123456789012:{arn}",))
    assert [len(desk.resources(one)) for one in desk.session.waiting] == [2, 1]


def test_a_question_holds_so_many_things(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit into a question is the next one."""
    monkeypatch.setattr(burst, "MOST_RESOURCES", 3)
    desk = Desk()
    for number in range(5):
        desk.call(f"logs/{number}")
    desk.call("logs/0")
    assert [len(desk.resources(one)) for one in desk.session.waiting] == [3, 2]


def test_a_question_does_not_grow_for_ever() -> None:
    """Who goes on adding cannot keep a human from reading: after a minute it is the next question."""
    desk = Desk()
    desk.call("logs/1")
    desk.later(GROWS.total_seconds() - 1)
    desk.call("logs/2")
    desk.later(1)
    desk.call("logs/3")
    retry = desk.call("logs/1")
    assert [len(desk.resources(one)) for one in desk.session.waiting] == [2, 1]
    assert retry in desk.session.waiting["e1"].holders


def test_a_part_of_what_waits_joins_without_a_change() -> None:
    """The retry of a call that is in the question already leaves it as it was shown."""
    desk = Desk()
    desk.call("logs/1")
    desk.call("logs/2")
    desk.show()
    again = desk.call("logs/1", facts=(("size", "3 KB"),))
    assert desk.session.waiting["e1"].stage is Stage.SHOWN
    desk.answer("once", typed="logs/1 logs/2".replace("logs/", "shop/logs/"))
    assert desk.verdict(again) is not None


def test_a_caller_that_is_gone_leaves_what_it_wanted() -> None:
    """The question is never about less than somebody may still retry; the one who left is told nothing."""
    desk = Desk()
    first, second = desk.call("logs/1"), desk.call("logs/2")
    desk.tell(Withdrawn(first, "timed out"))
    assert len(desk.resources()) == 2
    desk.show()
    desk.answer("once", typed="shop/logs/1 shop/logs/2")
    assert desk.verdict(first) is None and desk.verdict(second) is not None
    desk.call("logs/3")
    desk.tell(Withdrawn("r3", "timed out"))
    assert not desk.session.waiting


def test_a_denied_burst_denies_its_parts_for_a_minute() -> None:
    """Every retry is the question that was denied; what was not in it is a new one."""
    desk = Desk()
    for number in range(5):
        desk.call(f"logs/{number}")
    desk.answer("deny", message="not the logs")
    again = desk.verdict(desk.call("logs/3", facts=(("size", "1 KB"),)))
    assert again is not None and "not the logs" in again.verdict.message
    assert desk.verdict(desk.call("logs/new")) is None
    desk.now += REPEAT
    assert desk.verdict(desk.call("logs/3")) is None


def test_a_grant_from_a_burst_covers_its_folder() -> None:
    """For the task, what comes later into the same folder needs no question."""
    desk = Desk()
    for number in range(5):
        desk.call(f"logs/{number}", facts=(VERSIONED,))
    waiting = desk.session.waiting["e1"]
    assert [offer.matcher for offer in waiting.offers] == [
        AwsMatcher(("s3:DeleteObject",), objects(*(f"logs/{number}" for number in range(5)))),
        AwsMatcher(("s3:DeleteObject",), ("arn:aws:s3:::shop/logs/*",)),
    ]
    desk.show()
    assert desk.answer("task", matcher=waiting.offers[-1].matcher, minutes=5).accepted
    later = desk.verdict(desk.call("logs/2025/x", facts=(VERSIONED,)))
    assert later is not None and later.verdict.by is By.GRANT
    assert desk.verdict(desk.call("data/x", facts=(VERSIONED,))) is None
    assert desk.verdict(desk.call("logs/final")) is None, "what no version keeps is no part of what was granted"


def test_facts_of_a_burst_are_said_once() -> None:
    """What was looked up of all of them stands in the question, each thing once and not without end."""
    desk = Desk()
    for number in range(60):
        desk.call(f"logs/{number}", facts=(("object lock", "off"), ("size", f"{number} KB")))
    action = desk.session.waiting["e1"].request.action
    assert isinstance(action, AwsCall)
    assert action.facts[:2] == (("object lock", "off"), ("size", "0 KB")) and len(action.facts) == burst.MOST_FACTS


STEPS = st.lists(
    st.one_of(
        st.lists(st.sampled_from(["logs/1", "logs/2", "logs/3", "logs/4/5", "data/1"]), min_size=1, max_size=2).map(
            lambda keys: ("call", tuple(keys))
        ),
        st.sampled_from([(what, ()) for what in ("show", "once", "deny", "task", "wait", "pause", "gone", "put")]),
    ),
    max_size=30,
)


def play(steps: list[tuple[str, tuple[str, ...]]]) -> Desk:
    """The steps, each on the oldest question."""
    desk = Desk()
    for what, keys in steps:
        first = next(iter(desk.session.waiting.values()), None)
        name = first.id if first else "e1"
        match what:
            case "call":
                desk.call(*keys)
            case "put":
                desk.call(f"logs/{desk.asked}", operation="PutObject")
            case "show":
                desk.show(name)
            case "wait":
                desk.later(400)
            case "pause":
                desk.later(31)
            case "gone":
                desk.tell(Withdrawn(f"r{desk.asked}", "gone"))
            case "task":
                desk.answer(
                    "task", name, matcher=first.offers[-1].matcher if first and first.offers else None, minutes=5
                )
            case choice:
                desk.answer(choice, name, typed=first.required_name if first else "")
    return desk


@settings(max_examples=60)
@given(STEPS)
def test_every_reader_of_the_journal_sees_the_same_question(steps: list[tuple[str, tuple[str, ...]]]) -> None:
    """The digest of a question that grew is that of what it holds; console, account and replay build it again."""
    desk = play(steps)
    story, whole = fold(Story(), desk.lines), account(desk.lines)
    assert set(story.waiting) == set(desk.session.waiting)
    for waiting in desk.session.waiting.values():
        assert waiting.digest == question_digest(waiting.request, waiting.decision)
        told, counted = story.waiting[waiting.id], whole.questions[waiting.id]
        assert (told.request, told.decision, told.digest) == (waiting.request, waiting.decision, waiting.digest)
        assert told.offers == waiting.offers and told.digest == question_digest(told.request, told.decision)
        assert counted.record.request == waiting.request and counted.record.digest == waiting.digest
        assert counted.record.offers == waiting.offers
    assert replay(desk.lines, desk.session.scope) is None


@settings(max_examples=60)
@given(STEPS)
def test_every_held_call_is_answered_once(steps: list[tuple[str, tuple[str, ...]]]) -> None:
    """When the session ends each request has had exactly one verdict, unless its caller went away."""
    desk = play(steps)
    desk.end()
    gone = {record.request for record in desk.records(VerdictRecord)} - {
        order.request for order in desk.said if isinstance(order, Deliver)
    }
    for number in range(1, desk.asked + 1):
        assert (desk.verdict(f"r{number}") is None) is (f"r{number}" in gone)
    decided = {record.request.id for record in desk.records(DecisionRecord)}
    held = {record.request.id for record in (*desk.records(EscalationOpened), *desk.records(RequestRecord))}
    assert held <= decided


@settings(max_examples=60)
@given(STEPS)
def test_a_human_answers_for_nothing_that_was_not_in_the_question(steps: list[tuple[str, tuple[str, ...]]]) -> None:
    """Each request that a human's answer let through stood in the question as it was shown last."""
    desk = play(steps)
    wanted: dict[str, set[str]] = {}
    questions: dict[str, set[str]] = {}
    for order in desk.said:
        if not isinstance(order, Write):
            continue
        match order.record:
            case DecisionRecord(request=Request(id=name, action=AwsCall(resources=arns))):
                wanted[name] = set(arns)
            case EscalationOpened(escalation=name, request=Request(action=AwsCall(resources=arns))):
                questions[name] = set(arns)
            case RequestRecord(escalation=name, request=Request(action=AwsCall(resources=arns))):
                questions[name] |= set(arns)
            case VerdictRecord(request=name, effect=Effect.ALLOW, escalation=question) if question:
                assert wanted[name] <= questions[question]


def test_the_key_does_not_depend_on_how_much_is_asked() -> None:
    """A question that grew is joined by what would have joined it before."""
    desk = Desk()
    desk.call("logs/1")
    first = desk.session.waiting["e1"]
    desk.call("logs/2")
    grown = desk.session.waiting["e1"]
    assert burst_key(grown.request, grown.decision) == first.burst == grown.burst
    assert merged(first.request, grown.request).action == grown.request.action
