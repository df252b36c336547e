"""A task's token is renewed in time, handed out fresh, and ends with the task."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from supervisor.errors import JournalError
from supervisor.identity.oidc.events import PREFIX, Ended, Failed, Renewed, TokenEvent, record_of
from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.life import LONGEST_LOOK, STALE, TaskTokenLife
from supervisor.identity.oidc.local import LocalIssuer
from supervisor.identity.oidc.values import Login, LoginTerms, TaskTerms, TaskToken
from supervisor.journal.redact import Redactor
from supervisor.model.codec import to_json
from supervisor.model.event import CredentialEnded, CredentialMinted, Fault
from tests.identity.oidc.contract import AUDIENCE, SCOPE

START = datetime(2026, 11, 25, 10, 0, 0, tzinfo=UTC)
TERMS = TaskTerms(frozenset({SCOPE}), AUDIENCE, session="s1", scope="s3-static-site", digest="d" * 64, seconds=60)


class Issuer(LocalIssuer):
    """The local issuer, with troubles that a test switches on."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("s1", "ann", 1000, clock=clock)
        self.trouble: Why | None = None
        self.exchanged: list[TaskToken] = []
        self.refreshed = 0
        self.asked = 0
        self.revoked: list[str] = []
        self.ended: list[bool] = []
        self.during: Callable[[], None] = lambda: None

    def _check(self) -> None:
        self.asked += 1
        if self.trouble is not None:
            raise IdentityError(self.trouble, "trouble", where="here", fix="mend it")

    def exchange(self, login: Login, terms: TaskTerms) -> TaskToken:
        """As ever."""
        self._check()
        made = super().exchange(login, terms)
        self.exchanged.append(made)
        self.during()
        return made

    def refresh(self, login: Login) -> Login:
        """As ever."""
        self._check()
        self.refreshed += 1
        return super().refresh(login)

    def revoke(self, token: TaskToken) -> None:
        """As ever."""
        self._check()
        self.revoked.append(token.id)
        super().revoke(token)

    def end(self, login: Login, *, everywhere: bool = False) -> None:
        """As ever."""
        self._check()
        self.ended.append(everywhere)
        super().end(login, everywhere=everywhere)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def on(self, seconds: float) -> None:
        """Some time goes by."""
        self.now += timedelta(seconds=seconds)


class Desk:
    """A life and everything around it."""

    def __init__(self, *, deadline: datetime | None = None, jitter: float = 0.0) -> None:
        self.clock = Clock()
        self.issuer = Issuer(self.clock)
        self.events: list[TokenEvent] = []
        self.kept: dict[str, tuple[str, ...]] = {}
        login = self.issuer.login(LoginTerms(frozenset({SCOPE})), print, seconds=1)
        self.life = TaskTokenLife(
            self.issuer, login, TERMS, on_event=self.take, deadline=deadline, memory=self, jitter=lambda: jitter,
            clock=self.clock,
        )  # fmt: skip
        self.broken = False

    def take(self, event: TokenEvent) -> None:
        """The journal."""
        if self.broken:
            raise JournalError("the disk is full", fix="make room")
        self.events.append(event)

    def keep(self, session: str, login: Login, tokens: tuple[TaskToken, ...]) -> None:
        """See `Memory.keep`."""
        self.kept[session] = tuple(token.id for token in tokens)

    def forget(self, session: str) -> None:
        """See `Memory.forget`."""
        self.kept.pop(session, None)

    def of(self, kind: type[TokenEvent]) -> list[TokenEvent]:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def refused(self) -> IdentityError:
        """Why there is no token."""
        with pytest.raises(IdentityError) as caught:
            self.life.current()
        return caught.value


@pytest.fixture
def desk() -> Desk:
    """A task without an end, nothing asked yet."""
    return Desk()


def test_the_first_call_gets_a_token_that_was_recorded(desk: Desk) -> None:
    """A token is exchanged when it is first needed, recorded, remembered, and then shared."""
    first = desk.life.current()
    assert desk.life.current() is first
    assert desk.events == [Renewed(first.id, first.digest, "ann", desk.issuer.issuer, first.scopes, first.expires)]
    assert desk.kept == {"s1": (first.id,)}


