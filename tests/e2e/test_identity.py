"""Who a session acts as: the local issuer that nobody sees, a server's login, and what is left in force by none."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Open
from tests.e2e.headless import COMMAND, SECONDS, Desk, folder_fd
from tests.identity.oidc.contract import SCOPE as CLIENT_SCOPE
from tests.identity.oidc.crooked import SECRET, Crooked, crooked, visit

pytestmark = pytest.mark.long

TASK = CLIENT_SCOPE.removeprefix("task-")


@pytest.fixture
def server() -> Iterator[Crooked]:
    """An issuer on loopback that knows the client scope of the scope `TASK`."""
    with crooked() as running:
        yield running


def configure(
    desk: Desk, issuer: str, *, task: str = TASK, secret: str = SECRET, login: str = "browser", more: str = ""
) -> None:
    """The user's configuration is this issuer, and the scope is called what it knows."""
    folder = desk.home / ".config/agent-supervise"
    folder.mkdir(parents=True)
    (folder / "secret").write_text(secret + "\n")
    (folder / "identity.yaml").write_text(
        f"provider: keycloak\nissuer: {issuer}\nsecret_file: secret\nlogin: {login}\n{more}"
    )
    for file in folder.iterdir():
        file.chmod(0o600)
    _, rest = desk.scope.read_text().split("\n", 1)
    desk.scope.write_text(f"scope: {task}\n{rest}")


