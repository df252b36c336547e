"""What the screens know after some journal lines."""

from __future__ import annotations

import random
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.console.entry import FILTERS, Kind, chosen
from supervisor.console.fold import fold, take
from supervisor.console.story import Story
from supervisor.console.timeline import DETAIL_BYTES, KEPT, Timeline
from supervisor.model.decision import By, Decision, RuleRef
from supervisor.model.effect import Effect
from supervisor.model.event import DecisionRecord, SessionEnded, VerdictRecord
from supervisor.model.visible import visible
from tests.scenarios import stories
from tests.scenarios.journal import Lines


def shown(story: Story) -> list[tuple[Any, ...]]:
    return [(entry.kind, entry.line(), entry.outcome) for entry in story.timeline]


def test_quiet_allows_are_one_entry() -> None:
    """Program starts that nobody was asked about are one line with names and counts."""
    story = fold(Story(), stories.quiet().lines)
    allowed = [entry for entry in story.timeline if entry.kind is Kind.ALLOWED]
    assert [entry.count for entry in allowed] == [15, 2]
    assert allowed[0].line() == "git ×2, npm ×2, node ×9, rg, sed"
    assert (story.counts.allowed, story.counts.denied, story.counts.asked) == (17, 1, 0)


def test_the_denial_says_why_and_where() -> None:
    """A denied request names its rule's reason, file and line, and who started it."""
    story = fold(Story(), stories.quiet().lines)
    (denied,) = chosen(list(story.timeline), "denied", "")
    assert denied.title == "terraform -chdir=infra destroy -auto-approve"
    assert denied.why == "nothing in this task destroys infrastructure"
    assert denied.place == "scopes/s3-static-site.yaml:31"
    assert denied.who == "bash 4119 ← claude 4100"


def test_what_nobody_was_asked_about_is_a_denial_by_its_own_name() -> None:
    """Without a human, or denied again, a request that the policy would ask about is listed as what it was."""
    lines = Lines()
    why = RuleRef("commands", Effect.ASK, "scopes/developer.yaml", 9, "ask: git push")
    for number, by in enumerate((By.TIMEOUT, By.HUMAN)):
        request = lines.run("git push")
        lines.add(DecisionRecord(request, Effect.ASK, Decision(Effect.ASK, (why,), "`git push` asks")))
        lines.add(VerdictRecord(request.id, Effect.DENY, by, f"reason {number}"))
    story = fold(Story(), lines.lines)
    denied = chosen(list(story.timeline), "denied", "")
    assert [(entry.title, entry.outcome) for entry in denied] == [
        ("git push", "denied: reason 0"),
        ("git push", "denied: reason 1"),
    ]
    assert {entry.place for entry in denied} == {"scopes/developer.yaml:9"}
    assert (story.counts.denied, story.counts.asked) == (2, 0)


def test_the_queue_is_oldest_first_and_counts_what_merged() -> None:
    """Questions wait in the order in which they came; an equal request adds to the count of the first."""
    story = fold(Story(), stories.queue().lines)
    assert [(waiting.id, waiting.merged) for waiting in story.queue()] == [("e1", 1), ("e2", 0), ("e3", 0)]


def test_an_answer_closes_its_question_and_says_who() -> None:
    """After the answer nothing waits, and both the question and the answer say what became of it."""
    story = fold(Story(), stories.answered().lines)
    assert story.queue() == []
    asked = [entry.outcome for entry in story.timeline if entry.kind is Kind.ASKED]
    assert asked == ["allowed for the task by dev", "denied by dev"]
    assert story.why_gone("e2") == "denied by dev"
    assert list(story.grants) == ["g1"]


def test_the_end_closes_everything() -> None:
    """When the session ends, no question, grant or credential is left."""
    lines = stories.queue()
    story = fold(Story(), lines.add(SessionEnded(137, "killed")).lines)
    assert (story.queue(), story.grants, story.credentials) == ([], {}, {})
    assert story.why_gone("e1") == "the session ended"


@given(st.integers(0, 2**32))
def test_the_fold_does_not_depend_on_batches(seed: int) -> None:
    """Lines folded one by one, in batches, or with repeats after a reconnect give the same story."""
    lines = stories.ended().lines
    whole, parts, chance = fold(Story(), lines), Story(), random.Random(seed)
    at = 0
    while at < len(lines):
        step = chance.randint(1, 7)
        fold(parts, lines[max(0, at - chance.randint(0, 3)) : at + step])
        at += step
    assert shown(parts) == shown(whole)
    assert parts.counts == whole.counts


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KINDS = sorted({line["kind"] for line in stories.ended().lines})


@given(
    st.dictionaries(st.sampled_from(["seq", "time", "request", "decision", "escalation", "by"]), JSONISH),
    st.sampled_from(KINDS),
)
def test_garbage_becomes_an_entry_and_never_an_error(line: dict[str, Any], kind: str) -> None:
    """Any object with any kind is folded without raising; what is not understood is on the timeline as a fault."""
    story = Story()
    take(story, {**line, "kind": kind})
    assert story.counts.faults in (0, 1)


def test_text_is_visible_in_every_entry() -> None:
    """No control character of a request survives into what an entry shows."""
    story = fold(Story(), stories.hostile().lines)
    for entry in story.timeline:
        for text in (entry.title, entry.why, entry.place, entry.who, entry.outcome):
            assert text.isprintable(), text


@pytest.mark.parametrize("text", ["⟨", "a⟨U+001B⟩"])
def test_visible_is_applied_exactly_once(text: str) -> None:
    """An escaped bracket is shown as `visible` shows it, not escaped twice."""
    lines = Lines()
    story = fold(Story(), lines.allow(f"echo {text}").lines)
    (entry,) = story.timeline
    assert visible(text) in entry.title


@pytest.mark.long
def test_a_hundred_thousand_lines_stay_small() -> None:
    """A long session keeps the newest entries only, says how many it dropped, and folds in seconds."""
    lines = Lines()
    for number in range(250):
        lines.deny(lines.run(f"tool {number}"), RuleRef("commands", Effect.DENY, "f", 1, "deny: tool"))
    block = list(lines.lines)
    story, begun = Story(timeline=Timeline()), time.process_time()
    for turn in range(200):
        for line in block:
            take(story, {**line, "seq": turn * len(block) + line["seq"]})
    took = time.process_time() - begun
    assert story.next_seq == 100_000
    assert len(story.timeline) == KEPT
    assert story.timeline.dropped == 50_000 - KEPT
    assert took < 20


def test_details_are_bounded_by_weight() -> None:
    """Denied calls with huge arguments do not pile up: the oldest records are forgotten, the entries stay."""
    lines, rule = Lines(), stories.quiet().lines
    denial = next(line for line in rule if line.get("effect") == "deny" and line["kind"] == "decision")
    story = Story()
    for seq in range(200):
        heavy = {
            **denial,
            "seq": seq,
            "request": {**denial["request"], "action": {**denial["request"]["action"], "argv": ["x" * 100_000]}},
        }
        take(story, heavy)
    assert story.timeline.detail_bytes <= DETAIL_BYTES
    assert len(story.timeline) == 200
    assert story.timeline.detail(200) is not None and story.timeline.detail(1) is None
    assert lines.lines == []


@pytest.mark.parametrize("name", [name for name, _ in FILTERS])
def test_filters_only_leave_out(name: str) -> None:
    """A filter keeps the order and invents nothing."""
    entries = list(fold(Story(), stories.ended().lines).timeline)
    kept = chosen(entries, name, "")
    assert [entry for entry in entries if entry in kept] == kept
    assert kept or name == "none"
