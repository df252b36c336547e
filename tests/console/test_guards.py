"""The six guards on the real app: real keys, a real socket, a clock that the test moves."""

from __future__ import annotations

import pytest

from supervisor.console.bindings import BINDINGS, Where
from supervisor.core.arming import QUIET_MS
from supervisor.model.codec import digest
from supervisor.model.event import EscalationAnswered, EscalationExpired
from tests.scenarios import stories
from tests.scenarios.pictures import PREFIX
from tests.scenarios.stage import Stage, session_stage

LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)]
SMALL, LARGE = (80, 24), (120, 36)


def answers(stage: Stage) -> list[tuple[str, str]]:
    return [(said["answer"]["escalation"], said["answer"]["choice"]) for said in stage.session.said("answer")]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_answers_exist_only_in_the_panel(size: tuple[int, int]) -> None:
    """Every letter typed while a question waits reaches the agent and answers nothing."""
    async with session_stage(stories.asking(), size) as stage:
        await stage.press(*LETTERS, "enter", "escape", "space")
        assert stage.pane.keys == [*LETTERS, "enter", "escape", "space"]
        assert answers(stage) == []


async def test_every_other_key_is_the_agents() -> None:
    """Keys that applications like to keep for themselves reach the agent, and the doubled prefix does too."""
    keys = ["ctrl+c", "ctrl+q", "ctrl+p", "ctrl+d", "ctrl+z", "ctrl+s", "ctrl+backslash", "tab", "shift+tab", "escape"]
    keys += ["enter", "f1", "f12", "pageup", "up", "ctrl+up", "home", "question_mark", "colon", "backspace"]
    async with session_stage(stories.quiet(), SMALL) as stage:
        await stage.press(*keys, PREFIX, PREFIX)
        assert stage.pane.keys == [*keys, PREFIX]


async def test_a_question_never_takes_the_keyboard() -> None:
    """A question that arrives while someone types changes nothing about who gets the next key."""
    lines = stories.quiet()
    before = len(lines.lines)
    later = stories.asking().lines[before:]
    async with session_stage(lines, SMALL) as stage:
        await stage.press("a")
        stage.session.tell(*later)
        await stage.until(lambda: stage.screen.seat.cards.current)
        await stage.press("y", "enter")
        assert stage.pane.keys == ["a", "y", "enter"]
        assert stage.screen.seat.where is Where.AGENT


@pytest.mark.parametrize("columns", [60, 80, 117, 118, 160])
async def test_a_question_never_resizes_the_agent(columns: int) -> None:
    """The agent's terminal keeps its size when a question arrives, is read and is answered."""
    lines = stories.quiet()
    later = stories.asking().lines[len(lines.lines) :]
    async with session_stage(lines, (columns, 24)) as stage:
        size = stage.pane.size
        stage.session.tell(*later)
        await stage.until(lambda: stage.screen.seat.cards.current)
        await stage.press(PREFIX, "t", "escape", "question_mark", "escape", "v", "escape")
        assert stage.pane.size == size
        assert len({tuple(seen) for seen in stage.pane.sizes}) == 1


async def test_it_must_be_read_to_the_end() -> None:
    """An allow does nothing until the last row was on screen; then the same key allows."""
    async with session_stage(stories.hostile(extra=3000), SMALL) as stage:
        await stage.press(PREFIX, "y")
        assert answers(stage) == [] and "not been on screen to its end" in stage.text()
        await stage.press("end", "y")
        assert answers(stage) == []
        await stage.press("home")
        await stage.read_all()
        (said,) = stage.session.said("shown")
        assert said["escalation"] == "e1" and said["digest"]
        await stage.press("y")
        await stage.until(lambda: answers(stage))
        assert answers(stage) == [("e1", "once")]


async def test_rows_under_a_page_are_not_read() -> None:
    """What lies under the help has not been on screen; after the help is closed it has."""
    lines = stories.quiet()
    later = stories.asking().lines[len(lines.lines) :]
    async with session_stage(lines, SMALL) as stage:
        await stage.press(PREFIX, "question_mark")
        stage.session.tell(*later)
        await stage.until(lambda: stage.screen.seat.cards.current)
        await stage.press("down", "up")
        assert not stage.screen.seat.cards.arming.read
        await stage.press("escape")
        await stage.until(lambda: stage.screen.seat.cards.arming.read)


async def test_rows_of_one_question_never_count_for_another() -> None:
    """Rows that were drawn for the question before are passed over when another one is on the card."""
    async with session_stage(stories.queue(), LARGE) as stage:
        cards = stage.screen.seat.cards
        tag = cards.tag
        cards.turn_to(1)
        assert not cards.saw(frozenset(range(40)), 40, tag, stage.ticks())
        assert cards.arming.rows == 0


