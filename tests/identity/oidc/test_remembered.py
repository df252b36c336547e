"""What a crashed session left in force is ended at the next start, and no token is on disk in clear."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from supervisor.errors import JournalError
from supervisor.identity.oidc.events import Ended, Failed
from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.keyring import KernelKeyring, Keyring
from supervisor.identity.oidc.life import TaskTokenLife
from supervisor.identity.oidc.remembered import KEPT, LeftBehind, Remembered, settle
from supervisor.identity.oidc.values import Login, TaskToken
from tests.identity.oidc.contract import log_in, terms
from tests.identity.oidc.crooked import CrookedStage, crooked
from tests.parts import missing

ROOT = Path(__file__).parents[3]
SESSION = "20261125-101500-abcd"


class Ring:
    """A keyring in memory."""

    def __init__(self, key: bytes | None) -> None:
        self.held = key

    def key(self) -> bytes | None:
        """See `Keyring.key`."""
        return self.held


@pytest.fixture
def stage() -> Iterator[CrookedStage]:
    """A server that is straight."""
    with crooked() as server:
        yield CrookedStage(server)


@pytest.fixture
def held(stage: CrookedStage) -> tuple[Login, TaskToken]:
    """What a session has in force."""
    login = log_in(stage)
    return login, stage.client.exchange(login, terms(stage))


def remembered(folder: Path, ring: Keyring | None, *, later: timedelta = timedelta()) -> Remembered:
    """A memory as another process makes it."""
    return Remembered(folder / "unrevoked", ring, clock=lambda: datetime.now(UTC) + later)


def left(memory: Remembered) -> LeftBehind:
    """The one session that left something."""
    found = memory.left_behind(lambda session: False)
    assert len(found) == 1
    return found[0]


def test_a_crashed_session_is_ended_at_the_next_start(
    stage: CrookedStage, held: tuple[Login, TaskToken], tmp_path: Path
) -> None:
    """Its tokens are revoked and its login ended, each once; then nothing is remembered."""
    login, task = held
    ring = Ring(bytes(32))
    remembered(tmp_path, ring).keep(SESSION, login, (task,))
    memory = remembered(tmp_path, ring)
    assert settle(left(memory), stage.client, memory, now=datetime.now(UTC)) == (
        Ended(task.id, task.digest, "revoked after a crash"),
    )
    assert not stage.is_active(task.token)
    with pytest.raises(IdentityError) as over:
        stage.client.refresh(login)
    assert over.value.why is Why.SESSION_OVER
    assert memory.left_behind(lambda session: False) == ()


def test_no_token_is_on_disk_in_clear(held: tuple[Login, TaskToken], tmp_path: Path) -> None:
    """No token, no part of one, and nothing that renews the login stands in the file, which is this user's alone."""
    login, task = held
    remembered(tmp_path, Ring(bytes(range(32)))).keep(SESSION, login, (task,))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 1
    text = files[0].read_text()
    assert task.id in text and task.digest in text
    assert login.refresh is not None
    for token in (task.token, login.access, login.refresh):
        assert not [part for part in token.text.split(".") if part in text]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600
    assert stat.S_IMODE(files[0].parent.stat().st_mode) == 0o700


def test_without_a_keyring_only_ids_are_kept(
    stage: CrookedStage, held: tuple[Login, TaskToken], tmp_path: Path
) -> None:
    """Nothing is sealed with no key; the next start says until when the token is good, and claims no revocation."""
    login, task = held
    memory = remembered(tmp_path, Ring(None))
    memory.keep(SESSION, login, (task,))
    (event,) = settle(left(memory), stage.client, memory, now=datetime.now(UTC))
    assert isinstance(event, Failed) and "no keyring" in event.what and f"{task.expires:%H:%M:%S}" in event.what
    assert not stage.server.paths("/revoke")
    assert memory.left_behind(lambda session: False) == ()


def test_what_ended_by_itself_is_told_so(stage: CrookedStage, held: tuple[Login, TaskToken], tmp_path: Path) -> None:
    """A token whose time is over is not revoked any more; the login still is."""
    login, task = held
    memory = remembered(tmp_path, Ring(bytes(32)))
    memory.keep(SESSION, login, (task,))
    assert settle(left(memory), stage.client, memory, now=task.expires) == (
        Ended(task.id, task.digest, "expired after a crash"),
    )
    assert [form["token_type_hint"] for form in stage.server.paths("/revoke")] == ["refresh_token"]


