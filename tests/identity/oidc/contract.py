"""What every issuer promises, whoever runs it; a runner gives the stage and inherits the tests."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.provider import Provider
from supervisor.identity.oidc.values import APPROVER, DevicePrompt, Login, LoginTerms, TaskTerms, Token

SCOPE = "task-s3-static-site"
OTHER_SCOPE = "task-terraform-plan"
AUDIENCE = "sts.amazonaws.com"
SESSION = "20261125-101500-abcd"
SECONDS = 240.0


class Stage(Protocol):
    """An issuer with the users ann (developer) and bob (approver), both known for scopes `SCOPE` and `OTHER_SCOPE`."""

    audience: str
    other_audience: str

    def provider(self, user: str = "ann") -> Provider:
        """The issuer, at which `user` logs in whenever somebody is asked to."""
        ...

    def open_page(self, user: str) -> Callable[[str], None]:
        """What a browser does in which `user` logs in."""
        ...

    def enter_code(self, prompt: DevicePrompt, user: str) -> None:
        """What `user` does at another device."""
        ...

    def pause(self, seconds: float) -> bool:
        """Waits between two questions whether a code was entered; false: goes on."""
        ...

    def is_active(self, token: Token) -> bool:
        """Whether the issuer itself would still take a task token."""
        ...


def terms(stage: Stage, **more: Any) -> TaskTerms:
    """What the suite's task is."""
    plain = TaskTerms(
        frozenset({SCOPE}), stage.audience, session=SESSION, scope="s3-static-site", digest="d" * 64,
        tags=(("agent-supervise:scope", "s3-static-site"), ("agent-supervise:session", SESSION)),
    )  # fmt: skip
    return replace(plain, **more)


def log_in(stage: Stage, user: str = "ann", **more: Any) -> Login:
    """A login through a browser, for the suite's task."""
    asked = replace(LoginTerms(frozenset({SCOPE})), **more)
    return stage.provider(user).login(asked, stage.open_page(user), seconds=SECONDS)


def claims_of(token: Token) -> dict[str, Any]:
    """The claims as they stand there."""
    part = token.text.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


