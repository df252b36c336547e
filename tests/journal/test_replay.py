"""A journal replayed through the session core comes to the same verdicts, and to no others."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

decide = pytest.importorskip("supervisor.policy.decide", reason="the policy is not built yet", exc_type=ImportError)

from supervisor.core.orders import AgentEnded, Checked, GrantRevoked, Tick, Withdrawn, Write  # noqa: E402
from supervisor.journal.redact import Redactor  # noqa: E402
from supervisor.journal.replay import replay  # noqa: E402
from supervisor.model.codec import Json, rfc3339, to_json  # noqa: E402
from supervisor.model.effect import Effect  # noqa: E402
from supervisor.model.event import GatesChecked, GateStatus  # noqa: E402
from supervisor.model.grant import ExecMatcher  # noqa: E402
from tests.core.desk import Talk, talk  # noqa: E402

RULES = ((Effect.ALLOW, "git status"), (Effect.ASK, "git push"), (Effect.DENY, "terraform destroy"))
GRANT = ExecMatcher("git", ("push",))


class Recorded(Talk):
    """A conversation whose journal lines are kept, each with its time."""

    def tell(self, event):  # type: ignore[no-untyped-def]
        orders = super().tell(event)
        for order in orders:
            if isinstance(order, Write):
                self.lines.append(
                    {"seq": len(self.lines), "time": rfc3339(self.now), **to_json(order.record), "prev": "", "hash": ""}
                )
        return orders

    def newest(self) -> str:
        """The question that was opened last."""
        return f"e{self.session.opened}"

    @classmethod
    def of(cls, **more: object) -> Recorded:
        """A conversation with the rules of this module."""
        desk = talk(*RULES, **more)
        made = cls(desk.session)
        made.lines: list[Json] = []
        return made


def everything() -> Recorded:
    """A session in which everything happens that the core knows."""
    desk = Recorded.of()
    desk.ask("git status")
    desk.ask("terraform destroy")
    desk.ask("git push origin")
    desk.ask("git push origin")
    desk.show()
    desk.later(3)
    desk.answer("once")
    desk.ask("git push --force")
    desk.ask("git push --tags")
    desk.show("e2")
    desk.answer("task", "e2", matcher=GRANT, minutes=5, message="for the release")
    desk.ask("git push again")
    desk.later(301)
    desk.ask("git push later")
    desk.tell(Withdrawn("r8", "the program ⟨was⟩ killed"))
    desk.ask("git push denied")
    desk.answer("deny", desk.newest(), message="no")
    desk.ask("git push denied")
    desk.ask("unknown program")
    desk.later(16 * 60)
    desk.ask("git push more")
    desk.show(desk.newest())
    desk.answer("task", desk.newest(), matcher=GRANT, minutes=60)
    desk.tell(GrantRevoked("g2", "dev"))
    desk.ask("git push at the end")
    desk.later(1)
    desk.tell(AgentEnded(3, "the agent ended"))
    return desk


def test_a_journal_replays_to_itself() -> None:
    """The same requests and answers lead to the same decisions, verdicts, grants and ends."""
    desk = everything()
    kinds = {line["kind"] for line in desk.lines}
    assert {"escalation.expired", "grant.ended", "request", "session.ended"} <= kinds
    assert replay(desk.lines, desk.session.scope) is None


@pytest.mark.parametrize("cut", range(1, 30, 3))
def test_a_journal_that_was_cut_off_replays_as_far_as_it_goes(cut: int) -> None:
    """A crash between two records is no difference."""
    desk = everything()
    assert replay(desk.lines[:-cut], desk.session.scope) is None


def test_a_verdict_that_the_scope_does_not_lead_to_is_found() -> None:
    """A denial that was written as an allow, or an answer that was made up, is named by its line."""
    desk = everything()
    denied = next(line for line in desk.lines if line["kind"] == "verdict" and line["effect"] == "deny")
    forged = [{**line, "effect": "allow"} if line is denied else line for line in desk.lines]
    found = replay(forged, desk.session.scope)
    assert found is not None and found.seq == denied["seq"] and found.replayed["effect"] == "deny"
    made_up = {
        "kind": "verdict",
        "request": "r99",
        "effect": "allow",
        "by": "policy",
        "seq": 999,
        "time": rfc3339(desk.now),
    }
    found = replay([*desk.lines, made_up], desk.session.scope)
    assert found is not None and found.seq == 999 and found.replayed is None


def test_an_answer_to_what_was_never_shown_is_found() -> None:
    """Taking out the line that says a question was on a screen makes its allow unexplained."""
    desk = everything()
    lines = [line for line in desk.lines if line["kind"] != "escalation.shown"]
    assert replay(lines, desk.session.scope) is not None


def test_another_scope_is_found() -> None:
    """Under a scope with other rules, the journal is not what would have happened."""
    desk = everything()
    other = talk((Effect.DENY, "git status")).session.scope
    assert replay(desk.lines, replace(other, digest=desk.session.scope.digest)) is not None


def test_the_end_of_the_tasks_time_is_replayed() -> None:
    """The deadline comes from the journal's scope line; a session without a human is replayed as one."""
    desk = Recorded.of(unattended="nobody attends")
    deadline = desk.now + timedelta(minutes=1)
    desk.session = replace(desk.session, deadline=deadline)
    desk.ask("git push")
    desk.now = deadline
    desk.ask("git status")
    loaded = {"kind": "scope.loaded", "scope": "task", "task": "t", "digest": "d", "source": "s"}
    first = {**loaded, "expires": rfc3339(deadline), "seq": 0, "time": desk.lines[0]["time"]}
    assert replay([first, *desk.lines], desk.session.scope, unattended="nobody attends") is None
    assert replay([first, *desk.lines], desk.session.scope) is None, "it stands in the verdict"
    assert replay(desk.lines, desk.session.scope) is not None


def test_a_redacted_journal_replays() -> None:
    """Taking secrets out of a question changes neither its decision nor its verdict, only its digest is of before."""
    desk = Recorded.of()
    desk.ask("git push https://dev:hunter2hunter2@example.com/x")
    desk.show()
    desk.answer("once")
    clean = [Redactor()(line) for line in desk.lines]
    assert "hunter2" not in json.dumps(clean)
    assert replay(clean, desk.session.scope) is None


def test_a_tick_without_effect_leaves_no_trace() -> None:
    """Time that passes without anything falling due writes nothing, and replays as nothing."""
    desk = Recorded.of()
    desk.ask("git status")
    before = len(desk.lines)
    desk.tell(Tick())
    assert len(desk.lines) == before and replay(desk.lines, desk.session.scope) is None


def test_what_canaries_showed_is_replayed() -> None:
    """A gate that failed ends the session: later denials follow from it, and without its line they are unexplained."""
    desk = Recorded.of()
    desk.tell(Checked(GatesChecked((GateStatus("exec", True),))))
    desk.ask("git push origin")
    desk.tell(Checked(GatesChecked((GateStatus("exec", False, "it let go"),))))
    desk.ask("git status")
    desk.tell(AgentEnded(70, "the exec gate failed"))
    assert replay(desk.lines, desk.session.scope) is None
    assert replay([line for line in desk.lines if line["kind"] != "gates.checked"], desk.session.scope) is not None
