"""Every picture that is compared (tests/frames) or shown (screenshots): a name, a scenario, and the keys pressed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from textual.content import Content
from textual.widgets import Static

from supervisor.console.app import ConsoleApp
from supervisor.console.fold import fold
from supervisor.console.look import ASCII, UNICODE, Look
from supervisor.console.picker.choice import HostCheck
from supervisor.console.picker.screen import PickerScreen
from supervisor.console.review.screen import ReviewScreen
from supervisor.console.story import Story
from tests.scenarios import scopes, stories
from tests.scenarios.journal import Lines
from tests.scenarios.stage import AGENT_SCREEN, frame, resize, session_stage

PREFIX = "ctrl+right_square_bracket"
SIZES = ((60, 16), (80, 24), (120, 36))


@dataclass(frozen=True)
class Picture:
    """`says` is what a reader of the README would be told."""

    name: str
    says: str
    open: Callable[[tuple[int, int]], AbstractAsyncContextManager[Any]]


def _session(lines: Callable[[], Lines], *keys: str, look: Look = UNICODE) -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(size: tuple[int, int]) -> AsyncIterator[Any]:
        async with session_stage(lines(), size, look=look) as stage:
            for key in keys:
                if key == "read":
                    await stage.read_all()
                else:
                    await stage.press(key)
            stage.ticks.ms += 2000
            stage.screen.draw_now()
            await stage.pilot.pause()
            yield stage.pilot.app

    return opened


def _picker(
    *keys: str, host: tuple[HostCheck, ...] = scopes.HOST, chosen: str = "s3-static-site"
) -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(size: tuple[int, int]) -> AsyncIterator[Any]:
        screen = PickerScreen(scopes.ALL, host, lambda chosen: None, lambda chosen, control: None, chosen=chosen)
        async with ConsoleApp(screen).run_test(size=size) as pilot:
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()
            yield pilot.app

    return opened


class FakeTape:
    """A recording that shows the second it is at."""

    length = 170.0

    def __init__(self) -> None:
        self._shown = Static(markup=False)
        self.sought: list[float] = []

    def widget(self) -> Static:
        return self._shown

    def seek(self, seconds: float) -> None:
        self.sought.append(seconds)
        self._shown.update(Content(f"{AGENT_SCREEN}\n\n(at {seconds:.1f} s)"))


def _review(*keys: str, tape: bool = True) -> Callable[..., Any]:
    @asynccontextmanager
    async def opened(size: tuple[int, int]) -> AsyncIterator[Any]:
        story = fold(Story(), stories.ended().lines)
        screen = ReviewScreen(story, FakeTape() if tape else None, clock=lambda: 0.0)
        async with ConsoleApp(screen).run_test(size=size) as pilot:
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()
            yield pilot.app

    return opened


PICTURES = (
    Picture("review", "A past session at its first denial", _review("n")),
    Picture("review-denied", "Only what was denied", _review("f", "end")),
    Picture("review-search", "Searching the timeline", _review("slash", *"push")),
    Picture("review-details", "Everything about one entry", _review("n", "enter")),
    Picture("review-unrecorded", "A session whose terminal was not recorded", _review("n", "n", tape=False)),
    Picture("picker", "Choosing a scope: what it may do, asks, never does", _picker()),
    Picture("picker-form", "The form says what is wrong as it is typed", _picker("tab", *"My-Bucket")),
    Picture("picker-host", "A host that cannot hold a gate", _picker(host=scopes.POOR_HOST, chosen="developer")),
    Picture("picker-broken", "A scope that does not load says where and how to mend it", _picker(chosen="site")),
    Picture("difference", "A project's scope changed since it was accepted", _picker("enter", chosen="deploy")),
    Picture("working", "The agent works; nothing waits", _session(stories.quiet)),
    Picture("weakened", "A session in which a gate was weakened", _session(lambda: stories.quiet(True))),
    Picture("gate-failed", "A gate that does not hold any more", _session(stories.gate_failed)),
    Picture("gates", "How each gate was shown to hold", _session(stories.gate_failed, PREFIX, "question_mark", "end")),
    Picture("asked", "A question arrives; the keyboard stays with the agent", _session(stories.queue)),
    Picture("answering", "The question, read to its end, with its keys", _session(stories.queue, PREFIX, "read")),
    Picture("granting", "Choosing a grant", _session(stories.queue, PREFIX, "read", "s", "down")),
    Picture(
        "typing-the-name",
        "What cannot be undone wants its name",
        _session(stories.irreversible, PREFIX, "read", "y", "p", "r", "o"),
    ),
    Picture("burst", "A burst of deletes is one question", _session(stories.burst, PREFIX)),
    Picture("burst-read", "The same, read to its end", _session(stories.burst, PREFIX, "read")),
    Picture("database", "What a call would destroy, looked up", _session(stories.database, PREFIX, "read")),
    Picture("denying", "Denying with words for the agent", _session(stories.asking, PREFIX, "read", "r", "n", "o")),
    Picture("timeline", "What happened so far", _session(stories.answered, PREFIX, "p")),
    Picture("details", "Everything about one entry", _session(stories.answered, PREFIX, "p", "enter")),
    Picture("help", "The keys that work here", _session(stories.asking, PREFIX, "question_mark")),
    Picture("palette", "What can be done, by name", _session(stories.asking, PREFIX, "colon")),
    Picture("kill", "Before the agent is killed", _session(stories.queue, PREFIX, "k")),
    Picture("whole", "The whole request on the whole screen", _session(stories.hostile, PREFIX, "v")),
    Picture("hostile", "Text that tries to act on the screen", _session(stories.hostile, PREFIX, "read")),
    Picture("ascii", "A terminal without Unicode", _session(stories.queue, PREFIX, "read", look=ASCII)),
)


async def texts_of(picture: Picture) -> dict[tuple[int, int], str]:
    """The picture as plain text at every size: opened once, the window resized between."""
    texts = {}
    async with picture.open(SIZES[0]) as app:
        for size in SIZES:
            await resize(app, size)
            texts[size] = frame(app)
    return texts
