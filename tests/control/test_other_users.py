"""Another user of the machine as the second pair of eyes: real processes of real uids at a real socket."""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import shutil
import socket
import struct
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from supervisor.commands.answer import Desk
from supervisor.control import ControlServer
from supervisor.control.peers import OF_ROOT, ROOT_IS_ANYBODY, Peer, approver_of
from supervisor.control.shared import find, folder_of, offer, withdraw
from supervisor.core.session import Session
from supervisor.errors import HostError, UsageError
from supervisor.journal.keys import load_key
from supervisor.journal.writer import JournalWriter
from supervisor.model.effect import Effect
from supervisor.model.grant import Answer
from supervisor.model.request import Exec
from supervisor.policy.scope import FourEyes
from supervisor.runtime import Runtime
from tests.control.quiet_host import QuietHost
from tests.core.desk import scope

OWNER, MARY, BOB, EVE = 64_501, 64_502, 64_503, 64_504
GAMES, USERS = 60, 100  # groups that every Debian has; the role of the scope is "games"
SECONDS = 30.0
_LIBC = ctypes.CDLL(None)

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can start processes of several users")


def as_user(uid: int, what: Callable[[], Any], groups: tuple[int, ...] = ()) -> Any:
    """What a process of that user comes to. An error in it fails the test."""
    inside, outside = os.pipe()
    pid = os.fork()
    if pid == 0:  # pragma: no cover - another process
        try:
            _become(uid, groups)
            told = json.dumps({"is": what()})
        except BaseException:
            told = json.dumps({"broke": traceback.format_exc()})
        os.write(outside, told.encode())
        os._exit(0)
    os.close(outside)
    with os.fdopen(inside, "rb") as pipe:
        said = json.loads(pipe.read())
    os.waitpid(pid, 0)
    assert "broke" not in said, said["broke"]
    return said["is"]


def _become(uid: int, groups: tuple[int, ...]) -> None:
    os.setgroups(groups)
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    _LIBC.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: as a process is that was a user's from its start


