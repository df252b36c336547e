"""Answering in a session of another user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from supervisor.commands.answer import answer
from supervisor.control import shared
from supervisor.errors import UsageError


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--of", "root", "--grant-path", "/etc"], "grants are for the session's owner to give"),
        (["--of", "root", "--end-grant", "g1"], "grants are for the session's owner to give"),
        (["--of", "no-such-user"], "there is no user no-such-user"),
        (["--of", str(os.getuid())], "that is you"),
        (["--of", "4000000", "--list"], "no session of 4000000 waits for other people"),
    ],
)
def test_what_cannot_be_meant_is_said(arguments: list[str], why: str) -> None:
    """Grants of another user, a user who is not there, oneself, and nobody's session."""
    told = CliRunner().invoke(answer, arguments, standalone_mode=False)
    assert isinstance(told.exception, UsageError) and why in told.exception.what and told.exception.fix


def test_two_sessions_are_told_apart_by_their_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest, or the one that a beginning or an ending names; what fits two or none is refused."""
    own = os.getuid()
    folder = shared.folder_of(own, tmp_path)
    folder.mkdir()
    for name in ("20260101-000000-aaaa", "20260102-000000-bbbb"):
        (folder / f"{name}.sock").touch()
    monkeypatch.setattr("os.getuid", lambda: own + 1)

    def found(wanted: str) -> str:
        return shared.find(str(own), wanted, tmp_path)[0].name

    assert found("") == found("bbbb") == found("20260102") == "20260102-000000-bbbb.sock"
    assert found("aaaa") == "20260101-000000-aaaa.sock"
    for wanted, why in (("2026", "fits 2 sessions"), ("cccc", "has no session cccc")):
        with pytest.raises(UsageError, match=why):
            found(wanted)