async def test_a_screen_at_rest_draws_nothing_but_the_clock() -> None:
    """While nothing happens, the screen is drawn once a second for the countdown, not more."""
    async with session_stage(stories.queue(), LARGE) as stage:
        await stage.press(PREFIX)
        await stage.pilot.pause(0.6)
        drawn = 0
        draw = stage.screen.panel.draw

        def counted(*arguments: object) -> None:
            nonlocal drawn
            drawn += 1
            draw(*arguments)

        stage.screen.panel.draw = counted
        await stage.pilot.pause(1.0)
        assert drawn <= 2


async def test_keys_must_rest_and_there_is_no_ceiling() -> None:
    """Keys that come faster than the quiet time never answer, however many there are."""
    async with session_stage(stories.asking(), LARGE) as stage:
        await stage.press(PREFIX)
        await stage.press(*["y", "n"] * 15, rest=QUIET_MS - 1)
        assert answers(stage) == []
        await stage.press("y", rest=QUIET_MS)
        await stage.until(lambda: answers(stage))
        assert answers(stage) == [("e1", "once")]


async def test_a_double_tap_does_not_answer_the_next_question() -> None:
    """When the first question is answered, the same key pressed again at once does not answer the second."""
    async with session_stage(stories.queue(), LARGE) as stage:
        await stage.press(PREFIX)
        await stage.read_all()
        await stage.press("y")
        await stage.until(lambda: answers(stage))
        answered = EscalationAnswered("e1", "once", "dev")
        stage.session.tell(*numbered(stage, answered))
        await stage.until(lambda: stage.screen.seat.cards.current.id == "e2")
        await stage.press("y", "y", "n", rest=50)
        assert answers(stage) == [("e1", "once")]


async def test_enter_never_allows() -> None:
    """Enter does nothing to a question at any stage of answering it."""
    async with session_stage(stories.queue(), LARGE) as stage:
        await stage.press(PREFIX)
        await stage.read_all()
        await stage.press("enter", "s", "enter", "enter", "escape", "enter")
        assert answers(stage) == []
    answering = {Where.CARD, Where.GRANT}
    assert not [binding for binding in BINDINGS if binding.key == "enter" and binding.where & answering]


async def test_esc_leaves_it_undecided() -> None:
    """Esc gives the keyboard back; the question waits as before and the agent gets the next key."""
    async with session_stage(stories.asking(), SMALL) as stage:
        await stage.press(PREFIX, "escape", "x")
        assert stage.pane.keys == ["x"] and answers(stage) == []
        assert stage.screen.seat.cards.current is not None


async def test_what_cannot_be_undone_wants_its_name() -> None:
    """Only the exact name arms the key, and typing it allows nothing by itself."""
    async with session_stage(stories.irreversible(), LARGE) as stage:
        await stage.press(PREFIX)
        await stage.read_all()
        await stage.press("y", *"prod", "enter")
        assert answers(stage) == [] and "that is not the name" in stage.text()
        await stage.press(*"-data", "enter")
        assert answers(stage) == []
        await stage.press("y")
        await stage.until(lambda: answers(stage))
        (said,) = stage.session.said("answer")
        assert said["answer"]["typed"] == "prod-data"


async def test_a_name_cannot_be_pasted() -> None:
    """A pasted name is refused and said to be."""
    async with session_stage(stories.irreversible(), LARGE) as stage:
        await stage.press(PREFIX)
        await stage.read_all()
        await stage.press("y")
        stage.screen.seat.paste("prod-data", stage.ticks())
        assert stage.screen.seat.line.text == ""


async def test_the_answer_carries_what_was_shown() -> None:
    """The digest in the answer is that of the question on the card, the matcher that of the chosen grant."""
    async with session_stage(stories.asking(), LARGE) as stage:
        opened = next(line for line in stage.session.lines if line["kind"] == "escalation.opened")
        await stage.press(PREFIX)
        await stage.read_all()
        await stage.press("s", "down", "s")
        await stage.until(lambda: answers(stage))
        (said,) = stage.session.said("answer")
        assert said["answer"]["digest"] == opened["digest"]
        assert said["answer"]["matcher"] == opened["offers"][1]["matcher"]
        assert said["answer"]["minutes"] == 30


async def test_a_question_answered_elsewhere_says_so() -> None:
    """When another console was first, the key does nothing here, and the card says who answered."""
    async with session_stage(stories.asking(), LARGE) as stage:
        await stage.press(PREFIX)
        await stage.read_all()
        stage.session.tell(*numbered(stage, EscalationAnswered("e1", "deny", "ana")))
        await stage.until(lambda: stage.screen.seat.cards.current is None)
        await stage.press("y")
        assert answers(stage) == []
        assert "denied by ana" in stage.text()