class Stage:
    """A session of the user `OWNER` in a process of its own, with a push that wants two and an `ls` that wants one."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.place = folder / "session", folder / "place"
        for path, owner in ((self.folder, OWNER), (self.place, 0)):
            path.mkdir()
            os.chown(path, owner, owner)
        self.place.chmod(0o1777)
        folder.chmod(0o755)
        self.stop, stop = os.pipe()[::-1]
        ready, told = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:  # pragma: no cover - another process
            try:
                os.close(self.stop)
                _become(OWNER, ())
                asyncio.run(self._serve(stop, told))
            except BaseException:
                os.write(told, traceback.format_exc().encode())
            os._exit(0)
        os.close(stop)
        os.close(told)
        with os.fdopen(ready, "rb") as pipe:
            said = pipe.read(5)
            assert said == b"ready", (said + pipe.read()).decode()

    async def _serve(self, stop: int, told: int) -> None:  # pragma: no cover - another process
        journal, host = JournalWriter(self.folder, session="s", key=load_key(self.folder / "keys")), QuietHost()
        eyes = (FourEyes(("git push",), role="games"),)
        runtime = Runtime(
            Session(scope((Effect.ASK, "git push"), (Effect.ASK, "ls"), eyes=eyes)),
            journal,
            session_id="s",
            agent="bash",
            wake=lambda moment: None,
            on_record=lambda record: server.journal_grew(),
        )
        server = ControlServer(self.folder, "s", runtime, host, screen=True, place=self.place)
        await server.start()
        runtime.ask(runtime.new_request("exec", Exec("/usr/bin/git", ("git", "push"), "/work", ("git",))))
        runtime.ask(runtime.new_request("exec", Exec("/bin/ls", ("ls", "/private"), "/work", ("ls",))))
        os.write(told, b"ready")
        os.close(told)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(stop, ended.set)
        await ended.wait()
        await server.close(0, patience=0.2)
        runtime.fault("host", f"did {host.done}")
        journal.close()

    def end(self) -> list[dict[str, Any]]:
        """The session ends; its journal."""
        if self.pid:
            os.close(self.stop)
            os.waitpid(self.pid, 0)
            self.pid = 0
        return [json.loads(line) for line in (self.folder / "journal.jsonl").read_bytes().splitlines()]

    def desk(self, uid: int) -> Desk:
        """How a user of that uid reaches the session."""
        return Desk(self.folder / "control.sock") if uid == OWNER else Desk(*find(str(OWNER), "", self.place))

    def says(self, uid: int, choice: str = "once", *, groups: tuple[int, ...] = (), escalation: str = "e1") -> Any:
        """A user reads and answers: which questions they see, whether it was taken, and what they are told."""

        def talk() -> Any:
            with self.desk(uid) as desk:
                queue = {waiting.id: waiting for waiting in desk.queue()}
                digest = queue[escalation].digest if escalation in queue else "sha256:guessed"
                if escalation in queue:
                    desk.shown(queue[escalation])
                return [sorted(queue), *desk.give(Answer(escalation, choice, digest))]  # type: ignore[arg-type]

        return as_user(uid, talk, groups)


@pytest.fixture
def stage() -> Iterator[Stage]:
    folder = Path(tempfile.mkdtemp(prefix="as-eyes-"))
    made = Stage(folder)
    yield made
    made.end()
    shutil.rmtree(folder)


@as_root
def test_the_owner_and_another_user_are_two(stage: Stage) -> None:
    """The owner at the control socket, another user at the shared one: it runs, and the journal names both uids."""
    assert stage.says(OWNER) == [["e1", "e2"], True, "taken; 1 more person must agree within 15 min"]
    assert stage.says(OWNER)[1:] == [False, "you have allowed this already; another person must agree too"]
    assert stage.says(MARY, groups=(GAMES,)) == [["e1"], True, ""]
    lines = stage.end()
    answers = [line for line in lines if line["kind"] == "escalation.answered"]
    assert [line["approver"]["id"] for line in answers] == [f"uid:{OWNER}", f"uid:{MARY}"]
    assert [line["by"] for line in answers] == [f"uid {OWNER}", f"uid {MARY}"]
    (verdict,) = [line for line in lines if line["kind"] == "verdict" and line.get("escalation") == "e1"]
    assert verdict["effect"] == "allow"


@as_root
def test_two_other_users_are_two(stage: Stage) -> None:
    """Nobody need be the owner; the same uid twice is one human."""
    assert stage.says(MARY, groups=(USERS, GAMES))[1] is True
    assert stage.says(MARY, groups=(GAMES,))[1:] == [
        False,
        "you have allowed this already; another person must agree too",
    ]
    assert stage.says(BOB, groups=(GAMES,))[1:] == [True, ""]


@as_root
def test_another_user_sees_what_wants_them_and_nothing_else(stage: Stage) -> None:
    """No other question, no other line of the journal, no numbering, no screen; without the group nothing at all."""

    def listen() -> Any:
        with stage.desk(MARY) as desk:
            seen = []
            for message in desk._lines:
                seen.append(message)
                if message["type"] == "current":
                    return seen
        return None

    seen = as_user(MARY, listen, (GAMES,))
    assert seen[0] == {"type": "welcome", "session": "s", "screen": "", "next": 0}
    records = [line for message in seen for line in message.get("records", [])]
    assert [(line["kind"], line["escalation"]) for line in records] == [("escalation.opened", "e1")]
    assert "/private" not in json.dumps(seen)
    assert [message["type"] for message in as_user(EVE, listen, (USERS,))] == ["welcome", "current"]


@as_root
def test_who_lacks_the_group_cannot_answer(stage: Stage) -> None:
    """Neither an allow nor a deny of theirs counts, and a guessed question is none of theirs."""
    for choice in ("once", "deny"):
        assert stage.says(EVE, choice, groups=(USERS,)) == [[], False, "no such question is yours to answer"]
    assert stage.says(MARY, "deny", groups=(GAMES,), escalation="e2")[1:] == [
        False,
        "no such question is yours to answer",
    ]
    assert not [line for line in stage.end() if line["kind"] == "escalation.answered"]


@as_root
def test_another_users_deny_ends_it(stage: Stage) -> None:
    """One deny is enough, whoever of them says it."""
    stage.says(OWNER)
    assert stage.says(MARY, "deny", groups=(GAMES,))[1:] == [True, ""]
    (verdict,) = [line for line in stage.end() if line["kind"] == "verdict" and line.get("escalation") == "e1"]
    assert verdict["effect"] == "deny" and f"uid {MARY}" in verdict["detail"]


@as_root
def test_root_is_nobodys_second_pair_of_eyes(stage: Stage) -> None:
    """Root can be any user: with every group it still does not count, and hears why."""
    stage.says(OWNER)
    assert stage.says(0, groups=(GAMES,)) == [["e1"], False, ROOT_IS_ANYBODY]


@as_root
@pytest.mark.parametrize(
    "message",
    [
        {"type": "kill"},
        {"type": "input", "data": "bHMK"},
        {"type": "end_grant", "grant": "g1"},
        {"type": "grant_path", "path": "/etc", "minutes": 3},
        {"type": "resize", "columns": 1, "rows": 1},
    ],
)
def test_another_user_can_only_answer(stage: Stage, message: dict[str, Any]) -> None:
    """What the owner's console may do besides, a connection of another user is ended for, and nothing happens."""

    def talk() -> Any:
        with stage.desk(MARY) as desk:
            desk.queue()
            desk._send(message)
            try:
                desk._until(lambda _: False)
            except HostError:
                return "let go"

    assert as_user(MARY, talk, (GAMES,)) == "let go"
    faults = [line["what"] for line in stage.end() if line["kind"] == "fault"]
    assert faults == ["did []"]