def test_a_session_that_runs_is_left_alone(held: tuple[Login, TaskToken], tmp_path: Path) -> None:
    """What another running session holds is none of the next start's business."""
    login, task = held
    memory = remembered(tmp_path, Ring(bytes(32)))
    memory.keep(SESSION, login, (task,))
    assert memory.left_behind(lambda session: session == SESSION) == ()
    assert left(memory).session == SESSION


def test_an_issuer_that_is_away_is_asked_at_the_start_after(
    stage: CrookedStage, held: tuple[Login, TaskToken], tmp_path: Path
) -> None:
    """What could not be revoked stays remembered, until it has ended long ago."""
    login, task = held
    ring = Ring(bytes(32))
    memory = remembered(tmp_path, ring)
    memory.keep(SESSION, login, (task,))
    stage.server.status.update({"/revoke": 503})
    events = settle(left(memory), stage.client, memory, now=datetime.now(UTC))
    assert [type(event) for event in events] == [Failed, Failed]
    assert left(memory).session == SESSION
    late = remembered(tmp_path, ring, later=KEPT + timedelta(minutes=1))
    assert late.left_behind(lambda session: False) == ()


@pytest.mark.parametrize("key", [bytes(31) + b"x", None], ids=["another", "none"])
def test_another_key_opens_nothing(held: tuple[Login, TaskToken], tmp_path: Path, key: bytes | None) -> None:
    """After a reboot the key is gone: ids and ends are still told, the tokens are nobody's."""
    login, task = held
    remembered(tmp_path, Ring(bytes(32))).keep(SESSION, login, (task,))
    found = left(remembered(tmp_path, Ring(key)))
    assert found.told == ((task.id, task.digest, task.expires),)
    assert (found.login, found.tokens) == (None, ())


def test_what_was_sealed_for_one_session_opens_in_no_other(held: tuple[Login, TaskToken], tmp_path: Path) -> None:
    """A file that somebody renamed, or whose issuer was changed, gives no token to the wrong server."""
    login, task = held
    ring = Ring(bytes(32))
    remembered(tmp_path, ring).keep(SESSION, login, (task,))
    path = tmp_path / "unrevoked" / f"{SESSION}.json"
    path.write_text(path.read_text().replace(login.issuer, "http://127.0.0.1:1/realms/evil"))
    assert left(remembered(tmp_path, ring)).tokens == ()


@pytest.mark.parametrize("text", ["", "{}", "[]", "{", '{"tokens": [1]}', "null", "\x00"])
def test_a_file_that_cannot_be_read_is_dropped(tmp_path: Path, text: str) -> None:
    """Rubbish in the folder stops no start."""
    folder = tmp_path / "unrevoked"
    folder.mkdir(mode=0o700)
    (folder / "rubbish.json").write_text(text)
    assert remembered(tmp_path, None).left_behind(lambda session: False) == ()
    assert not list(folder.iterdir())


def test_what_cannot_be_remembered_is_not_handed_out(
    stage: CrookedStage, held: tuple[Login, TaskToken], tmp_path: Path
) -> None:
    """A folder that is none ends in an error of the record, and the token that was made is revoked."""
    (tmp_path / "unrevoked").write_text("in the way")
    memory = remembered(tmp_path, Ring(bytes(32)))
    life = TaskTokenLife(stage.client, held[0], terms(stage), on_event=lambda event: None, memory=memory)
    with pytest.raises(JournalError):
        life.current()
    assert [form["token_type_hint"] for form in stage.server.paths("/revoke")] == ["access_token"]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link in place of a file leads nowhere."""
    folder = tmp_path / "unrevoked"
    folder.mkdir(mode=0o700)
    secret = tmp_path / "secret"
    secret.write_text("{}")
    (folder / "link.json").symlink_to(secret)
    assert remembered(tmp_path, None).left_behind(lambda session: False) == ()
    assert secret.exists()


def test_the_kernel_keeps_a_key_for_this_user() -> None:
    """The key is the same for the next process, is made anew once it was forgotten, and has 32 bytes."""
    name = b"agent-supervise:test:%d" % os.getpid()
    ring = KernelKeyring(name)
    key = ring.key()
    if key is None:
        missing("the kernel's keyring is not to be had here")
    try:
        assert len(key) == 32
        program = f"from supervisor.identity.oidc.keyring import KernelKeyring as K; print(K({name!r}).key().hex())"
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, cwd=ROOT)
        assert other.stdout.strip() == key.hex(), other.stderr
        ring.forget()
        assert ring.key() != key
    finally:
        ring.forget()