@pytest.mark.parametrize(("jitter", "due"), [(0.0, 40.0), (1.0, 34.0), (7.0, 34.0), (-1.0, 40.0)])
def test_a_token_is_renewed_at_two_thirds_of_its_life(jitter: float, due: float) -> None:
    """Not before, and at once then; jitter makes it a tenth of a life earlier at most."""
    desk = Desk(jitter=jitter)
    first = desk.life.current()
    desk.clock.on(due - 0.5)
    assert 0 < desk.life.tend() <= 0.5
    assert desk.life.current() is first
    desk.clock.on(0.5)
    desk.life.tend()
    second = desk.life.current()
    assert second is not first
    assert isinstance(desk.events[-1], Renewed) and desk.events[-1].before == first.id


def test_the_one_before_stays_good_until_its_own_end(desk: Desk) -> None:
    """A renewal revokes nothing: a call may be on its way with the old token. Its end is recorded when it comes."""
    first = desk.life.current()
    desk.clock.on(45)
    desk.life.tend()
    assert not desk.issuer.revoked
    desk.issuer.verify(first.token, audience=AUDIENCE, scopes=frozenset({SCOPE}))
    assert not desk.of(Ended)
    desk.clock.on(15)
    desk.life.tend()
    assert desk.of(Ended) == [Ended(first.id, first.digest, "expired")]


def test_ten_minutes_of_calls_find_a_good_token_each(desk: Desk) -> None:
    """In ten minutes of 60-second tokens, with a call each second, no call gets a token with less than ten left."""
    for _ in range(600):
        token = desk.life.current()
        assert token.expires - desk.clock() > STALE
        desk.issuer.verify(token.token, audience=AUDIENCE, scopes=frozenset({SCOPE}))
        desk.clock.on(1)
        desk.life.tend()
    assert 14 <= len(desk.issuer.exchanged) <= 16
    assert desk.issuer.refreshed >= 2
    assert not desk.of(Failed)


def test_an_issuer_that_is_away_for_a_while_disturbs_no_call(desk: Desk) -> None:
    """A renewal that fails is tried again, more and more seldom, while the token at hand is good."""
    first = desk.life.current()
    desk.clock.on(40)
    desk.issuer.trouble = Why.UNREACHABLE
    pauses = []
    for _ in range(4):
        pauses.append(desk.life.tend())
        assert desk.life.current() is first
        desk.clock.on(pauses[-1])
    assert pauses == [1.0, 2.0, 4.0, 8.0][: len(pauses)]
    assert len(desk.of(Failed)) == 1, "one trouble is told once"
    desk.issuer.trouble = None
    desk.life.tend()
    assert desk.life.current() is not first


def test_an_issuer_that_stays_away_ends_the_tokens(desk: Desk) -> None:
    """When the last token is stale nobody gets one, and the reason is told; when it is back there is a new one."""
    first = desk.life.current()
    desk.clock.on(40)
    desk.issuer.trouble = Why.UNREACHABLE
    desk.life.tend()
    desk.clock.on(11)
    error = desk.refused()
    assert error.why is Why.UNREACHABLE and error.fix == "mend it"
    desk.issuer.trouble = None
    desk.clock.on(20)
    assert desk.life.current() is not first


def test_a_refusal_is_not_asked_for_again_by_each_call(desk: Desk) -> None:
    """A hundred calls that find no token are one question to an issuer that does not answer."""
    desk.issuer.trouble = Why.UNREACHABLE
    for _ in range(100):
        desk.refused()
    assert desk.issuer.asked == 1


@pytest.mark.parametrize("why", [Why.SESSION_OVER, Why.WIDER, Why.NOT_ALLOWED, Why.UNTRUSTED, Why.MISCONFIGURED])
def test_a_refusal_that_does_not_mend_itself_is_final(desk: Desk, why: Why) -> None:
    """A login that was ended, or a token that is wider than asked, is told once; what is held is good to its end."""
    first = desk.life.current()
    desk.clock.on(40)
    desk.issuer.trouble = why
    desk.life.tend()
    assert desk.of(Failed) == [Failed(first.id, "trouble", "mend it", None)]
    assert desk.life.current() is first
    desk.issuer.trouble = None
    desk.clock.on(11)
    assert desk.life.tend() == LONGEST_LOOK
    assert desk.refused().why is why
    assert len(desk.issuer.exchanged) == 1


def test_the_end_revokes_everything(desk: Desk) -> None:
    """At the end both tokens that are alive are revoked, the login is ended, all is recorded and forgotten."""
    first = desk.life.current()
    desk.clock.on(45)
    desk.life.tend()
    second = desk.life.current()
    desk.life.end("the agent ended")
    assert desk.issuer.revoked == [first.id, second.id]
    assert desk.issuer.ended == [False]
    assert desk.events[-2:] == [
        Ended(first.id, first.digest, "revoked: the agent ended"),
        Ended(second.id, second.digest, "revoked: the agent ended"),
    ]
    assert desk.kept == {}
    assert "the agent ended" in desk.refused().what
    desk.life.end("again")
    assert len(desk.issuer.revoked) == 2