@as_root
def test_a_flood_of_one_user_keeps_nobody_out(stage: Stage) -> None:
    """One user has four connections at most: there is room for another's, and the owner's console is not touched."""

    def flood() -> Any:
        path, _ = find(str(OWNER), "", stage.place)
        made = [socket.socket(socket.AF_UNIX) for _ in range(12)]
        for each in made:
            each.connect(str(path))
            each.settimeout(SECONDS)
        return sum(not each.recv(1) for each in made[4:])

    assert as_user(EVE, flood) == 8
    assert stage.says(BOB, groups=(GAMES,))[1] is True and stage.says(OWNER)[1] is True


@as_root
def test_the_control_socket_is_the_owners_alone(stage: Stage) -> None:
    """The kernel keeps others from it, and the server root; the owner is told to use it instead of the shared one."""

    def refused() -> Any:
        with socket.socket(socket.AF_UNIX) as sock:
            try:
                sock.connect(str(stage.folder / "control.sock"))
                sock.settimeout(SECONDS)
                return sock.recv(1).decode()
            except OSError as error:
                return error.errno

    assert as_user(MARY, refused) == 13
    assert as_user(0, refused) == ""

    def own() -> Any:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(folder_of(OWNER, stage.place) / "s.sock"))
            sock.settimeout(SECONDS)
            return sock.recv(1).decode()

    assert as_user(OWNER, own) == ""


@as_root
def test_the_socket_goes_with_the_session(stage: Stage) -> None:
    """Nothing of it is left in the shared place."""
    assert [path.name for path in folder_of(OWNER, stage.place).iterdir()] == ["s.sock"]
    stage.end()
    assert not list(stage.place.iterdir())


@as_root
def test_a_folder_that_somebody_else_made_is_not_used(stage: Stage) -> None:
    """Who sits in the place of a user's folder gets neither that user's sessions nor whoever looks for them."""
    folder = folder_of(BOB, stage.place)

    def squat() -> Any:
        folder.mkdir(mode=0o777)
        return True

    as_user(EVE, squat)

    def offered() -> Any:
        try:
            offer("s", stage.place)
        except OSError as error:
            return str(error)
        return "offered"

    assert "belongs to another user" in as_user(BOB, offered)
    with pytest.raises(HostError, match="belongs to another user"):
        find(str(BOB), "", stage.place)


@as_root
def test_another_users_process_at_the_socket_is_found_out(stage: Stage) -> None:
    """A socket is as good as the process behind it: whoever connects asks the kernel whose that is."""
    with pytest.raises(HostError, match="another user's process"):
        Desk(folder_of(OWNER, stage.place) / "s.sock", BOB).__enter__()


def test_a_session_of_roots_has_no_second_user() -> None:
    """Whoever is root may be anybody, so in a session of root's no user counts, and each is told what to do."""
    for uid in (0, MARY):
        made = approver_of(Peer(uid, "x", ("approver",)), 0)
        assert made.doubt == OF_ROOT and made.owner is (uid == 0)
    assert approver_of(Peer(65534, "nobody", ("approver",)), OWNER).doubt


@pytest.mark.parametrize(
    ("owner", "wanted", "why"),
    [("no-such-user", "", "there is no user"), ("4000000", "", "no session of"), (str(os.getuid()), "", "that is you")],
)
def test_who_is_not_found_is_named(tmp_path: Path, owner: str, wanted: str, why: str) -> None:
    """No such user, nobody's session, or one's own."""
    with pytest.raises(UsageError, match=why):
        find(owner, wanted, tmp_path)


def test_what_a_crashed_session_left_is_swept(tmp_path: Path) -> None:
    """A socket that nobody listens at is gone with the next session; one in use stays."""
    dead = offer("20260101-000000-dead", tmp_path)
    dead.close()
    with offer("20260101-000000-live", tmp_path), offer("20260101-000000-next", tmp_path):
        names = sorted(path.name for path in folder_of(os.getuid(), tmp_path).iterdir())
    assert names == ["20260101-000000-live.sock", "20260101-000000-next.sock"]
    for name in names:
        withdraw(name.removesuffix(".sock"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_peer_in_another_pid_namespace_is_nobody() -> None:
    """The kernel's number for a process is taken only together with a /proc that knows it as that one."""
    from supervisor.control import peers

    assert peers._is_outside(os.getpid(), os.getuid()) and peers._is_outside(os.getpid(), MARY)
    assert not peers._is_outside(2**22 + 5, MARY)
    one, other = socket.socketpair()
    with one, other:
        pid, uid, _ = struct.unpack("3i", one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        assert (pid, uid) == (os.getpid(), os.getuid())
        found = peers.peer_of(one)
    assert found is not None and found.uid == uid