class Contract:
    """The suite."""

    def test_a_login_says_who_it_is(self, stage: Stage) -> None:
        """A login has the user's name and role, the issuer, and an end in the future."""
        login = log_in(stage)
        assert (login.user, login.issuer) == ("ann", stage.provider().issuer)
        assert login.subject and "developer" in login.roles
        assert login.expires > datetime.now(UTC)

    def test_nothing_that_is_printed_shows_a_token(self, stage: Stage) -> None:
        """Neither a login nor a task token shows its tokens when it is printed or formatted."""
        login = log_in(stage)
        task = stage.provider().exchange(login, terms(stage))
        held = [token.text for token in (login.access, login.refresh, login.id_token, task.token) if token]
        for seen in (repr(login), str(login), f"{task}", repr([task.token]), f"{task.token}"):
            assert not [text for text in held if text in seen or text.rpartition(".")[2] in seen]

    def test_a_task_token_is_exactly_what_was_asked(self, stage: Stage) -> None:
        """Scope and audience are the task's and nothing else, the life is 60 to 300 s, there are no roles."""
        provider, login = stage.provider(), log_in(stage)
        task = provider.exchange(login, terms(stage))
        claims = claims_of(task.token)
        assert claims["scope"] == SCOPE
        assert claims["aud"] in (stage.audience, [stage.audience])
        assert 60 <= claims["exp"] - claims["iat"] <= 300
        assert not {"realm_access", "resource_access", "roles", "groups"} & set(claims)
        assert (task.id, task.subject) == (claims["jti"], login.subject)
        assert task.expires - task.issued == timedelta(seconds=claims["exp"] - claims["iat"])

    def test_a_task_token_is_verified(self, stage: Stage) -> None:
        """Whoever holds the issuer's keys can verify a task token for its audience and scope."""
        provider = stage.provider()
        task = provider.exchange(log_in(stage), terms(stage))
        claims = provider.verify(task.token, audience=stage.audience, scopes=frozenset({SCOPE}))
        assert claims["jti"] == task.id

    def test_each_task_token_has_an_id_of_its_own(self, stage: Stage) -> None:
        """Two exchanges of one login give two tokens that can be told apart."""
        provider, login = stage.provider(), log_in(stage)
        one, other = provider.exchange(login, terms(stage)), provider.exchange(login, terms(stage))
        assert one.id != other.id and one.digest != other.digest

    def test_a_door_refuses_what_is_not_for_it(self, stage: Stage) -> None:
        """A task token is refused by another audience, and where another scope is needed."""
        provider = stage.provider()
        task = provider.exchange(log_in(stage), terms(stage))
        with pytest.raises(IdentityError) as audience:
            provider.verify(task.token, audience="another.example", scopes=frozenset())
        with pytest.raises(IdentityError) as scope:
            provider.verify(task.token, audience=stage.audience, scopes=frozenset({SCOPE, "task-more"}))
        assert (audience.value.why, scope.value.why) == (Why.UNTRUSTED, Why.NOT_ALLOWED)

    @pytest.mark.parametrize("part", [0, 1, 2])
    def test_a_changed_token_is_refused(self, stage: Stage, part: int) -> None:
        """A token with one letter changed anywhere is not taken."""
        provider = stage.provider()
        task = provider.exchange(log_in(stage), terms(stage))
        parts = task.token.text.split(".")
        middle = len(parts[part]) // 2
        parts[part] = parts[part][:middle] + ("A" if parts[part][middle] != "A" else "B") + parts[part][middle + 1 :]
        with pytest.raises(IdentityError) as refused:
            provider.verify(Token(".".join(parts)), audience=stage.audience, scopes=frozenset())
        assert refused.value.why is Why.UNTRUSTED

    def test_an_unsigned_token_is_refused(self, stage: Stage) -> None:
        """A token that says that it is not signed, or signed with a secret, is not taken."""
        provider = stage.provider()
        task = provider.exchange(log_in(stage), terms(stage))
        for algorithm in ("none", "HS256", "dir"):
            header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "kid": "x"}).encode()).decode().rstrip("=")
            forged = ".".join([header, *task.token.text.split(".")[1:]])
            with pytest.raises(IdentityError) as refused:
                provider.verify(Token(forged), audience=stage.audience, scopes=frozenset())
            assert refused.value.why is Why.UNTRUSTED

    def test_an_id_token_opens_no_door(self, stage: Stage) -> None:
        """The receipt of a login is not taken for an access token."""
        login = log_in(stage)
        assert login.id_token is not None
        with pytest.raises(IdentityError) as refused:
            stage.provider().verify(login.id_token, audience=claims_of(login.id_token)["aud"], scopes=frozenset())
        assert refused.value.why is Why.UNTRUSTED

    def test_a_login_for_one_task_is_good_for_no_other(self, stage: Stage) -> None:
        """A scope that the login was not made for is refused by the issuer."""
        with pytest.raises(IdentityError) as refused:
            stage.provider().exchange(log_in(stage), terms(stage, scopes=frozenset({OTHER_SCOPE})))
        assert refused.value.why in (Why.NOT_ALLOWED, Why.REFUSED, Why.NARROWER) and refused.value.fix

    def test_more_than_the_login_has_is_refused(self, stage: Stage) -> None:
        """A task that asks for its own scope and one more gets nothing at all."""
        with pytest.raises(IdentityError) as refused:
            stage.provider().exchange(log_in(stage), terms(stage, scopes=frozenset({SCOPE, OTHER_SCOPE})))
        assert refused.value.why in (Why.NOT_ALLOWED, Why.REFUSED, Why.NARROWER) and refused.value.fix

    def test_a_scope_that_nobody_knows_is_refused(self, stage: Stage) -> None:
        """A scope that the issuer does not have is refused."""
        with pytest.raises(IdentityError) as refused:
            stage.provider().exchange(log_in(stage), terms(stage, scopes=frozenset({"task-unknown"})))
        assert refused.value.why in (Why.NOT_ALLOWED, Why.REFUSED, Why.NARROWER) and refused.value.fix

    def test_what_is_no_login_is_exchanged_for_nothing(self, stage: Stage) -> None:
        """Neither garbage, nor an ID token, nor a task token is exchanged."""
        provider, login = stage.provider(), log_in(stage)
        task = provider.exchange(login, terms(stage))
        assert login.id_token is not None
        for wrong in (Token("garbage"), Token("a.b.c"), login.id_token):
            with pytest.raises(IdentityError):
                provider.exchange(replace(login, access=wrong), terms(stage))
        with pytest.raises(IdentityError):
            provider.exchange(replace(login, access=task.token), terms(stage, scopes=frozenset({OTHER_SCOPE})))

    def test_a_login_is_renewed(self, stage: Stage) -> None:
        """A renewed login is of the same user, and can be exchanged."""
        provider, login = stage.provider(), log_in(stage)
        again = provider.refresh(login)
        assert (again.subject, again.user, again.role) == (login.subject, "ann", "developer")
        assert again.access.text != login.access.text
        assert provider.exchange(again, terms(stage)).subject == login.subject

    def test_a_revoked_token_is_over_at_the_issuer(self, stage: Stage) -> None:
        """The issuer takes a revoked task token for ended, another one of the same login not; twice is no error."""
        provider, login = stage.provider(), log_in(stage)
        one, other = provider.exchange(login, terms(stage)), provider.exchange(login, terms(stage))
        assert stage.is_active(one.token)
        provider.revoke(one)
        provider.revoke(one)
        assert not stage.is_active(one.token)
        assert stage.is_active(other.token)

    @pytest.mark.parametrize("everywhere", [False, True], ids=["here", "everywhere"])
    def test_a_login_that_was_ended_gives_nothing(self, stage: Stage, everywhere: bool) -> None:
        """After its end a login is neither renewed nor ended a second time with an error."""
        provider, login = stage.provider(), log_in(stage)
        provider.end(login, everywhere=everywhere)
        with pytest.raises(IdentityError) as over:
            provider.refresh(login)
        assert over.value.why is Why.SESSION_OVER
        provider.end(login, everywhere=everywhere)

    def test_who_lacks_the_role_is_told_so(self, stage: Stage) -> None:
        """An approver who is no developer cannot log in for a task, and is told which role is missing."""
        with pytest.raises(IdentityError) as refused:
            log_in(stage, "bob", scopes=frozenset())
        assert refused.value.why is Why.NOT_ALLOWED
        assert "bob" in refused.value.what and "developer" in refused.value.what and refused.value.fix
        assert log_in(stage, "bob", scopes=frozenset(), role=APPROVER).user == "bob"

    def test_the_receipt_is_for_the_text_that_it_was_asked_for(self, stage: Stage) -> None:
        """With a nonce of one's own the ID token carries exactly that."""
        login = log_in(stage, nonce="5" * 64)
        assert login.id_token is not None and claims_of(login.id_token)["nonce"] == "5" * 64

    def test_a_device_login_is_as_good(self, stage: Stage) -> None:
        """Who enters the code at another device is logged in, and the login can be exchanged."""
        provider = stage.provider()
        login = provider.login_by_device(
            LoginTerms(frozenset({SCOPE})), lambda prompt: stage.enter_code(prompt, "ann"), stage.pause
        )
        assert login.user == "ann"
        assert provider.exchange(login, terms(stage)).scopes == {SCOPE}


def quickly(seconds: float) -> bool:
    """A pause that is over at once, and gives up never."""
    return False