class Headless:
    """A session without a console, at whose login a test stands."""

    def __init__(self, desk: Desk, *agent: str, options: tuple[str, ...] = ()) -> None:
        # A browser that takes the page and does nothing: the test does the human's part.
        self.process = subprocess.Popen(
            [*COMMAND, "--headless", *desk.options, *options, *agent], cwd=desk.work, text=True, bufsize=1,
            env=desk.environment | {"BROWSER": "/bin/true"}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip

    def page(self) -> str:
        """The page that the human is asked to open."""
        return page_of(self.process)

    def end(self) -> tuple[int, str, str]:
        """Exit code, standard output, and the rest of standard error."""
        out, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, out, errors


def page_of(process: subprocess.Popen[str]) -> str:
    """The page that the human is asked to open."""
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("  http"):
            return line.strip()
    raise AssertionError(f"there was no login; exit code {process.wait(SECONDS)}")


def page_on(screen: str) -> str:
    """The page as it stands on a terminal, which breaks it where a row ends."""
    return "http" + "".join(line.rstrip() for line in screen.partition("  http")[2].splitlines())


def journal(folder: Path, *kinds: str) -> list[dict[str, Any]]:
    """Lines of these kinds."""
    lines = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    return [line for line in lines if line["kind"] in kinds]


# ── the local issuer ─────────────────────────────────────────────────────────────────────────────


def test_out_of_the_box_a_session_vouches_for_itself(desk: Desk) -> None:
    """A token of a local issuer is on record before the agent runs, and its end before the session's; nothing asks."""
    done = desk.run("sh", "-c", "echo ran")
    assert (done.stdout, done.stderr, done.returncode) == ("ran\n", "", 0)
    (folder,) = desk.sessions
    (minted,) = journal(folder, "credential.minted")
    (ended,) = journal(folder, "credential.ended")
    assert minted["credential"].startswith("oidc:") and re.fullmatch("[0-9a-f]{64}", minted["digest"])
    assert minted["issuer"] == f"urn:agent-supervise:session:{folder.name}" and minted["service"] == "task-trial"
    assert ended["credential"] == minted["credential"] and ended["why"].startswith("revoked: ")
    decided = journal(folder, "decision")
    assert minted["seq"] < decided[0]["seq"] and ended["seq"] < journal(folder, "session.ended")[0]["seq"]
    assert "GOOD" in desk.command("verify", folder.name).stderr
    assert "eyJ" not in (folder / "journal.jsonl").read_text(), "a token begins like this"


def test_an_export_tells_who_it_was(desk: Desk) -> None:
    """The report has the user and the issuer once, the JSON each token's id and digest."""
    desk.run("true")
    report = desk.command("export", "--as", "md").stdout
    assert report.count("Acted as:") == 1 and "1 task token" in report
    (token,) = json.loads(desk.command("export", "--as", "json").stdout)["credentials"]
    assert token["credential"].startswith("oidc:") and len(token["digest"]) == 64 and token["ended"]


# ── a server ─────────────────────────────────────────────────────────────────────────────────────


def test_a_login_makes_a_task_token_that_ends_with_the_session(desk: Desk, server: Crooked) -> None:
    """The human logs in before anything is there; the token and the login are revoked when the agent has ended."""
    configure(desk, server.issuer)
    session = Headless(desk, "sh", "-c", "echo ran")
    page = session.page()
    assert not desk.sessions, "nothing of the session is there before the login"
    visit(server, page, "ann")
    code, out, errors = session.end()
    assert (code, out) == (0, "ran\n"), errors
    (folder,) = desk.sessions
    (minted,) = journal(folder, "credential.minted")
    assert (minted["acts_as"], minted["issuer"]) == ("ann", server.issuer)
    (ended,) = journal(folder, "credential.ended")
    assert ended["why"].startswith("revoked: ")
    assert minted["credential"].removeprefix("oidc:") in server.revoked and not server.sessions
    assert "GOOD" in desk.command("verify", folder.name).stderr
    assert not list((desk.base / "state/agent-supervise/unrevoked").iterdir())
    written = b"".join(path.read_bytes() for path in (desk.base / "state").rglob("*") if path.is_file())
    assert b"eyJ" not in written and b"s3cret" not in written


def test_the_device_login_shows_page_and_code(desk: Desk, server: Crooked) -> None:
    """Without a browser on this machine the code is on standard error, and polling for it starts the session."""
    configure(desk, server.issuer, login="device")
    server.device_pending = 0
    session = Headless(desk, "sh", "-c", "echo ran")
    assert session.process.stderr is not None
    told = ""
    for line in session.process.stderr:
        told += line
        if "until" in line:
            break
    assert "WDJB-MJHT" in told and "/device-page" in told
    for asked in server.devices.values():
        asked["user"] = "ann"
    code, out, errors = session.end()
    assert (code, out) == (0, "ran\n"), errors


def test_with_a_console_the_login_comes_first(desk: Desk, opened: Open, server: Crooked) -> None:
    """On the terminal as it is; then the console takes the screen, and its panel says who the task acts as."""
    configure(desk, server.issuer)
    desk.environment["BROWSER"] = "/bin/true"
    terminal = opened(*desk.options, "bash", "--norc")
    shown = terminal.until(lambda text: "code_challenge_method=S256" in text.replace("\n", ""))
    assert "log in in the browser" in shown and not desk.sessions
    visit(server, page_on(shown), "ann")
    terminal.until("acts as ann")
    terminal.type("exit 5\r")
    assert terminal.end() == 5
    assert len(server.revoked) == 1


def test_from_the_picker_too(desk: Desk, opened: Open, server: Crooked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login needs the terminal that the picker had, and what it is for is known then."""
    monkeypatch.setattr("tests.identity.oidc.crooked.OTHER_SCOPE", "task-developer")
    configure(desk, server.issuer)
    desk.environment["BROWSER"] = "/bin/true"
    terminal = opened("bash", "--norc")
    terminal.until("developer")
    terminal.type("\r")
    shown = terminal.until(lambda text: "code_challenge_method=S256" in text.replace("\n", ""))
    visit(server, page_on(shown), "ann")
    terminal.until("acts as ann")
    terminal.type("exit 5\r")
    assert terminal.end() == 5


@pytest.mark.parametrize(
    ("user", "bend", "said"),
    [
        ("ann", {"refuse_login": "access_denied"}, "she said no"),
        ("bob", {}, "developer"),
        ("ann", {"exchange": False}, "token exchange"),
        ("ann", {"forge": lambda claims: claims.update(scope=claims["scope"] + " more")}, "wider than asked"),
    ],
)
def test_without_an_identity_nothing_starts(
    desk: Desk, server: Crooked, user: str, bend: dict[str, Any], said: str
) -> None:
    """A login that is refused, a user without the role, no exchange, a token that is too wide: exit 2, a way out."""
    configure(desk, server.issuer)
    for name, value in bend.items():
        setattr(server, name, value)
    session = Headless(desk, "sh", "-c", "echo ran")
    visit(server, session.page(), user)
    code, out, errors = session.end()
    assert (code, out) == (2, ""), errors
    assert said in errors and "fix:" in errors and "Traceback" not in errors
    for folder in desk.sessions:
        assert not journal(folder, "credential.minted", "decision")


def test_a_server_that_is_down_starts_nothing(desk: Desk, server: Crooked) -> None:
    """What cannot be reached is told with the place and a way out."""
    configure(desk, server.issuer)
    server.status["/openid-configuration"] = 503
    done = desk.run("sh", "-c", "echo ran")
    assert (done.returncode, done.stdout) == (2, "") and "fix:" in done.stderr
    assert not desk.sessions


def test_whoever_gives_the_login_up_leaves_no_process(desk: Desk, server: Crooked) -> None:
    """The command line ends while the browser is waited for: the session process ends with it."""
    configure(desk, server.issuer)
    session = Headless(desk, "sh", "-c", "echo ran")
    session.page()
    child = session_process_of(session.process.pid)
    os.kill(session.process.pid, signal.SIGINT)
    assert session.end()[0] == 130
    gone(child)
    assert not desk.sessions


def test_the_kill_key_ends_the_login_in_the_browser_too(desk: Desk, server: Crooked) -> None:
    """Whoever kills a session does not want what it logged in to be used on."""
    configure(desk, server.issuer)
    session = Headless(desk, "sh", "-c", "echo ran; sleep 60")
    visit(server, session.page(), "ann")
    assert session.process.stdout is not None and session.process.stdout.readline() == "ran\n"
    (folder,) = desk.sessions
    with socket.socket(socket.AF_UNIX) as control, folder_fd(folder) as number:
        control.connect(f"/proc/self/fd/{number}/control.sock")
        hello = {"type": "hello", "console": "c", "columns": 100, "rows": 30, "since": 0}
        control.sendall(b"".join(json.dumps(said).encode() + b"\n" for said in (hello, {"type": "kill"})))
        session.end()
    assert len(server.paths("/logout")) == 1 and not server.sessions
    (minted,) = journal(folder, "credential.minted")
    assert minted["credential"].removeprefix("oidc:") in server.revoked


def test_the_agent_sees_neither_configuration_nor_secret(desk: Desk, server: Crooked) -> None:
    """Not even where the scope shows it the folder around them, nor in its environment."""
    configure(desk, server.issuer)
    (desk.home / ".config/seen").write_text("around\n")
    desk.scope.write_text(desk.scope.read_text().replace("read: [", 'read: ["~/.config", '))
    desk.environment["AGENT_SUPERVISE_CLIENT_SECRET"] = SECRET
    session = Headless(desk, "sh", "-c", "cat ~/.config/seen ~/.config/agent-supervise/*; env")
    visit(server, session.page(), "ann")
    _, out, errors = session.end()
    assert "around" in out and SECRET not in out and "keycloak" not in out, errors


def test_a_crash_is_settled_at_the_next_start(desk: Desk, server: Crooked) -> None:
    """The token of a session process that was killed is revoked by the next session, on its record."""
    configure(desk, server.issuer)
    session = Headless(desk, "sh", "-c", "echo ran; sleep 60")
    visit(server, session.page(), "ann")
    assert session.process.stdout is not None and session.process.stdout.readline() == "ran\n"
    child = session_process_of(session.process.pid)
    os.kill(child, signal.SIGKILL)
    session.end()
    (folder,) = desk.sessions
    (minted,) = journal(folder, "credential.minted")
    assert not server.revoked
    again = Headless(desk, "true")
    visit(server, again.page(), "ann")
    assert again.end()[0] == 0
    told = journal(desk.sessions[-1], "credential.ended", "fault")
    about = [line for line in told if line.get("credential") == minted["credential"]]
    if about:
        assert about[0]["why"] == "revoked after a crash"
        assert minted["credential"].removeprefix("oidc:") in server.revoked
    else:  # a kernel without a keyring for us
        assert any("no keyring kept it" in line["what"] for line in told if line["kind"] == "fault")


def session_process_of(pid: int) -> int:
    """The session process that this command line started."""
    started = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    (found,) = [one for one in started if b"supervisor.session_process" in Path(f"/proc/{one}/cmdline").read_bytes()]
    return found


def gone(pid: int) -> None:
    """Wait until a process has ended."""
    done = threading.Event()
    for _ in range(int(SECONDS / 0.02)):
        if not Path(f"/proc/{pid}").exists():
            return
        done.wait(0.02)
    raise AssertionError(f"process {pid} still runs")
