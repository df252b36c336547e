"""The control socket, against a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from supervisor.console.fold import fold
from supervisor.console.link import Answered, Ended, Heard, Link, Lost, Records, Vanished, Welcome
from supervisor.console.story import Story
from supervisor.model.grant import Answer
from tests.scenarios import stories
from tests.scenarios.session import FakeSession

SIZE = (80, 23)


async def listen(link: Link, story: Story, heard: list[Heard], on: Callable[[Heard], Awaitable[None]]) -> None:
    async with asyncio.timeout(10):
        async for message in link.listen():
            heard.append(message)
            if isinstance(message, Records):
                fold(story, message.lines)
            await on(message)


async def test_it_tells_the_whole_story_and_ends(tmp_path: Path) -> None:
    """A console that connects gets every line, then the end with the agent's exit code."""
    story, heard, session = Story(), list[Heard](), FakeSession(stories.answered().lines)
    async with session.at(tmp_path / "control.sock"):
        link = Link(tmp_path / "control.sock", "c1", SIZE, lambda: story.next_seq)

        async def on(message: Heard) -> None:
            if isinstance(message, Records):
                session.say({"type": "ended", "exit_code": 7})

        await listen(link, story, heard, on)
    assert story.next_seq == len(session.lines)
    assert heard[-1] == Ended(7)
    assert session.said("hello") == [{"type": "hello", "console": "c1", "columns": 80, "rows": 23, "since": 0}]


async def test_a_lost_connection_is_taken_up_where_it_broke(tmp_path: Path) -> None:
    """After a hang-up the console asks for the lines after the last that it knows, and misses none."""
    story, heard, session = Story(), list[Heard](), FakeSession(stories.asking().lines)
    async with session.at(tmp_path / "control.sock"):
        link = Link(tmp_path / "control.sock", "c1", SIZE, lambda: story.next_seq)

        async def on(message: Heard) -> None:
            if isinstance(message, Records) and not session.said("answer"):
                if sum(isinstance(item, Records) for item in heard) == 1:
                    session.lines = stories.answered().lines
                    session.hang_up()
                else:
                    assert link.answer(Answer("e1", "once", "sha256:x"))
            if isinstance(message, Answered):
                session.say({"type": "ended", "exit_code": 0})

        await listen(link, story, heard, on)
    kinds = [type(message) for message in heard]
    assert kinds == [Welcome, Records, Lost, Welcome, Records, Answered, Ended]
    assert [hello["since"] for hello in session.said("hello")] == [0, len(stories.asking().lines)]
    assert story.next_seq == len(session.lines)


async def test_a_session_that_is_gone_is_said_to_be_gone(tmp_path: Path) -> None:
    """When nobody answers at the socket for long enough, the link says so instead of trying for ever."""
    link = Link(tmp_path / "nobody.sock", "c1", SIZE, lambda: 0, patience=0.2)
    async with asyncio.timeout(5):
        heard = [message async for message in link.listen()]
    assert heard == [Vanished("No such file or directory")]
    assert not link.answer(Answer("e1", "once", "sha256:x"))


async def test_what_is_not_understood_breaks_the_connection(tmp_path: Path) -> None:
    """Garbage from the socket is not guessed at: the link hangs up and tries again."""
    story, heard, session = Story(), list[Heard](), FakeSession([])
    async with session.at(tmp_path / "control.sock"):
        link = Link(tmp_path / "control.sock", "c1", SIZE, lambda: 0)

        async def on(message: Heard) -> None:
            if isinstance(message, Records) and len(session.said("hello")) == 1:
                session.say({"type": "answered"})
            elif isinstance(message, Records):
                session.say({"type": "ended", "exit_code": 0})

        await listen(link, story, heard, on)
    assert sum(isinstance(message, Lost) for message in heard) == 1


@pytest.mark.parametrize("length", [20, 150])
async def test_long_socket_paths_work(tmp_path: Path, length: int) -> None:
    """A session folder whose path does not fit `sun_path` is reached all the same."""
    folder = tmp_path / ("d" * length)
    folder.mkdir()
    session = FakeSession([])
    async with session.at(folder / "control.sock"), asyncio.timeout(5):
        link = Link(folder / "control.sock", "c1", SIZE, lambda: 0)
        async for message in link.listen():
            assert isinstance(message, Welcome)
            break
