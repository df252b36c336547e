"""The guards against a careless yes, as properties."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.arming import LIFE, QUIET_MS, Arming, Bar, Choice, Phase, Turn, phrase
from supervisor.model.grant import Answer

DIGEST = "sha256:aa"
CHOICES: tuple[Choice, ...] = ("once", "task", "deny")

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("saw"), st.integers(0, 9), st.integers(0, 12), st.sampled_from([5, 10])),
        st.tuples(st.just("key")),
        st.tuples(st.just("name"), st.sampled_from(["", "prod", "prod-data", "prod-data "])),
        st.tuples(st.just("turn"), st.sampled_from(list(Turn))),
        st.tuples(st.just("changed")),
        st.tuples(st.just("wait"), st.integers(0, 900)),
    ),
    max_size=25,
)


def play(steps: list[tuple[Any, ...]], names: tuple[str, ...] = ("prod-data",)) -> tuple[Arming, int, list[Any]]:
    arming, now, last_key = Arming("e1", DIGEST, names), 1000, -10_000
    log: list[Any] = []
    for step in steps:
        match step:
            case ("saw", first, last, rows):
                arming = arming.saw(first, last, rows, DIGEST, now)
            case ("key",):
                arming, last_key = arming.pressed(now), now
            case ("name", typed):
                arming = arming.name(typed)
            case ("turn", turn):
                arming = arming.turn(turn)
            case ("changed",):
                arming = arming.saw(0, 1, 10, "sha256:other", now)
            case ("wait", duration):
                now += duration
        log.append((step, now, last_key))
    return arming, now, log


def whole_was_shown(log: list[Any]) -> bool:
    """True if the steps showed every row of one layout before another layout came."""
    rows, seen = 0, set[int]()
    for step, _, _ in log:
        if step[0] == "saw":
            _, first, last, height = step
            seen = seen if height == rows else set()
            rows = height
            seen |= set(range(first, min(last, height)))
            if len(seen) == height:
                return True
    return False


@given(STEPS, st.sampled_from(CHOICES))
def test_an_answer_carries_the_digest_and_passed_every_guard(steps: list[tuple[Any, ...]], choice: Choice) -> None:
    """An answer exists only if all guards held at that moment, and it names what was shown."""
    arming, now, log = play(steps)
    answer = arming.answer(choice, now)
    if isinstance(answer, Bar):
        return
    assert answer.digest == DIGEST and answer.escalation == "e1"
    assert arming.phase is Phase.OPEN
    assert ("changed",) not in [step for step, _, _ in log]
    last_key = log[-1][2] if log else -10_000
    assert now - last_key >= QUIET_MS
    if choice != "deny":
        assert arming.read and whole_was_shown(log)
        assert answer.typed == "prod-data"


@given(st.lists(st.integers(0, QUIET_MS - 1), min_size=1, max_size=60), st.sampled_from(CHOICES))
def test_there_is_no_ceiling(pauses: list[int], choice: Choice) -> None:
    """Someone who keeps typing with pauses under the quiet time never arms a question, however long it takes."""
    now = 0
    arming = Arming("e1", DIGEST).saw(0, 4, 4, DIGEST, now)
    for pause in pauses:
        now += pause
        assert arming.answer(choice, now) is Bar.UNQUIET
        arming = arming.pressed(now)


@pytest.mark.parametrize("choice", CHOICES)
def test_nothing_answers_before_it_was_shown(choice: Choice) -> None:
    """A question that was never drawn cannot be answered, whatever the clock says."""
    assert isinstance(Arming("e1", DIGEST).answer(choice, 10**9), Bar)


@given(st.integers(1, 200), st.data())
def test_one_unseen_row_bars_an_allow(rows: int, data: st.DataObject) -> None:
    """If a single row of the request has not been on screen, no allow exists; a deny does."""
    missing = data.draw(st.integers(0, rows - 1))
    arming = Arming("e1", DIGEST).saw(0, missing, rows, DIGEST, 0).saw(missing + 1, rows, rows, DIGEST, 0)
    assert arming.unread == 1
    assert arming.answer("once", 5000) is Bar.UNREAD
    assert arming.answer("task", 5000) is Bar.UNREAD
    if rows > 1:
        assert isinstance(arming.answer("deny", 5000), Answer)


def test_an_unfinished_reading_begins_again_in_another_layout() -> None:
    """After a resize that changes the height, rows seen before do not count, unless it had been read to the end."""
    arming = Arming("e1", DIGEST).saw(0, 3, 4, DIGEST, 0).saw(3, 9, 9, DIGEST, 10)
    assert arming.answer("once", 5000) is Bar.UNREAD
    arming = Arming("e1", DIGEST).saw(0, 4, 4, DIGEST, 0).saw(0, 4, 9, DIGEST, 10)
    assert isinstance(arming.answer("once", 5000), Answer)


@given(st.text(max_size=12))
def test_the_name_is_compared_exactly(typed: str) -> None:
    """Only the exact name arms an act that cannot be undone."""
    arming = Arming("e1", DIGEST, ("prod-data",)).saw(0, 1, 1, DIGEST, 0).name(typed)
    assert (arming.answer("once", 5000) is Bar.UNNAMED) == (typed != "prod-data")


def test_a_name_with_hidden_characters_is_typed_as_it_is_shown() -> None:
    """What has to be typed is the visible form, so that a name cannot hide a character from who types it."""
    assert phrase(("a\u202eb", "c")) == "a⟨U+202E⟩b c"


@pytest.mark.parametrize("turn", list(Turn))
def test_a_closed_question_stays_closed(turn: Turn) -> None:
    """Nothing reopens a question that changed, expired or was answered elsewhere."""
    arming = Arming("e1", DIGEST).saw(0, 1, 1, DIGEST, 0).turn(Turn.GONE, "expired").turn(turn, "x")
    assert arming.phase is Phase.CLOSED and arming.why == "expired"
    assert [arming.bar(choice, 9999) for choice in CHOICES] == [Bar.CLOSED] * 3


def test_an_answer_on_its_way_bars_a_second_one() -> None:
    """A second key does nothing until the session has said what became of the first."""
    arming = Arming("e1", DIGEST).saw(0, 1, 1, DIGEST, 0).turn(Turn.SENT)
    assert arming.bar("deny", 9999) is Bar.SENT
    assert arming.turn(Turn.REFUSED).bar("deny", 9999) is None


def test_the_table_covers_what_the_header_says() -> None:
    """Every pair outside the table leaves the phase as it is."""
    for phase in Phase:
        for turn in Turn:
            arming = Arming("e1", DIGEST, phase=phase)
            assert arming.turn(turn).phase is LIFE.get((phase, turn), phase)
