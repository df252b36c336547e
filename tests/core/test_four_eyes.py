"""Several humans: who counts, why another does not, and the two clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from supervisor.core.approvers import wants_more
from supervisor.core.orders import WakeAt
from supervisor.core.session import Session
from supervisor.journal.replay import replay
from supervisor.model.codec import Json, rfc3339, to_json
from supervisor.model.condition import Condition
from supervisor.model.decision import By, Decision
from supervisor.model.effect import Effect
from supervisor.model.event import EscalationAnswered, EscalationExpired
from supervisor.model.grant import Approver
from supervisor.policy.scope import FourEyes, Scope
from tests.core.desk import Talk, scope

PUSH = FourEyes(("git push",))
OWNER = Approver("uid:1000", "kernel", ("dev",), owner=True)
MARY = Approver("uid:1001", "kernel", ("approver", "users"))
BOB = Approver("uid:1002", "kernel", ("approver",))
EVE = Approver("uid:1003", "kernel", ("users",))
DBA = Approver("uid:1004", "kernel", ("dba",))


def waiting(*eyes: FourEyes, within: timedelta = timedelta(minutes=15)) -> Talk:
    """A session in which a push waits, and was shown."""
    made = scope((Effect.ASK, "git push"), eyes=eyes or (PUSH,))
    talk = Talk(Session(replace(made, approvals=replace(made.approvals, use_within=within))))
    talk.ask("git push")
    talk.show()
    return talk


def says(talk: Talk, who: Approver, choice: str = "once") -> str:
    """What they are told about their answer; "taken" where it was all that it took."""
    reply = talk.answer(choice, by=who.id, approver=who)
    return reply.why or "taken" if reply.accepted else f"not taken: {reply.why}"


def allowed(talk: Talk) -> bool:
    """Whether the push runs."""
    told = talk.verdict("r1")
    return told is not None and told.verdict.allowed


@pytest.mark.parametrize("pair", [(OWNER, MARY), (MARY, OWNER), (MARY, BOB)])
def test_two_humans_allow(pair: tuple[Approver, Approver]) -> None:
    """The owner and one who has the role, in any order, or two who have it."""
    talk = waiting()
    assert says(talk, pair[0]) == "taken; 1 more person must agree within 15 min"
    assert not allowed(talk)
    assert says(talk, pair[1]) == "taken" and allowed(talk)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (OWNER, "you have allowed this already"),
        (replace(OWNER, id="https://id.example/ sub-1", vouched="issuer"), "the session's owner has allowed this"),
        (EVE, "you are not in the group approver"),
        (replace(EVE, vouched="issuer"), "you do not have the role approver"),
        (replace(MARY, doubt="root can be any user"), "root can be any user"),
    ],
)
def test_who_does_not_count_hears_why(other: Approver, why: str) -> None:
    """The same human again, the owner under another name, a wrong role, and whoever proves nothing."""
    talk = waiting()
    says(talk, OWNER)
    assert says(talk, other).startswith(f"not taken: {why}") and not allowed(talk)
    assert says(talk, MARY) == "taken" and allowed(talk)


def test_a_duplicate_in_another_terminal_is_a_duplicate() -> None:
    """It is the human who counts, not the name that stands in the answer."""
    talk = waiting()
    says(talk, MARY)
    reply = talk.answer("once", by="mary2", approver=replace(MARY, roles=("approver",)))
    assert not reply.accepted and "you have allowed this already" in reply.why


def test_an_owner_who_is_excluded_does_not_count() -> None:
    """Where the scope says so two others must agree; the owner may still deny."""
    talk = waiting(replace(PUSH, owner="excluded"))
    assert "wants others than its owner" in says(talk, OWNER)
    assert says(talk, MARY).startswith("taken; 1 more") and not allowed(talk)
    assert says(talk, BOB) == "taken" and allowed(talk)
    other = waiting(replace(PUSH, owner="excluded"))
    says(other, MARY)
    assert says(other, OWNER, "deny") == "taken" and not allowed(other)


def test_nobody_vouching_is_one_human_at_most() -> None:
    """Answers without a word of the kernel or an issuer never make a pair, whatever names they have."""
    from supervisor.core.orders import Answered, ReplyTo
    from supervisor.model.grant import Answer

    talk = waiting()
    digest = talk.session.waiting["e1"].digest
    for by, taken in (("ann", True), ("bob", False)):
        orders = talk.tell(Answered(Answer("e1", "once", digest, by=by)))
        assert [order.accepted for order in orders if isinstance(order, ReplyTo)] == [taken]
    assert not allowed(talk)


def test_each_line_of_the_scope_is_satisfied() -> None:
    """With two lines that apply two roles are needed, and more of the one are no help to the other."""
    talk = waiting(PUSH, replace(PUSH, role="dba"))
    says(talk, OWNER)
    assert says(talk, MARY).startswith("taken; 1 more")
    assert "who is missing has the role dba" in says(talk, BOB)
    assert says(talk, DBA) == "taken" and allowed(talk)


def test_three_are_three() -> None:
    """`count` is how many humans there are, the owner among them."""
    talk = waiting(replace(PUSH, count=3))
    assert says(talk, OWNER).startswith("taken; 2 more people")
    assert says(talk, MARY).startswith("taken; 1 more person")
    assert says(talk, BOB) == "taken" and allowed(talk)


@pytest.mark.parametrize("who", [OWNER, MARY])
def test_one_deny_ends_it(who: Approver) -> None:
    """Whoever may allow may deny, and then nobody's allow counts any more."""
    talk = waiting()
    says(talk, BOB)
    assert says(talk, who, "deny") == "taken"
    told = talk.verdict("r1")
    assert told is not None and told.verdict.by is By.HUMAN and not told.verdict.allowed
    assert "no longer open" in says(talk, MARY)


