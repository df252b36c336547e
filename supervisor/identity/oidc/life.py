"""The life of a task's token: renewed before it ends, never handed out stale, revoked when the task is over.

A token is renewed at two thirds of its life, so that one failed attempt or two leave calls undisturbed. The one before
stays good until its own end, because a call may be on its way with it. A journal that cannot be written hands out
nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from copy import copy
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from supervisor.errors import SuperviseError
from supervisor.identity.oidc.events import Ended, Failed, TokenEvent, renewed
from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.provider import Provider
from supervisor.identity.oidc.values import Login, TaskTerms, TaskToken

STALE: Final = timedelta(seconds=10)
"""With less than this left a token is not handed out any more: the call that it is for takes its time too."""
LOGIN_STALE: Final = timedelta(seconds=30)
"""With less than this left a login is renewed before it is exchanged."""
JITTER: Final = 0.1
"""The part of a life by which a renewal may come early, so that many sessions do not ask at once."""
_BACK_OFF: Final = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 15))
LONGEST_LOOK: Final = 15.0
"""Seconds between two looks at the clock, which may have jumped while the machine slept."""
PASSING: Final = frozenset({Why.UNREACHABLE, Why.CLOCK})
"""Failures that may mend themselves."""


class Memory(Protocol):
    """Keeps what must be revoked after a crash; see `remembered`."""

    def keep(self, session: str, login: Login, tokens: tuple[TaskToken, ...]) -> None:
        """Remember these in place of what was remembered before."""
        ...

    def forget(self, session: str) -> None:
        """All of it has ended."""
        ...


class TaskTokenLife:
    """The token of one task. Any thread may call; `deadline` (aware) is the task's end.

    `on_event` gets each event before it takes effect. `jitter` draws a number from 0 to 1 for each renewal.
    """

    def __init__(
        self,
        provider: Provider,
        login: Login,
        terms: TaskTerms,
        *,
        on_event: Callable[[TokenEvent], None],
        deadline: datetime | None = None,
        memory: Memory | None = None,
        jitter: Callable[[], float] = lambda: 0.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._provider, self._login, self._terms = provider, login, terms
        self._on_event, self._deadline, self._memory = on_event, deadline, memory
        self._jitter, self._clock = jitter, clock
        self._lock, self._renewing, self._wake = threading.Lock(), threading.Lock(), threading.Event()
        self._token: TaskToken | None = None
        self._due = datetime.min.replace(tzinfo=UTC)
        self._alive: dict[str, TaskToken] = {}
        self._failure: IdentityError | None = None
        self._failures = 0
        self._ended = ""

    @property
    def login(self) -> Login:
        """The login as it is now."""
        return self._login

    def current(self) -> TaskToken:
        """A token that is good for a call that begins now. Blocks on the issuer where there is none.

        Raises `IdentityError`: the task is over, or no token could be had and none is left.
        """
        held = self._usable()
        if held is not None:
            return held
        with self._renewing:
            held = self._usable()
            if held is not None:
                return held
            if self._failure is not None and (self._lost or self._clock() < self._due):
                raise copy(self._failure)
            return self._renew()

    def tend(self) -> float:
        """Renew if it is time to; seconds until the next look. Failures are events, never exceptions of the issuer."""
        self._sweep()
        now = self._clock()
        if self._ended or self._over(now) or self._lost or self._lasts():
            return LONGEST_LOOK
        if now >= self._due and self._renewing.acquire(blocking=False):
            try:
                if self._clock() >= self._due:
                    self._renew()
            except IdentityError:
                pass  # told as an event already; what is held is good until its end
            finally:
                self._renewing.release()
        return min(max((self._due - self._clock()).total_seconds(), 0.05), LONGEST_LOOK)

    def start(self) -> threading.Thread:
        """Tend it in a thread of its own until `end`."""
        thread = threading.Thread(target=self._tend_on, name="task-token", daemon=True)
        thread.start()
        return thread

    def end(self, why: str, *, everywhere: bool = False) -> None:
        """Nobody gets a token any more; every one that is alive is revoked, and the login ended. Blocks on the issuer.

        What cannot be revoked is told as an event, and stays remembered for the next start.
        """
        with self._lock:
            if self._ended:
                return
            self._ended = why or "the task has ended"
            alive, self._token, self._alive = list(self._alive.values()), None, {}
        self._wake.set()
        settled = True
        for token in alive:
            if token.expires <= self._clock():
                self._on_event(Ended(token.id, token.digest, "expired"))
            elif settled and self._revoked(token):
                self._on_event(Ended(token.id, token.digest, f"revoked: {self._ended}"))
            elif settled:
                settled = False  # the issuer is not asked again and again while the session waits to end
            else:
                what = f"it was not revoked either, and ends by itself at {token.expires:%H:%M:%S} UTC"
                self._on_event(Failed(token.id, what, "look at the issuer"))
        try:
            if settled:
                self._provider.end(self._login, everywhere=everywhere)
        except IdentityError as error:
            self._on_event(Failed("", f"the login could not be ended: {error.what}", error.fix))
            settled = False
        if settled and self._memory is not None:
            self._memory.forget(self._terms.session)

    # ── renewal ──────────────────────────────────────────────────────────────────────────────────

    def _renew(self) -> TaskToken:
        """A new token, recorded before anybody gets it. The caller holds `_renewing`."""
        try:
            made = self._exchanged()
        except IdentityError as error:
            self._failed(error)
            raise
        before = self._token.id if self._token else ""
        try:
            self._on_event(renewed(made, self._login.user, before))
            with self._lock:
                self._check()
                self._alive[made.id] = made
                alive = tuple(self._alive.values())
            if self._memory is not None:
                self._memory.keep(self._terms.session, self._login, alive)
        except BaseException:
            # Nobody has seen it: it must not be worth anything either.
            with self._lock:
                self._alive.pop(made.id, None)
            if self._revoked(made):
                self._on_event(Ended(made.id, made.digest, "revoked: it was never handed out"))
            raise
        with self._lock:
            self._check()
            self._token, self._failure, self._failures = made, None, 0
            life = made.expires - made.issued
            self._due = made.expires - life * (1 / 3 + JITTER * min(max(self._jitter(), 0.0), 1.0))
        return made

    def _exchanged(self) -> TaskToken:
        if self._login.expires - self._clock() < LOGIN_STALE:
            self._login = self._provider.refresh(self._login)
        return self._provider.exchange(self._login, self._terms)

    def _failed(self, error: IdentityError) -> None:
        passing = error.why in PASSING
        with self._lock:
            first = self._failures == 0
            again = self._clock() + _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)] if passing else None
            self._failure, self._failures = error, self._failures + 1
            self._due = again or datetime.max.replace(tzinfo=UTC)
            held = self._token.id if self._token else ""
        if first or not passing:
            self._on_event(Failed(held, error.what, error.fix, again))

    @property
    def _lost(self) -> bool:
        return self._failure is not None and self._failure.why not in PASSING

    def _usable(self) -> TaskToken | None:
        with self._lock:
            self._check()
            held = self._token
        return held if held is not None and held.expires - self._clock() > STALE else None

    def _lasts(self) -> bool:
        """Whether what is held is good until the task's end."""
        held = self._token
        return held is not None and self._deadline is not None and held.expires >= self._deadline

    def _check(self) -> None:
        if self._ended:
            raise IdentityError(Why.EXPIRED, f"there are no task tokens any more: {self._ended}",
                                where=self._provider.issuer, fix="start a new session")  # fmt: skip
        if self._over(self._clock()):
            raise IdentityError(Why.EXPIRED, "there are no task tokens any more: the task's time is over",
                                where=self._provider.issuer, fix="start a new session")  # fmt: skip

    def _over(self, now: datetime) -> bool:
        return self._deadline is not None and now >= self._deadline

    # ── ends ─────────────────────────────────────────────────────────────────────────────────────

    def _tend_on(self) -> None:
        while not self._ended:
            try:
                seconds = self.tend()
            except SuperviseError:
                return  # the journal is broken: whoever asks for a token next is told, and gets none
            self._wake.wait(seconds)

    def _sweep(self) -> None:
        now = self._clock()
        with self._lock:
            over = [token for token in self._alive.values() if token.expires <= now]
            for token in over:
                del self._alive[token.id]
        for token in over:
            self._on_event(Ended(token.id, token.digest, "expired"))

    def _revoked(self, token: TaskToken) -> bool:
        try:
            self._provider.revoke(token)
        except IdentityError as error:
            what = f"it could not be revoked, and ends by itself at {token.expires:%H:%M:%S} UTC: {error.what}"
            self._on_event(Failed(token.id, what, error.fix))
            return False
        return True
