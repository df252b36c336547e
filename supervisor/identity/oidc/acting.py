"""Who a session acts as: the login, the task's token and their end, in the order in which a session needs them.

Every method blocks on the issuer: an event loop calls it in a thread, and one after the other.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from supervisor.errors import JournalError
from supervisor.identity.oidc.choose import login_terms, provider_of, task_terms
from supervisor.identity.oidc.events import Renewed, TokenEvent, record_of
from supervisor.identity.oidc.failures import IdentityError
from supervisor.identity.oidc.life import TaskTokenLife
from supervisor.identity.oidc.provider import Pause, Provider
from supervisor.identity.oidc.settings import Settings, load_settings
from supervisor.identity.oidc.values import DevicePrompt, Login
from supervisor.journal.sessions import SessionFolder, is_running, sessions_folder, state_folder
from supervisor.model.event import CredentialEnded, CredentialMinted, Fault

if TYPE_CHECKING:
    from supervisor.identity.oidc.remembered import Remembered
    from supervisor.identity.oidc.web_identity import WebIdentitySts
    from supervisor.identity.source import Source

LOGIN_SECONDS: Final = 300.0
"""How long a human may take to log in."""
UNREVOKED: Final = "unrevoked"
"""The folder of what a crash would leave in force, in this program's state."""
AFTER_A_CRASH: Final = "after a crash"
TokenRecord = CredentialMinted | CredentialEnded | Fault


class Acting:
    """One session's identity: `log_in` and `begin`, then `aws`, then `end`. `user` and `uid` are the OS user's."""

    def __init__(self, environment: Mapping[str, str], settings: Settings, *, user: str, uid: int) -> None:
        self._environment, self._user, self._uid = dict(environment), user, uid
        self._settings = settings
        self._provider: Provider | None = None
        self._login: Login | None = None
        self._life: TaskTokenLife | None = None

    @property
    def asks(self) -> bool:
        """Whether a human must log in."""
        return self._settings.provider != "local"

    def log_in(self, scope: str, show: Callable[[DevicePrompt], None], pause: Pause) -> None:
        """Let a human log in for a task under this scope: before anything of the session is there.

        `show` gets the page to open on this machine, or with a code the one for another device. Raises `IdentityError`,
        `SettingsError`.
        """
        self._provider = provider = self._issuer("", None)
        terms = login_terms(self._settings, scope)
        if self._settings.login == "device":
            self._login = provider.login_by_device(terms, show, pause)
            return
        expires = datetime.now(UTC) + timedelta(seconds=LOGIN_SECONDS)
        self._login = provider.login(
            terms, lambda page: show(DevicePrompt("", page, "", expires)), seconds=LOGIN_SECONDS
        )

    @property
    def settings(self) -> Settings:
        """The user's choice of an issuer."""
        return self._settings

    @property
    def subject(self) -> str:
        """Who logged in, by the issuer's own id; empty before that."""
        return "" if self._login is None else self._login.subject

    def begin(
        self, *, session: str, scope: str, digest: str, deadline: datetime | None, record: Callable[[TokenRecord], None]
    ) -> None:
        """Make the first token and keep it alive; end what crashed sessions left. `record` puts it into the journal.

        Raises `IdentityError`, `JournalError`: then nothing was granted.
        """
        if self._provider is None or self._login is None:
            self._provider = self._issuer(session, deadline)
            self._login = self._provider.login(login_terms(self._settings, scope), lambda page: None, seconds=0)

        def told(event: TokenEvent) -> None:
            try:
                record(record_of(event))
            except JournalError:
                if isinstance(event, Renewed):
                    raise  # what is not on record is not handed out; an end happens all the same

        def told_of_crash(event: TokenEvent) -> None:
            found = record_of(event)
            with contextlib.suppress(JournalError):
                # No fault of this session's identity: its panel must not take it for one.
                record(replace(found, part=AFTER_A_CRASH) if isinstance(found, Fault) else found)

        # The local issuer ends with this process: nothing of it can be left behind.
        unrevoked = self._unrevoked() if self.asks else None
        self._life = life = TaskTokenLife(
            self._provider,
            self._login,
            task_terms(self._settings, scope=scope, digest=digest, session=session),
            on_event=told,
            deadline=deadline,
            memory=unrevoked,
            jitter=random.random,
        )
        life.current()
        if unrevoked is not None:
            self._settle(unrevoked, told_of_crash)
        life.start()

    def aws(self, *, region: str, endpoint: str) -> tuple[Source, WebIdentitySts, str] | None:
        """What a broker makes credentials from, and who the user is; `None`: from the developer's own profile."""
        life, role = self._life, self._settings.aws_role
        if life is None or not role:
            return None
        from supervisor.identity.oidc.web_identity import WebIdentitySts, source_of

        bundle = "" if endpoint else self._environment.get("AWS_CA_BUNDLE", "")
        source = source_of(role, issuer=self._settings.issuer, region=region, endpoint=endpoint, ca_bundle=bundle)
        return source, WebIdentitySts(source, life.current), life.login.user

    def end(self, why: str, *, everywhere: bool = False) -> None:
        """Revoke what is in force and end the login, `everywhere` in the human's browser too. Never raises."""
        if self._life is not None:
            self._life.end(why, everywhere=everywhere)
        elif self._provider is not None and self._login is not None:
            with contextlib.suppress(IdentityError):  # there is no session to tell, and the realm ends it by itself
                self._provider.end(self._login, everywhere=everywhere)

    def _issuer(self, session: str, deadline: datetime | None) -> Provider:
        return provider_of(
            self._settings, self._environment, session=session, user=self._user, uid=self._uid, deadline=deadline
        )

    def _unrevoked(self) -> Remembered:
        from supervisor.identity.oidc.keyring import KernelKeyring
        from supervisor.identity.oidc.remembered import Remembered

        return Remembered(state_folder(self._environment) / UNREVOKED, KernelKeyring())

    def _settle(self, unrevoked: Remembered, told: Callable[[TokenEvent], None]) -> None:
        from supervisor.identity.oidc.remembered import settle

        provider, folder = self._provider, sessions_folder(self._environment)
        for left in unrevoked.left_behind(lambda session: is_running(SessionFolder(folder / session))):
            issuer = provider if provider is not None and provider.issuer == left.issuer else None
            for event in settle(left, issuer, unrevoked, now=datetime.now(UTC)):
                told(event)


def acting(environment: Mapping[str, str], user: str, *, local: bool = False) -> Acting:
    """The identity of a session of this OS user, `local` whatever is configured. Raises `SettingsError`."""
    return Acting(environment, Settings() if local else load_settings(environment), user=user, uid=os.getuid())