def test_a_kill_ends_the_human_s_session_too(desk: Desk) -> None:
    """`everywhere` reaches the issuer."""
    desk.life.current()
    desk.life.end("killed", everywhere=True)
    assert desk.issuer.ended == [True]


def test_an_end_that_fails_is_told_and_stays_remembered(desk: Desk) -> None:
    """With the issuer away nobody claims that a token was revoked, and the next start tries again."""
    first = desk.life.current()
    desk.issuer.trouble = Why.UNREACHABLE
    desk.life.end("killed")
    failed = desk.of(Failed)
    assert len(failed) == 1 and "ends by itself at 10:01:00 UTC" in record_of(failed[0]).what  # type: ignore[union-attr]
    assert not desk.of(Ended)
    assert desk.kept == {"s1": (first.id,)}


def test_nothing_is_handed_out_that_is_not_on_record(desk: Desk) -> None:
    """With a journal that cannot be written a token is revoked before anybody gets it."""
    desk.broken = True
    with pytest.raises(JournalError):
        desk.life.current()
    assert desk.issuer.revoked == [desk.issuer.exchanged[0].id]
    desk.broken = False
    assert desk.life.current().id == desk.issuer.exchanged[1].id


def test_a_token_that_comes_after_the_end_is_revoked(desk: Desk) -> None:
    """A kill in the middle of an exchange leaves nothing behind, whoever comes first."""
    desk.issuer.during = lambda: desk.life.end("killed")
    assert "killed" in desk.refused().what
    assert desk.issuer.revoked == [desk.issuer.exchanged[0].id]
    assert isinstance(desk.events[-1], Ended)


def test_no_token_is_asked_for_past_the_deadline() -> None:
    """A token that lasts until the task's end is not renewed, and after it there is none."""
    desk = Desk(deadline=START + timedelta(seconds=55))
    desk.life.current()
    desk.clock.on(44)
    assert desk.life.tend() == LONGEST_LOOK
    assert len(desk.issuer.exchanged) == 1
    desk.clock.on(11)
    assert desk.refused().why is Why.EXPIRED


def test_calls_at_once_wait_for_one_exchange(desk: Desk) -> None:
    """Fifty threads that find no token get the same one."""
    go, got = threading.Event(), []

    def call() -> None:
        go.wait(10)
        got.append(desk.life.current().id)

    threads = [threading.Thread(target=call) for _ in range(50)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert len(got) == 50 and len(set(got)) == 1 and len(desk.issuer.exchanged) == 1


def test_a_thread_of_its_own_renews_and_ends(desk: Desk) -> None:
    """The thread renews what is due by itself, and ends at once with the task."""
    first = desk.life.current()
    desk.clock.on(45)
    renewed = threading.Event()
    desk.issuer.during = renewed.set
    thread = desk.life.start()
    assert renewed.wait(10)
    desk.life.end("over")
    thread.join(10)
    assert not thread.is_alive()
    assert {event.id for event in desk.of(Ended)} == {token.id for token in desk.issuer.exchanged}
    assert desk.issuer.exchanged[0].id == first.id


def test_records_have_ids_and_digests_and_no_token(desk: Desk) -> None:
    """What goes into the journal names a token by id and digest, whatever its kind."""
    token = desk.life.current()
    desk.life.end("over")
    minted, ended = (record_of(event) for event in desk.events)
    fault = record_of(Failed(token.id, "no answer", "look", START))
    assert isinstance(minted, CredentialMinted) and isinstance(ended, CredentialEnded) and isinstance(fault, Fault)
    assert minted.credential == ended.credential == PREFIX + token.id
    assert (minted.acts_as, minted.service, minted.issuer) == ("ann", SCOPE, token.issuer)
    assert minted.digest == token.digest
    assert fault.what.endswith("(oidc:" + token.id + " is held); tried again at 10:00:00 UTC") and fault.fix == "look"
    for record in (minted, ended, fault):
        assert token.token.text not in repr(record)
        written = json.dumps(to_json(record))
        assert not Redactor().find(written), "the journal takes an id or a digest for a secret"
    assert Redactor().find(token.token.text), "and would take the token for one"
