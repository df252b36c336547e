"""Keys, plans and alerts: the parts of the console that need no screen."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.console.alerts import BURST_MS, Alerts
from supervisor.console.bindings import BINDINGS, Where, at, cap_of
from supervisor.console.card.grant import minutes_of, with_words
from supervisor.console.fold import fold
from supervisor.console.line import Line
from supervisor.console.pages import key_table
from supervisor.console.session.plan import SHEET, SMALLEST, WIDE, plan
from supervisor.console.session.seat import Give, Leave, Seat, ToAgent
from supervisor.console.story import Story
from supervisor.core.arming import QUIET_MS
from supervisor.core.keys import Router
from supervisor.model.grant import ExecMatcher
from tests.scenarios import stories
from tests.scenarios.journal import START, Lines
from tests.scenarios.pictures import PREFIX

LATER = START + timedelta(minutes=1)
KEYS = sorted({binding.key for binding in BINDINGS} | {PREFIX, "x", "1", "tab", "backspace"})


def seat(lines: Lines) -> Seat:
    here = Seat(fold(Story(), lines.lines), Router())
    here.sync(0)
    return here


def read(here: Seat, ms: int) -> None:
    assert here.cards.current is not None
    here.cards.saw(frozenset(range(9)), 9, here.cards.tag, ms)


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 900)), max_size=60))
def test_whatever_is_pressed_enter_and_type_ahead_never_answer(presses: list[tuple[str, int]]) -> None:
    """An answer comes only from a key of the card, in the panel, after rest; Enter gives none but a typed denial."""
    here, ms = seat(stories.queue()), 0
    for key, pause in presses:
        ms += pause
        if here.cards.current is not None:
            read(here, ms)
        before = here.where
        wish = here.key(key, key if len(key) == 1 else None, ms, LATER)
        if isinstance(wish, Give):
            assert before in (Where.CARD, Where.GRANT, Where.TYPING)
            assert key != "enter" or (wish.answer.choice == "deny" and wish.answer.message)
            assert key == "enter" or pause >= QUIET_MS
            assert wish.answer.digest in {waiting.digest for waiting in here.cards.queue}
        if before is Where.AGENT and key != PREFIX:
            assert isinstance(wish, ToAgent)


@given(st.lists(st.sampled_from(KEYS), max_size=60))
def test_the_agent_gets_its_keys_in_order(keys: list[str]) -> None:
    """What reaches the agent is what was pressed while it had the keyboard, and the doubled prefix."""
    here, got, expected = seat(stories.quiet()), [], []
    for number, key in enumerate(keys):
        before = here.router
        wish = here.key(key, key if len(key) == 1 else None, number * 1000, LATER)
        if isinstance(wish, ToAgent):
            got.append(key)
        if (not before.in_panel and key != PREFIX) or (key == PREFIX and before.entered_by == PREFIX):
            expected.append(key)
        if wish in (Leave.DETACH, Leave.KILL):
            break
    assert got == expected


@pytest.mark.parametrize("where", list(Where))
def test_a_key_means_one_thing_at_a_place(where: Where) -> None:
    """No place has two bindings for one key."""
    keys = [binding.key for binding in at(where)]
    assert len(keys) == len(set(keys))


def test_every_key_is_in_the_readme_table() -> None:
    """The table for the README is made from the same bindings and names each."""
    table = key_table(cap_of(PREFIX))
    assert all(f"`{binding.cap}`" in table and binding.help in table for binding in BINDINGS)


def test_the_palette_answers_nothing() -> None:
    """What the palette offers never allows, denies or kills."""
    here = seat(stories.queue())
    here.key(PREFIX, None, 0, LATER)
    here.key("colon", ":", 1000, LATER)
    assert {binding.does for binding in here.found()} == {"whole", "timeline", "help", "detach", "sure"}


@given(st.integers(1, 400), st.integers(1, 120), st.booleans(), st.booleans(), st.integers(0, 200), st.integers(0, 120))
def test_the_terminals_size_depends_on_the_window_alone(
    columns: int, rows: int, waiting: bool, in_panel: bool, wanted: int, cursor: int
) -> None:
    """No question, key or content changes the size of the agent's terminal, and the sheet fits into the window."""
    here = plan(columns, rows, waiting=waiting, in_panel=in_panel, wanted=wanted, cursor=cursor)
    assert here.terminal == plan(columns, rows).terminal
    assert here.wide == (columns >= WIDE)
    if here.wide:
        assert here.terminal[0] + here.panel == columns and here.terminal[0] >= 82 and here.panel >= 36
    elif not here.too_small:
        assert here.sheet <= rows - 1
        assert here.sheet in (0, SHEET) or in_panel
    assert here.too_small == (columns < SMALLEST[0] or rows < SMALLEST[1])


