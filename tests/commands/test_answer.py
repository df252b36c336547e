"""Answering from another terminal."""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path
from typing import Any

import pytest

from supervisor.commands.answer import Desk, _one
from supervisor.model.codec import Json
from tests.scenarios import stories
from tests.scenarios.session import FakeSession


async def test_a_question_that_grew_is_shown_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who answers what a burst was a moment ago reads what it is now, and answers that."""
    lines = stories.burst().lines
    opened = next(at for at, line in enumerate(lines) if line["kind"] == "escalation.opened")
    later = lines[opened + 1 :]
    session, out = FakeSession(lines[: opened + 1]), io.StringIO()
    monkeypatch.setattr(sys, "stdin", io.StringIO("once\nshop-logs/2025/\nonce\nshop-logs/2025/\n"))

    def accept(answer: Json) -> tuple[bool, str]:
        if answer["digest"] == later[1]["digest"]:
            return True, ""
        session.tell(*later)
        return False, "what waits now is not what was shown: look again"

    session.accept = accept

    def talk() -> None:
        with Desk(tmp_path / "control.sock") as desk:
            (waiting,) = desk.queue()
            _one(desk, waiting, 1, 1, out)

    async with session.at(tmp_path / "control.sock"):
        talking: asyncio.Future[Any] = asyncio.ensure_future(asyncio.to_thread(talk))
        async with asyncio.timeout(20):
            while not session.said("hello"):
                await asyncio.sleep(0.001)
            session.say({"type": "current"})
            await talking
    said = out.getvalue()
    assert (
        said.index("Delete 1,000 objects") < said.index("about more than before") < said.index("Delete 1,204 objects")
    )
    assert len(session.said("shown")) == 2 and len(session.said("answer")) == 2 and "taken" in said
