"""Hostile text on real screens: nothing acts, nothing is hidden, nothing looks like something else."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.console import words
from supervisor.console.card.draw import request_rows
from supervisor.console.fold import fold
from supervisor.console.look import ASCII, UNICODE, Look, Mark
from supervisor.console.rows import clip, fold_call, wrap
from supervisor.console.rows import fold as fold_text
from supervisor.console.story import Story
from supervisor.model.request import Exec
from supervisor.model.visible import visible
from tests.scenarios import stories
from tests.scenarios.pictures import PREFIX, SIZES
from tests.scenarios.stage import session_stage

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def bad(text: str) -> list[str]:
    return [char for char in text if char != "\n" and unicodedata.category(char) in HIDDEN]


@pytest.mark.parametrize("size", SIZES)
async def test_no_control_character_reaches_the_terminal(size: tuple[int, int]) -> None:
    """Card, timeline, details and the whole request draw printable characters only, and markup is text."""
    async with session_stage(stories.hostile(), size) as stage:
        seen = stage.text()
        await stage.press(PREFIX)
        await stage.read_all()
        for keys in (("v",), ("escape", "t"), ("up", "enter"), ("escape", "colon"), ("escape", "question_mark")):
            await stage.press(*keys)
            seen += stage.text()
        assert bad(seen) == []
        assert "⟨U+001B⟩" in seen and "[bold red]" in seen
        assert stage.pilot.app.is_running


async def test_a_hundred_kilobytes_are_shown_whole_and_counted() -> None:
    """100 kB of arguments are on the card to the last character, with their length, and take scrolling."""
    lines = stories.hostile(extra=100_000)
    story = fold(Story(), lines.lines)
    (waiting,) = story.queue()
    rows = request_rows(waiting, 76, UNICODE)
    assert sum(row.plain.count("x") for row in rows) >= 100_000
    assert any("100,2" in row.plain for row in rows)
    async with session_stage(lines, (80, 24)) as stage:
        await stage.press(PREFIX, "end", "y")
        assert stage.session.said("answer") == []
        assert "rows to go" in stage.text() or "not been on screen" in stage.text()


@given(st.text(max_size=300), st.integers(2, 90))
def test_folding_keeps_every_character(text: str, width: int) -> None:
    """Cutting text into rows loses and adds nothing, and no row is wider than asked."""
    from rich.cells import cell_len

    shown = visible(text)
    rows = fold_text(shown, width)
    assert "".join(rows) == shown
    assert all(cell_len(row) <= width for row in rows)


@given(st.text(alphabet="ab \\↩", max_size=60), st.text(alphabet="ab \\↩", max_size=60), st.integers(4, 20))
def test_two_calls_never_give_the_same_rows(one: str, other: str, width: int) -> None:
    """What was read is what is approved: different calls are different on the screen at every width."""
    for look in (UNICODE, ASCII):
        rows = [line.plain for line in fold_call(visible(one), width, look)]
        if one != other:
            assert rows != [line.plain for line in fold_call(visible(other), width, look)]


@given(st.text(max_size=200), st.integers(2, 60))
def test_wrapping_keeps_every_word(text: str, width: int) -> None:
    """Wrapping at spaces keeps everything but the spaces at which it broke."""
    shown = visible(text)
    assert "".join(wrap(shown, width)).replace(" ", "") == shown.replace(" ", "")


@given(st.text(max_size=60), st.integers(1, 40))
def test_what_is_cut_says_so(text: str, width: int) -> None:
    """A text that does not fit ends in an ellipsis and still fits."""
    from rich.cells import cell_len

    shown = visible(text)
    cut = clip(shown, width)
    assert cell_len(cut) <= width
    assert cut == shown or cut.endswith("…")


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5), st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_the_raw_call_is_injective(one: list[str], other: list[str]) -> None:
    """Two different argument lists never read the same: words are quoted and every character is visible."""
    if one != other:
        calls = [words.raw(Exec("/bin/x", tuple(argv), "/")) for argv in (one, other)]
        assert calls[0] != calls[1]


@pytest.mark.parametrize("look", [UNICODE, ASCII])
def test_no_two_states_differ_by_colour_alone(look: Look) -> None:
    """Every mark has a word and a shape that no other has, in Unicode and in ASCII."""
    assert len({mark.word.lower() for mark in Mark}) == len(Mark)
    assert len({look.shape(mark) for mark in Mark}) == len(Mark)
    assert all(len(look.shape(mark)) == 1 for mark in Mark)


async def test_armed_and_disarmed_keys_read_differently() -> None:
    """Whether the keys answer is said in words and brackets, not by a colour."""
    async with session_stage(stories.asking(), (120, 36)) as stage:
        await stage.press(PREFIX)
        stage.screen.draw_now()
        await stage.pilot.pause()
        resting = stage.text()
        stage.ticks.ms += 1000
        stage.screen.draw_now()
        await stage.pilot.pause()
        assert "[y]" not in resting and "rest your keys" in resting
        assert "[y]" in stage.text() and "your answer?" in stage.text()


async def test_a_row_of_a_call_never_looks_like_a_row_of_ours() -> None:
    """Every row of a raw call stands behind a bar, and every row of a field is indented: neither can be forged."""
    action = Exec("/x", ("x", "why   harmless rule  nothing to see from  you"), "/")
    lines = stories.started()
    request = lines.request(action, reason="why   ask nobody\nrule  none")
    from supervisor.model.decision import Decision
    from supervisor.model.effect import Effect

    lines.ask("e1", request, Decision(Effect.ASK, explain="no rule"))
    (waiting,) = fold(Story(), lines.lines).queue()
    for width in (20, 34, 76):
        rows = [row.plain for row in request_rows(waiting, width, UNICODE)]
        labels = [row[:6].strip() for row in rows if row[:1] not in (" ", "▏")]
        assert [label for label in labels if label in ("why", "rule", "from")] == ["from", "why"]