def test_the_sheet_moves_out_of_the_cursors_way() -> None:
    """While the agent has the keyboard, the sheet lies where its cursor is not."""
    assert plan(80, 24, waiting=True, cursor=20).at_top
    assert not plan(80, 24, waiting=True, cursor=5).at_top


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 4)), max_size=20))
def test_one_bell_for_a_burst(steps: list[tuple[int, int]]) -> None:
    """Two bells are never closer than the burst time, and nothing that is asked is in a notification."""
    alerts, ms, rung = Alerts("agent", looked_at=False), 0, []
    waiting: list[str] = []
    for pause, more in steps:
        ms += pause
        waiting += [f"secret-{len(waiting) + number}" for number in range(more)]
        out = alerts.update(list(waiting), ms)
        assert "secret" not in out
        if out.startswith("\a"):
            rung.append(ms)
    assert all(later - sooner > BURST_MS for sooner, later in pairwise(rung))


def test_the_title_counts_and_a_blurred_window_is_notified() -> None:
    """The window's title says how many wait; OSC 9 is sent only while the window is not looked at."""
    alerts = Alerts("agent")
    assert alerts.update(["e1"], 0) == "\a\x1b]2;▲ 1 waiting · agent\a"
    assert alerts.update(["e1"], 10) == ""
    assert alerts.update([], 20) == "\x1b]2;agent\a"
    alerts.looked_at = False
    assert "\x1b]9;agent-supervise: 2 questions wait\a" in alerts.update(["e2", "e3"], 10_000)


def test_an_edited_grant_still_covers_the_call() -> None:
    """Words may be taken away or added along the call, never replaced by others."""
    (waiting,) = fold(Story(), stories.asking().lines).queue()
    exact, folder, _ = waiting.offers
    narrower = with_words(folder, "apply -auto-approve", waiting.request)
    assert not isinstance(narrower, str) and narrower.matcher == ExecMatcher(
        "terraform", ("apply", "-auto-approve"), "/home/dev/site"
    )
    wider = with_words(exact, "apply", waiting.request)
    assert not isinstance(wider, str) and wider.matcher == ExecMatcher("terraform", ("apply",), "/home/dev/site")
    for wrong in ("", "destroy", "apply destroy", "'apply", "-auto-approve"):
        assert isinstance(with_words(folder, wrong, waiting.request), str)


@pytest.mark.parametrize(("text", "good"), [("30", True), ("0", False), ("-1", False), ("1e3", False), ("121", False)])
def test_a_grant_ends_with_the_task(text: str, good: bool) -> None:
    """Minutes are whole, at least one, and no longer than the scope has left."""
    assert minutes_of(text, START + timedelta(hours=2), START) == int(text) if good else True
    assert isinstance(minutes_of(text, START + timedelta(hours=2), START), int) is good


@given(
    st.lists(
        st.sampled_from(["a", "é", "漢", "left", "right", "home", "end", "backspace", "delete", "ctrl+w"]), max_size=40
    )
)
def test_the_cursor_stays_in_the_line(keys: list[str]) -> None:
    """Whatever is pressed, the cursor is inside the text and the drawn line fits."""
    line = Line()
    for key in keys:
        line = line.key(key, key if len(key) == 1 else None) or line
        assert 0 <= line.cursor <= len(line.text)