async def test_a_changed_request_must_be_read_again() -> None:
    """If the question under the same id becomes another one, nothing of the reading before counts."""
    async with session_stage(stories.asking(), LARGE) as stage:
        await stage.press(PREFIX)
        await stage.read_all()
        opened = next(line for line in stage.session.lines if line["kind"] == "escalation.opened")
        before = opened["digest"]
        stage.session.tell({**opened, "seq": len(stage.session.lines), "digest": digest("another")})
        await stage.until(lambda: stage.screen.seat.cards.current.digest != before)
        assert "changed" in stage.text()
        stage.screen.seat.key("y", "y", stage.ticks() + 1, stage.screen.now())
        assert answers(stage) == []


async def test_the_next_question_under_a_finger_is_not_armed() -> None:
    """If the question read before expires just as a key falls, the question that takes its place is not answered."""
    async with session_stage(stories.queue(), (160, 50)) as stage:
        await stage.press(PREFIX)
        await stage.read_all()
        await stage.press("right", "left")
        stage.ticks.ms += 5000
        stage.session.tell(*numbered(stage, EscalationExpired("e1", "timeout")))
        await stage.until(lambda: stage.screen.seat.cards.current.id == "e2")
        await stage.press("n", rest=0)
        assert answers(stage) == []


async def test_an_answer_that_was_not_taken_can_be_given_again() -> None:
    """When the session refuses an answer, the card says why and the question is open again."""
    async with session_stage(stories.asking(), LARGE) as stage:
        stage.session.accept = lambda answer: (False, "the scope ended")
        await stage.press(PREFIX)
        await stage.read_all()
        await stage.press("n")
        await stage.until(lambda: "the scope ended" in stage.text())
        stage.session.accept = lambda answer: (True, "")
        await stage.press("n")
        await stage.until(lambda: len(answers(stage)) == 2)


async def test_after_the_last_answer_the_keyboard_goes_home_when_it_rests() -> None:
    """The keyboard returns to the agent once no key was pressed for the quiet time, so that a double tap stays here."""
    async with session_stage(stories.asking(), LARGE) as stage:
        await stage.press(PREFIX)
        await stage.read_all()
        await stage.press("y")
        await stage.until(lambda: answers(stage))
        stage.session.tell(*numbered(stage, EscalationAnswered("e1", "once", "dev")))
        await stage.until(lambda: stage.screen.seat.cards.current is None)
        await stage.press("y", rest=50)
        assert stage.pane.keys == []
        stage.ticks.ms += QUIET_MS
        stage.screen.draw_now()
        await stage.press("x")
        assert stage.pane.keys == ["x"]


async def test_reading_only_sends_nothing() -> None:
    """A console that only reads sends neither keys nor answers."""
    async with session_stage(stories.asking(), LARGE, read_only=True) as stage:
        await stage.press("x", PREFIX)
        await stage.read_all()
        await stage.press("y", "n")
        assert stage.pane.keys == [] and answers(stage) == []


def numbered(stage: Stage, *records: object) -> list[dict[str, object]]:
    from supervisor.model.codec import rfc3339, to_json

    start = len(stage.session.lines)
    moment = rfc3339(stage.screen.now())
    return [{"seq": start + at, "time": moment, **to_json(record)} for at, record in enumerate(records)]


async def test_a_question_that_grew_must_be_read_again() -> None:
    """A key that was meant for the smaller question answers nothing: it is another one, from its first row."""
    lines = stories.burst()
    opened = next(at for at, line in enumerate(lines.lines) if line["kind"] == "escalation.opened")
    later = lines.lines[opened + 1 :]
    del lines.lines[opened + 1 :]
    async with session_stage(lines, SMALL) as stage:
        await stage.press(PREFIX)
        await stage.read_all()
        await stage.press("y", *"shop", rest=QUIET_MS + 1)
        stage.session.tell(*later)
        await stage.until(lambda: stage.screen.seat.cards.queue[0].merged)
        arming = stage.screen.seat.cards.arming
        assert arming is not None and not arming.read and not arming.typed
        assert "read it again" in stage.text() and "1,204 objects" in stage.text()
        await stage.press("y", "enter")
        assert answers(stage) == []
        await stage.read_all()
        assert [said["escalation"] for said in stage.session.said("shown")] == ["e1", "e1"]
        await stage.press("y", *"shop-logs/2025/", "enter", "y", rest=QUIET_MS + 1)
        await stage.until(lambda: answers(stage))
        assert stage.session.said("answer")[0]["answer"]["digest"] == later[1]["digest"]
