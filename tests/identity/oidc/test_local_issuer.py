"""The embedded issuer keeps the contract, and vouches for the OS user alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.local import LocalIssuer
from supervisor.identity.oidc.signed import read, usable
from supervisor.identity.oidc.values import TAGS_CLAIM, TASK_CLAIM, DevicePrompt, LoginTerms, Token
from tests.identity.oidc.contract import AUDIENCE, SCOPE, Contract, Stage, claims_of, log_in, terms


class LocalStage:
    """An issuer for each user; all have the same doors."""

    audience = AUDIENCE
    other_audience = "another.example"

    def __init__(self, algorithm: str) -> None:
        def made(user: str, uid: int, role: str) -> LocalIssuer:
            return LocalIssuer("s1", user, uid, roles=frozenset({role}), algorithm=algorithm)  # type: ignore[arg-type]

        self.issuers = {"ann": made("ann", 1000, "developer"), "bob": made("bob", 1001, "approver")}

    def provider(self, user: str = "ann") -> LocalIssuer:
        """See `Stage.provider`."""
        return self.issuers[user]

    def open_page(self, user: str) -> Callable[[str], None]:
        """Nothing is opened."""
        return lambda url: pytest.fail(f"no page is needed, and {url} was opened")

    def enter_code(self, prompt: DevicePrompt, user: str) -> None:
        """No code is shown."""
        pytest.fail(f"no code is needed, and {prompt} was shown")

    def pause(self, seconds: float) -> bool:
        """There is nothing to wait for."""
        return pytest.fail("nothing is asked twice")

    def is_active(self, token: Token) -> bool:
        """Whether the issuer verifies it."""
        try:
            self.provider().verify(token, audience=AUDIENCE, scopes=frozenset())
        except IdentityError:
            return False
        return True


@pytest.fixture(params=["ES256", "Ed25519"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """The embedded issuer with a key of each kind."""
    return LocalStage(request.param)


class TestLocalIssuer(Contract):
    """The suite, in this process."""


def test_the_token_itself_says_which_task_it_is_for(stage: Stage) -> None:
    """Scope, digest and session, and the tags for AWS, are claims that no check of ours is needed to see."""
    wanted = terms(stage, tags=(("session", "s1"), ("scope", "s3-static-site")))
    task = stage.provider().exchange(log_in(stage), wanted)
    claims = claims_of(task.token)
    assert claims[TASK_CLAIM] == {"scope": "s3-static-site", "digest": "d" * 64, "session": wanted.session}
    assert claims[TAGS_CLAIM] == {
        "principal_tags": {"session": ["s1"], "scope": ["s3-static-site"]},
        "transitive_tag_keys": ["session", "scope"],
    }
    assert task.carries == {"scope", "digest", "session", "tag session", "tag scope"}


def test_a_session_has_a_key_of_its_own(stage: Stage) -> None:
    """Another session of the same user does not take this one's tokens."""
    task = stage.provider().exchange(log_in(stage), terms(stage))
    with pytest.raises(IdentityError) as refused:
        LocalIssuer("s1", "ann", 1000).verify(task.token, audience=AUDIENCE, scopes=frozenset())
    assert refused.value.why is Why.UNTRUSTED


def test_doors_verify_with_the_published_key(stage: LocalStage) -> None:
    """The JWKS alone, which has no private part in it, opens what the issuer signed."""
    published = stage.provider().jwks()
    assert not {"d", "p", "q"} & set(published["keys"][0])
    task = stage.provider().exchange(log_in(stage), terms(stage))
    _, claims = read(task.token, lambda kid, algorithm: usable(published)[kid], issuer="x")
    assert claims["jti"] == task.id


def test_no_token_lives_longer_than_the_task(stage: Stage) -> None:
    """A token made shortly before the task's end ends with it, and after it there is none."""
    now = datetime(2026, 11, 25, 10, 0, 0, tzinfo=UTC)
    clock = [now]
    issuer = LocalIssuer("s1", "ann", 1000, deadline=now + timedelta(seconds=90), clock=lambda: clock[0])
    login = issuer.login(LoginTerms(frozenset({SCOPE})), print, seconds=1)
    assert issuer.exchange(login, terms(stage)).expires == now + timedelta(seconds=90)
    clock[0] = now + timedelta(seconds=91)
    with pytest.raises(IdentityError) as over:
        issuer.exchange(login, terms(stage))
    assert over.value.why is Why.EXPIRED


def test_a_token_is_over_when_its_time_is(stage: Stage) -> None:
    """A task token is taken until its end, a few seconds of leeway on top, and not after."""
    clock = [datetime(2026, 11, 25, 10, 0, 0, tzinfo=UTC)]
    issuer = LocalIssuer("s1", "ann", 1000, clock=lambda: clock[0])
    login = issuer.login(LoginTerms(frozenset({SCOPE})), print, seconds=1)
    task = issuer.exchange(login, terms(stage, seconds=60))
    clock[0] += timedelta(seconds=64)
    issuer.verify(task.token, audience=AUDIENCE, scopes=frozenset())
    clock[0] += timedelta(seconds=1)
    with pytest.raises(IdentityError) as over:
        issuer.verify(task.token, audience=AUDIENCE, scopes=frozenset())
    assert over.value.why is Why.EXPIRED


def test_the_end_of_a_login_ends_its_task_tokens(stage: Stage) -> None:
    """The local issuer, which is asked by every door, takes no task token of a login that is over."""
    provider, login = stage.provider(), log_in(stage)
    task = provider.exchange(login, terms(stage))
    provider.end(login)
    assert not stage.is_active(task.token)


def test_what_renewed_a_login_once_does_so_no_more(stage: Stage) -> None:
    """A refresh token is good for one renewal."""
    provider, login = stage.provider(), log_in(stage)
    provider.refresh(login)
    with pytest.raises(IdentityError) as over:
        provider.refresh(login)
    assert over.value.why is Why.SESSION_OVER


@pytest.mark.parametrize("asked", [{"max_age": 60}, {"prompt": "login"}, {"acr": "gold"}], ids=str)
def test_a_fresh_login_needs_a_server(stage: Stage, asked: dict[str, Any]) -> None:
    """The local issuer never claims that somebody has just proven who they are."""
    with pytest.raises(IdentityError) as refused:
        log_in(stage, **asked)
    assert refused.value.why is Why.MISCONFIGURED
