"""What must be revoked if this process dies: sealed with a key from the keyring, so that no token is on disk in clear.

A session's file tells ids, digests and ends of its task tokens to anybody, and has the tokens themselves and what
renews the login sealed (AES-256-GCM, bound to session and issuer). Without a keyring nothing is sealed: then a token of
a crashed session ends by its own short life, and its login by the realm's, and that is told.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from supervisor.errors import JournalError
from supervisor.identity.oidc.events import Ended, Failed, TokenEvent
from supervisor.identity.oidc.failures import IdentityError
from supervisor.identity.oidc.keyring import KEPT_SECONDS, Keyring
from supervisor.identity.oidc.provider import Provider
from supervisor.identity.oidc.values import Login, TaskToken, Token
from supervisor.journal.private import FILE_MODE, make_private, open_private

_NONCE_BYTES: Final = 12
_MOST_BYTES: Final = 1 << 20
_ENDING: Final = ".json"
KEPT: Final = timedelta(seconds=KEPT_SECONDS)
"""A file older than this is dropped: what it tells of has ended long ago."""


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """What a session that is no more had in force. `login` and `tokens` are only there where they were sealed."""

    session: str
    issuer: str
    user: str
    since: datetime
    told: tuple[tuple[str, str, datetime], ...]
    """Id, digest and end of each task token."""
    login: Login | None = None
    tokens: tuple[TaskToken, ...] = ()


class Remembered:
    """A folder of this user with a file for each session that holds a task token of a server."""

    def __init__(
        self, folder: Path, keyring: Keyring | None, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder, self._keyring, self._clock = folder, keyring, clock

    def keep(self, session: str, login: Login, tokens: tuple[TaskToken, ...]) -> None:
        """See `Memory.keep`. Raises `JournalError`: what cannot be remembered is not handed out."""
        plain: dict[str, Any] = {
            "session": session, "issuer": login.issuer, "user": login.user, "since": self._clock().isoformat(),
            "tokens": [[one.id, one.digest, one.expires.isoformat()] for one in tokens],
        }  # fmt: skip
        key = self._keyring.key() if self._keyring else None
        if key is not None:
            secret = {
                "refresh": login.refresh.text if login.refresh else "", "access": login.access.text,
                "tokens": [one.token.text for one in tokens],
            }  # fmt: skip
            nonce = secrets.token_bytes(_NONCE_BYTES)
            sealed = AESGCM(key).encrypt(nonce, json.dumps(secret).encode(), _bound(session, login.issuer))
            plain["sealed"] = base64.b64encode(nonce + sealed).decode()
        try:
            self._write(session, json.dumps(plain))
        except OSError as error:
            what = f"what must be revoked after a crash cannot be remembered: {error.strerror}"
            raise JournalError(what, where=str(self._folder), fix="make room, or the folder writable") from error

    def forget(self, session: str) -> None:
        """See `Memory.forget`."""
        self._path(session).unlink(missing_ok=True)

    def left_behind(self, runs: Callable[[str], bool]) -> tuple[LeftBehind, ...]:
        """What sessions left that run no more, by `runs`. Files that cannot be read are dropped."""
        return tuple(self._found(runs))

    def _found(self, runs: Callable[[str], bool]) -> Iterator[LeftBehind]:
        try:
            names = sorted(entry.name for entry in self._folder.iterdir() if entry.name.endswith(_ENDING))
        except FileNotFoundError:
            return
        for name in names:
            session = name.removesuffix(_ENDING)
            if runs(session):
                continue
            found = self._read(session)
            if found is None or self._clock() - found.since > KEPT:
                self.forget(session)
            else:
                yield found

    def _path(self, session: str) -> Path:
        if not session or "/" in session or session.startswith("."):
            raise ValueError(f"{session!r} is no id of a session")
        return self._folder / (session + _ENDING)

    def _write(self, session: str, text: str) -> None:
        path = self._path(session)
        make_private(self._folder)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        draft.replace(path)

    def _read(self, session: str) -> LeftBehind | None:
        try:
            with os.fdopen(open_private(self._path(session)), "rb") as file:
                plain = json.loads(file.read(_MOST_BYTES))
            told = tuple((str(id_), str(digest), _moment(end)) for id_, digest, end in plain["tokens"])
            bare = LeftBehind(session, str(plain["issuer"]), str(plain["user"]), _moment(plain["since"]), told)
            if plain["session"] != session:
                return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        secret = self._opened(plain, bare)
        if secret is None:
            return bare
        return _whole(bare, secret)

    def _opened(self, plain: Mapping[str, Any], bare: LeftBehind) -> Mapping[str, Any] | None:
        key = self._keyring.key() if self._keyring else None
        if key is None or not isinstance(plain.get("sealed"), str):
            return None
        try:
            sealed = base64.b64decode(plain["sealed"], validate=True)
            opened = AESGCM(key).decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound(bare.session, bare.issuer)
            )
            secret: Mapping[str, Any] = json.loads(opened)
        except (InvalidTag, ValueError):
            return None
        return secret


def settle(left: LeftBehind, provider: Provider | None, memory: Remembered, *, now: datetime) -> tuple[TokenEvent, ...]:
    """End what a crashed session left; `provider` is the one of `left.issuer`, if there is one. Never raises.

    What could not be ended stays remembered, and is tried again at the next start.
    """
    events: list[TokenEvent] = []
    open_: dict[str, TaskToken] = {token.id: token for token in left.tokens}
    settled = True
    for id_, digest, expires in left.told:
        if expires <= now:
            events.append(Ended(id_, digest, "expired after a crash"))
            continue
        token = open_.get(id_)
        what = f"a task token of the crashed session {left.session} ends by itself at {expires:%H:%M:%S} UTC"
        if token is None or provider is None:
            why = "no keyring kept it" if token is None else "its issuer is not the one that is configured"
            events.append(Failed(id_, f"{what}: {why}", "nothing else can end it"))
            continue
        try:
            provider.revoke(token)
            events.append(Ended(id_, digest, "revoked after a crash"))
        except IdentityError as error:
            settled = False
            events.append(Failed(id_, f"{what}: {error.what}", error.fix))
    if left.login is not None and provider is not None:
        try:
            provider.end(left.login)
        except IdentityError as error:
            settled = False
            what = f"the login of the crashed session {left.session} could not be ended: {error.what}"
            events.append(Failed("", what, error.fix))
    if settled:
        with contextlib.suppress(OSError):
            memory.forget(left.session)
    return tuple(events)


def _whole(bare: LeftBehind, secret: Mapping[str, Any]) -> LeftBehind:
    """With what was sealed. Only what ending needs of the values is filled in."""
    login = Login(
        bare.issuer, "", bare.user, Token(str(secret.get("access", ""))), bare.since,
        Token(str(secret["refresh"])) if secret.get("refresh") else None,
    )  # fmt: skip
    texts = secret.get("tokens", [])
    tokens = tuple(
        TaskToken(Token(text), id_, bare.issuer, "", "", frozenset(), "", bare.since, expires)
        for text, (id_, _, expires) in zip(texts if isinstance(texts, list) else [], bare.told, strict=False)
        if isinstance(text, str)
    )
    return LeftBehind(bare.session, bare.issuer, bare.user, bare.since, bare.told, login, tokens)


def _bound(session: str, issuer: str) -> bytes:
    return json.dumps([session, issuer]).encode()


def _moment(text: object) -> datetime:
    found = datetime.fromisoformat(str(text))
    if found.tzinfo is None:
        raise ValueError("a time without its zone")
    return found
