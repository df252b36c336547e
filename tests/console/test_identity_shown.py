"""What a reader learns about who the task acts as: in the panel, for how long, and why not for longer."""

from __future__ import annotations

from datetime import timedelta

from supervisor.console.fold import fold
from supervisor.console.look import UNICODE
from supervisor.console.panel.draw import head_rows
from supervisor.console.story import Story
from supervisor.model.event import CredentialEnded, CredentialMinted, Fault
from tests.scenarios import stories
from tests.scenarios.journal import Lines

ISSUER = "https://id.example.com/realms/agents"


def token(lines: Lines, number: int, *, user: str = "ann", issuer: str = ISSUER) -> Lines:
    """The task token with this number, good for two minutes, that follows the one before."""
    before = f"oidc:t{number - 1}" if number > 1 else ""
    ends = lines.now + timedelta(seconds=120)
    return lines.add(
        CredentialMinted(f"oidc:t{number}", user, ends, "task-site", issuer=issuer, digest="d" * 64, before=before)
    )


def told(lines: Lines) -> Story:
    return fold(Story(), lines.lines)


def panel(lines: Lines, width: int = 60, *, later: int = 0) -> str:
    rows = head_rows(told(lines), lines.now + timedelta(seconds=later), width, UNICODE)
    assert all(row.cell_length <= width for row in rows)
    return "\n".join(row.plain for row in rows)


def entries(lines: Lines) -> list[str]:
    return [entry.line() for entry in told(lines).timeline if entry.kind == "credential"]


def test_the_panel_says_who_and_counts_down() -> None:
    """User and issuer in one row, with the time left; a task token is none of the broker's credentials."""
    lines = token(stories.started(), 1)
    assert "acts as ann, id.example.com" in panel(lines) and "2:00" in panel(lines)
    assert "1:15" in panel(lines, later=45) and "1 credential" in panel(lines)
    assert "over" in panel(lines, later=120)


def test_the_local_issuer_is_called_what_it_is() -> None:
    """Nobody takes a session that vouches for itself for a login."""
    lines = token(stories.started(), 1, user="dev", issuer="urn:agent-supervise:session:20260201-120000-k3f9")
    assert "acts as dev, vouched for by this session" in panel(lines)


def test_renewals_are_one_entry_until_something_else_happens() -> None:
    """Hours of them leave the timeline as it was; that the one before goes by itself is no entry."""
    lines = token(stories.started(), 1)
    for number in range(2, 50):
        token(lines.wait(80), number)
        lines.wait(40).add(CredentialEnded(f"oidc:t{number - 1}", "expired"))
    first, renewed = entries(lines)[-2:]
    assert first == "acts as ann" and renewed == "task token renewed ×48"
    assert "acts as ann" in panel(lines) and "1:20" in panel(lines)
    lines.allow("git status")
    token(lines, 50)
    assert entries(lines)[-1] == "task token renewed"


def test_a_renewal_that_fails_is_said_with_the_way_out_until_one_succeeds() -> None:
    """The panel has reason and fix, the timeline too; the next token takes it away."""
    lines = token(stories.started(), 1).wait(80)
    lines.add(Fault("identity", "the issuer does not answer (oidc:t1 is held)", "look at the network\x1b[2J"))
    text = panel(lines)
    assert "not renewed: the issuer does not answer" in text and "fix: look at the network" in text
    assert "\x1b" not in text and "0:40" in text
    newest = told(lines).timeline.newest
    assert newest is not None and newest.why.startswith("fix: look at the network")
    assert "not renewed" not in panel(token(lines, 2))


def test_the_end_of_the_token_is_said() -> None:
    """It is over at once, with the reason, and what another session left is not taken for this one's."""
    lines = token(stories.started(), 1).wait(5)
    lines.add(CredentialEnded("oidc:other", "revoked after a crash"), Fault("after a crash", "it ends by itself", "-"))
    assert "1:55" in panel(lines) and "not renewed" not in panel(lines)
    assert any("oidc:other" in line for line in entries(lines))
    lines.add(CredentialEnded("oidc:t1", "revoked: the task has ended"))
    assert "over" in panel(lines) and entries(lines)[-1] == "task token ended"


def test_a_hostile_user_name_stays_in_its_row() -> None:
    """A name from a server can be anything."""
    lines = token(stories.started(), 1, user="ann\n\x1b[2Jroot " + "x" * 300)
    assert "\x1b" not in panel(lines, 40) and "ann" in panel(lines, 40)