def test_a_deny_of_somebody_else_is_none() -> None:
    """Who has nothing to say here cannot end it either."""
    talk = waiting()
    assert "you are not in the group approver" in says(talk, EVE, "deny") and talk.verdict("r1") is None


def test_what_one_human_decides_is_the_owners() -> None:
    """A question that does not want several humans takes no answer of another user, not even a deny."""
    talk = Talk(Session(scope((Effect.ASK, "git push"))))
    talk.ask("git push")
    talk.show()
    for choice in ("once", "deny"):
        assert "for the session's owner alone" in says(talk, MARY, choice)
    assert says(talk, OWNER) == "taken"


def test_an_allow_must_be_used_in_time() -> None:
    """So long after the first allow the others must have agreed: then it is over, although it might wait longer."""
    talk = waiting(within=timedelta(minutes=5))
    talk.later(60)
    says(talk, OWNER)
    use_by = talk.now + timedelta(minutes=5)
    assert talk.said.count(WakeAt(use_by)) == 1
    talk.later(299)
    assert talk.verdict("r1") is None
    talk.now += timedelta(seconds=1)
    assert "has expired" in says(talk, MARY)
    talk.later(0)
    (expired,) = talk.records(EscalationExpired)
    assert isinstance(expired, EscalationExpired)
    assert expired.why == "1 more person had to agree, and did not within 5 min of the first"
    told = talk.verdict("r1")
    assert told is not None and told.verdict.by is By.TIMEOUT and not told.verdict.allowed


def test_a_second_allow_starts_no_new_clock() -> None:
    """Of three, the first one's time counts, and never beyond the time to decide."""
    talk = waiting(replace(PUSH, count=3), within=timedelta(minutes=5))
    says(talk, OWNER)
    talk.later(200)
    assert "within 100 s" in says(talk, MARY)
    talk.later(101)
    assert talk.verdict("r1") is not None and not allowed(talk)
    late = waiting(within=timedelta(hours=2))
    late.later(14 * 60)
    assert "within 1 min" in says(late, OWNER)


def test_the_record_says_who_vouched() -> None:
    """Both humans stand in the journal with the kernel's word on them, and the first with the time that is left."""
    talk = waiting()
    says(talk, OWNER)
    says(talk, MARY)
    first, second = (record for record in talk.records(EscalationAnswered) if isinstance(record, EscalationAnswered))
    assert (first.approver, second.approver) == (OWNER, MARY)
    assert first.use_by is not None and second.use_by is None


def _journal(talk: Talk) -> list[Json]:
    from supervisor.core.orders import Write

    written = [order.record for order in talk.said if isinstance(order, Write)]
    return [{"seq": seq, "time": rfc3339(talk.now), **to_json(record)} for seq, record in enumerate(written)]


def _under(talk: Talk) -> Scope:
    return talk.session.scope


def test_a_journal_of_two_humans_replays() -> None:
    """The same two humans lead to the same verdict; with one of them twice in it the journal departs from that."""
    talk = waiting()
    says(talk, OWNER)
    says(talk, MARY)
    lines = _journal(talk)
    assert replay(lines, _under(talk)) is None
    forged = [dict(line) for line in lines]
    for line in forged:
        if line.get("approver", {}).get("id") == MARY.id:
            line["approver"] = to_json(OWNER)
    found = replay(forged, _under(talk))
    assert found is not None


def test_who_must_agree_is_part_of_the_question() -> None:
    """An allow for one pair of roles is no answer to a question that wants another."""
    one = waiting(PUSH).session.waiting["e1"].digest
    other = waiting(replace(PUSH, owner="excluded")).session.waiting["e1"].digest
    assert one != other and "what was shown" in waiting().answer("once", digest=other).why


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ((2, "approver"), (2, "approver"), False),
        ((3, "approver"), (2, "approver"), False),
        ((2, "approver"), (3, "approver"), True),
        ((2, "approver"), (2, "security"), True),
        ((0, ""), (2, "approver"), True),
        ((2, "approver"), (0, ""), False),
        ((2, ""), (2, "approver"), False),
    ],
)
def test_a_condition_that_wants_others_by_now_is_noticed(
    before: tuple[int, str], after: tuple[int, str], more: bool
) -> None:
    """Those who agreed to what was shown do not stand in for people of another role, or for more of them."""

    def decision(count: int, role: str) -> Decision:
        return Decision(
            Effect.ASK, four_eyes=count, condition=Condition(Effect.ASK, "c.rego", four_eyes=count, role=role)
        )

    assert wants_more(decision(*after), decision(*before)) is more
