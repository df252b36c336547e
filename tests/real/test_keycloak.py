"""A real Keycloak keeps the contract, and its own rules hold where ours would too."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest
from click.testing import CliRunner

from supervisor.commands.keycloak import PASSWORD_VARIABLE, keycloak
from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.life import TaskTokenLife
from supervisor.identity.oidc.realm import AWS, BROKER_CLIENT, LOGIN_CLIENT, LOGIN_SCOPE, POLICY, Plan
from supervisor.identity.oidc.realm_admin import RealmAdmin
from supervisor.identity.oidc.realm_difference import difference
from supervisor.identity.oidc.server import ACCESS_TOKEN
from supervisor.identity.oidc.values import TAGS_CLAIM, TASK_CLAIM, Login, LoginTerms, Token
from supervisor.identity.oidc.wire import Wire
from tests.identity.oidc.contract import OTHER_SCOPE, SCOPE, Contract, claims_of, log_in, terms
from tests.real.keycloak_browser import Browser
from tests.real.keycloak_server import ADMIN, PATIENCE, Keycloak, post, running
from tests.real.keycloak_stage import SECRET, TASKS, KeycloakStage, by_name, person, realm

pytestmark = pytest.mark.real

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    """One server for all tests of this module."""
    with running(tmp_path_factory.mktemp("keycloak"), {"tests": realm()}) as made:
        yield made


@pytest.fixture
def stage(server: Keycloak) -> Iterator[KeycloakStage]:
    """A client that has asked nothing yet; a browser that could not go on is a failure."""
    made = KeycloakStage(server)
    yield made
    assert not made.failures


@pytest.fixture
def admin(server: Keycloak) -> RealmAdmin:
    """The administrator of the realm of the tests."""
    return admin_of(server, "tests")


def admin_of(server: Keycloak, name: str) -> RealmAdmin:
    """As `keycloak init` has it."""
    return RealmAdmin(server.url, name, ADMIN, Token(server.password), wire=Wire(seconds=PATIENCE))


PLAN = Plan("tests", TASKS)


@contextmanager
def mended(admin: RealmAdmin) -> Iterator[None]:
    """Whatever a test spoils in the realm, `keycloak init` puts right; and it has something to do."""
    try:
        yield
    finally:
        changes = difference(PLAN, admin.found(PLAN))
        for change in changes:
            admin.make(change)
    assert changes
    assert difference(PLAN, admin_of_again(admin).found(PLAN)) == ()


def admin_of_again(admin: RealmAdmin) -> RealmAdmin:
    """The same; its ids are looked up anew."""
    admin._ids.clear()
    return admin


def refused(do: Callable[[], object]) -> IdentityError:
    """The error of something that must fail."""
    with pytest.raises(IdentityError) as caught:
        do()
    assert caught.value.fix
    return caught.value


class TestKeycloak(Contract):
    """The suite, against Keycloak."""


# ── what is in a token ───────────────────────────────────────────────────────────────────────────


def test_the_task_token_of_a_realm_says_which_scope_it_is_for(stage: KeycloakStage) -> None:
    """Scope and session tags for AWS are claims; it lives 120 s, is for AWS alone, and has nothing of the login."""
    task = stage.client.exchange(log_in(stage), terms(stage))
    claims = claims_of(task.token)
    assert claims[TASK_CLAIM] == {"scope": "s3-static-site"}
    assert claims[TAGS_CLAIM] == {
        "principal_tags": {"agent-supervise:scope": ["s3-static-site"]},
        "transitive_tag_keys": ["agent-supervise:scope"],
    }
    assert task.carries == {"scope", "tag agent-supervise:scope"}
    assert (claims["aud"], claims["azp"], claims["exp"] - claims["iat"]) == (AWS, BROKER_CLIENT, 120)
    assert not {"preferred_username", "realm_access", "acr", "auth_time", "nonce"} & set(claims)


# ── the server's own refusals ────────────────────────────────────────────────────────────────────


def asked(stage: KeycloakStage, login: Login, **more: str) -> dict[str, Any]:
    """What the server says to an exchange that no check of ours has seen."""
    form = {
        "grant_type": EXCHANGE, "subject_token": login.access.text, "subject_token_type": ACCESS_TOKEN,
        "requested_token_type": ACCESS_TOKEN, "client_id": BROKER_CLIENT, "client_secret": SECRET,
    } | more  # fmt: skip
    try:
        answer: dict[str, Any] = post(stage.client.metadata().token, form)
    except HTTPError as error:
        with error:
            answer = json.loads(error.read())
    return answer


def test_the_server_itself_refuses_a_wider_scope(stage: KeycloakStage) -> None:
    """The realm's policy refuses what the login was not made for, without any check of ours."""
    login = log_in(stage)
    assert "access_token" in asked(stage, login, scope=SCOPE, audience=AWS)
    for scope in (OTHER_SCOPE, f"{SCOPE} {OTHER_SCOPE}", f"{SCOPE} offline_access"):
        said = asked(stage, login, scope=scope, audience=AWS)
        assert said["error"] == "invalid_scope" and "access_token" not in said


def test_the_server_itself_exchanges_logins_only(stage: KeycloakStage) -> None:
    """A task token is no subject for another exchange: the policy wants a token of the login client."""
    login = log_in(stage)
    task = stage.client.exchange(login, terms(stage))
    said = asked(stage, replace(login, access=task.token), scope=SCOPE, audience=AWS)
    assert "azp" in said["error_description"] and "access_token" not in said


def test_no_refresh_token_is_to_be_had(stage: KeycloakStage) -> None:
    """Who asks for a refresh token in an exchange is refused."""
    said = asked(
        stage, log_in(stage), scope=SCOPE, requested_token_type="urn:ietf:params:oauth:token-type:refresh_token"
    )
    assert "error" in said and not {"access_token", "refresh_token"} & set(said)


def test_a_task_is_for_developers(stage: KeycloakStage) -> None:
    """The server gives a task's scope to who has the role, whatever client asks; the others are told what they lack."""
    error = refused(lambda: log_in(stage, "bob", role=""))
    assert error.why is Why.NARROWER and SCOPE in error.what and "bob" in error.what
    error = refused(lambda: log_in(stage, "eve", scopes=frozenset()))
    assert error.why is Why.NOT_ALLOWED and "developer" in error.fix


# ── a realm that is not set up right ─────────────────────────────────────────────────────────────


def test_without_the_policy_our_own_check_refuses(stage: KeycloakStage, admin: RealmAdmin) -> None:
    """With the policy switched off the server gives a token that is wider than the login: refused, and revoked."""
    login = log_in(stage)
    with mended(admin):
        policies = stage.server.admin("GET", "/realms/tests/client-policies/policies")
        by_name(policies["policies"], POLICY)["enabled"] = False
        stage.server.admin("PUT", "/realms/tests/client-policies/policies", policies)
        assert "access_token" in asked(stage, login, scope=OTHER_SCOPE, audience=AWS)
        wide = terms(stage, scopes=frozenset({OTHER_SCOPE}), scope="terraform-plan",
                     tags=(("agent-supervise:scope", "terraform-plan"),))  # fmt: skip
        error = refused(lambda: stage.client.exchange(login, wide))
        assert error.why is Why.WIDER and OTHER_SCOPE in error.what
    assert asked(stage, login, scope=OTHER_SCOPE, audience=AWS)["error"] == "invalid_scope"


def test_a_default_scope_more_is_found(stage: KeycloakStage, admin: RealmAdmin) -> None:
    """A scope that somebody made a default one of the broker is in no task's token; init takes it away."""
    login = log_in(stage)
    with mended(admin):
        broker, scope = client_of(stage, BROKER_CLIENT), scope_of(stage, LOGIN_SCOPE)
        path = f"/realms/tests/clients/{broker['id']}/default-client-scopes/{scope['id']}"
        stage.server.admin("PUT", path)
        error = refused(lambda: stage.client.exchange(login, terms(stage)))
        assert error.why is Why.WIDER
        assert f"- default client scope {LOGIN_SCOPE} of client {BROKER_CLIENT}" in changes_told(admin)
    assert stage.client.exchange(login, terms(stage))


def test_a_broker_without_exchange_is_told(stage: KeycloakStage, admin: RealmAdmin) -> None:
    """A client for which exchange is off says so, and how to switch it on."""
    login = log_in(stage)
    with mended(admin):
        broker = client_of(stage, BROKER_CLIENT)
        broker["attributes"]["standard.token.exchange.enabled"] = "false"
        stage.server.admin("PUT", f"/realms/tests/clients/{broker['id']}", broker)
        error = refused(lambda: stage.client.exchange(login, terms(stage)))
        assert error.why is Why.MISCONFIGURED and "Standard Token Exchange" in error.fix, error
        assert "attributes standard.token.exchange.enabled 'false' → 'true'" in changes_told(admin)


def test_a_login_that_is_not_for_the_broker_is_told(stage: KeycloakStage, admin: RealmAdmin) -> None:
    """Without the audience mapper a login is refused at once, and the server refuses its exchange."""
    with mended(admin):
        scope = scope_of(stage, LOGIN_SCOPE)
        mapper = by_name(scope["protocolMappers"], "broker")
        path = f"/realms/tests/client-scopes/{scope['id']}/protocol-mappers/models/{mapper['id']}"
        stage.server.admin("DELETE", path)
        error = refused(lambda: log_in(stage))
        assert error.why is Why.MISCONFIGURED and BROKER_CLIENT in error.what
        assert "+ mapper broker" in changes_told(admin)


def test_a_life_that_is_too_long_is_found(stage: KeycloakStage, admin: RealmAdmin) -> None:
    """A broker whose tokens live an hour gets none of ours."""
    login = log_in(stage)
    with mended(admin):
        broker = client_of(stage, BROKER_CLIENT)
        broker["attributes"]["access.token.lifespan"] = "3600"
        stage.server.admin("PUT", f"/realms/tests/clients/{broker['id']}", broker)
        error = refused(lambda: stage.client.exchange(login, terms(stage)))
        assert error.why is Why.WIDER and "at most 300 s" in error.what


def test_a_wrong_secret_is_told(server: Keycloak, stage: KeycloakStage) -> None:
    """The secret is what to look at."""
    error = refused(lambda: KeycloakStage(server, secret="wrong").client.exchange(log_in(stage), terms(stage)))
    assert error.why is Why.MISCONFIGURED and "secret" in error.fix


def client_of(stage: KeycloakStage, name: str) -> dict[str, Any]:
    """A client as it is."""
    found: list[dict[str, Any]] = stage.server.admin("GET", f"/realms/tests/clients?clientId={name}")
    return found[0]


def scope_of(stage: KeycloakStage, name: str) -> dict[str, Any]:
    """A client scope as it is."""
    return by_name(stage.server.admin("GET", "/realms/tests/client-scopes"), name)


def changes_told(admin: RealmAdmin) -> str:
    """What a dry run would say."""
    return "\n".join(change.text for change in difference(PLAN, admin.found(PLAN)))


# ── logins ───────────────────────────────────────────────────────────────────────────────────────


class Seat:
    """Ann at a browser that remembers her."""

    def __init__(self, stage: KeycloakStage) -> None:
        self.stage, self.browser = stage, Browser("ann")

    def log_in(self, terms: LoginTerms) -> tuple[Login, int]:
        """The login, and how many pages the browser showed on the way: one where its own session was enough."""
        before, threads = len(self.browser.seen), []

        def open_page(url: str) -> None:
            threads.append(threading.Thread(target=self.browser.open, args=(url,)))
            threads[0].start()

        login = self.stage.client.login(terms, open_page, seconds=PATIENCE)
        threads[0].join(PATIENCE)
        return login, len(self.browser.seen) - before


def test_a_fresh_login_asks_for_the_password_again(stage: KeycloakStage) -> None:
    """With `prompt=login` and `max_age` a browser that is logged in must prove it again, and the receipt says when."""
    seat, plain = Seat(stage), LoginTerms(frozenset({SCOPE}))
    first, pages = seat.log_in(plain)
    assert pages == 2
    again, pages = seat.log_in(plain)
    assert pages == 1 and again.auth_time == first.auth_time
    proven, pages = seat.log_in(replace(plain, prompt="login", max_age=60, nonce="a" * 64))
    assert pages == 2
    assert first.auth_time is not None and proven.auth_time is not None and proven.auth_time >= first.auth_time
    assert proven.id_token is not None and claims_of(proven.id_token)["nonce"] == "a" * 64


def test_the_end_of_a_login_here_leaves_other_applications_alone(stage: KeycloakStage) -> None:
    """The end of a task logs nobody out of what else the browser is logged in to; a kill ends all of it."""
    seat, plain = Seat(stage), LoginTerms(frozenset({SCOPE}))
    account = {
        "client_id": "account-console", "redirect_uri": stage.server.issuer("tests") + "/account/", "scope": "openid",
        "response_type": "code", "state": "s", "code_challenge": "c" * 43, "code_challenge_method": "S256",
    }  # fmt: skip
    seat.browser.open(f"{stage.client.metadata().authorization}?{urlencode(account)}")
    login, pages = seat.log_in(plain)
    assert pages == 1
    stage.client.end(login)
    login, pages = seat.log_in(plain)
    assert pages == 1
    stage.client.end(login, everywhere=True)
    assert refused(lambda: stage.client.refresh(login)).why is Why.SESSION_OVER
    _, pages = seat.log_in(plain)
    assert pages == 2


def test_the_end_everywhere_ends_task_tokens_at_the_server(stage: KeycloakStage) -> None:
    """When the human's session is over the server takes no task token of it any more, revoked or not."""
    login = log_in(stage)
    task = stage.client.exchange(login, terms(stage))
    assert stage.is_active(task.token)
    stage.client.end(login, everywhere=True)
    assert not stage.is_active(task.token)
    assert refused(lambda: stage.client.exchange(login, terms(stage))).why is Why.SESSION_OVER


def test_a_device_code_that_nobody_enters_expires(stage: KeycloakStage) -> None:
    """The code is over when the realm says so, and that is told."""
    stage.server.admin("PUT", "/realms/tests", {"oauth2DeviceCodeLifespan": 2})
    try:
        error = refused(lambda: stage.client.login_by_device(LoginTerms(), lambda prompt: None, stage.pause))
    finally:
        stage.server.admin("PUT", "/realms/tests", {"oauth2DeviceCodeLifespan": 600})
    assert error.why is Why.EXPIRED and "new code" in error.fix


# ── keys, life, restart ──────────────────────────────────────────────────────────────────────────


def test_rotated_keys_are_found(stage: KeycloakStage) -> None:
    """A realm that gets a new key in mid-session goes on; tokens of before stay good while their key is published."""
    login = log_in(stage)
    before = stage.client.exchange(login, terms(stage))
    key = {
        "name": "newer", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
        "config": {"priority": ["300"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"]},
    }  # fmt: skip
    stage.server.admin("POST", "/realms/tests/components", key)
    after = stage.client.exchange(login, terms(stage))
    assert after.token.text.split(".")[0] != before.token.text.split(".")[0]
    for task in (before, after):
        stage.client.verify(task.token, audience=AWS, scopes=frozenset({SCOPE}))


def test_a_task_s_life_from_login_to_end(stage: KeycloakStage) -> None:
    """Renewals give tokens that the server takes, and the end leaves none that it would still take."""
    events: list[Any] = []
    shift = [timedelta()]
    life = TaskTokenLife(
        stage.client, log_in(stage), terms(stage), on_event=events.append,
        clock=lambda: datetime.now(UTC) + shift[0],
    )  # fmt: skip
    tokens = []
    for _ in range(3):
        tokens.append(life.current())
        shift[0] += timedelta(seconds=81)
        life.tend()
    tokens.append(life.current())
    assert len({token.id for token in tokens}) == 4
    assert stage.is_active(tokens[-1].token)
    life.end("over")
    assert not [token for token in tokens[-2:] if stage.is_active(token.token)]
    assert refused(lambda: stage.client.refresh(life.login)).why is Why.SESSION_OVER


# ── keycloak init ────────────────────────────────────────────────────────────────────────────────


def init(server: Keycloak, *words: str, code: int = 0) -> str:
    """What `agent-supervise keycloak init` says."""
    done = CliRunner().invoke(
        keycloak, ["init", *words], env={PASSWORD_VARIABLE: server.password}, standalone_mode=False
    )
    assert done.exception is None, done.exception
    assert done.return_value == code
    return done.output


def test_init_twice_changes_nothing(server: Keycloak) -> None:
    """A dry run shows everything and does nothing; init does it; then there is nothing to do."""
    at = ("--url", server.url, "--realm", "fresh")
    dry = init(server, *at, "--dry-run")
    assert "+ realm fresh" in dry and "+ client scope task-s3-static-site" in dry and "would change" in dry
    with pytest.raises(HTTPError):
        server.admin("GET", "/realms/fresh")
    assert init(server, *at).splitlines()[:-1] == dry.splitlines()[:-1]
    assert init(server, *at) == "realm fresh is as it should be\n"
    assert init(server, *at, "--dry-run") == "realm fresh is as it should be\n"


def test_a_realm_of_init_serves_from_login_to_task(server: Keycloak, tmp_path: Path) -> None:
    """A team that has nothing gets to its first task token: init, a user with the role, the broker's secret."""
    secret = tmp_path / "secret"
    init(server, "--url", server.url, "--realm", "team", "--seconds", "60", "--secret-file", str(secret))
    assert secret.stat().st_mode & 0o777 == 0o600
    server.admin("POST", "/realms/team/users", person("ann"))
    ann = server.admin("GET", "/realms/team/users?username=ann")[0]
    role = server.admin("GET", "/realms/team/roles/developer")
    server.admin("POST", f"/realms/team/users/{ann['id']}/role-mappings/realm", [role])
    stage = KeycloakStage(server, "team", secret.read_text().strip())
    task = stage.client.exchange(log_in(stage), terms(stage))
    assert task.expires - task.issued == timedelta(seconds=60)
    assert not stage.failures


def test_an_imported_realm_is_as_init_makes_it(admin: RealmAdmin) -> None:
    """The file of `--out`, imported at the server's start, leaves nothing for `--url` to do."""
    assert difference(PLAN, admin.found(PLAN)) == ()


def test_a_wrong_password_is_told(server: Keycloak) -> None:
    """The administrator's password is never in the words."""
    done = CliRunner().invoke(
        keycloak, ["init", "--url", server.url, "--password-stdin"], input="wrong-password\n", standalone_mode=False
    )
    assert isinstance(done.exception, IdentityError) and done.exception.why is Why.NOT_ALLOWED
    assert "--admin-user" in done.exception.fix and "wrong-password" not in str(done.exception)


def test_what_others_have_in_the_realm_stays(server: Keycloak) -> None:
    """A client, a policy and settings that are not ours are left as they are."""
    server.admin("POST", "/realms", {"realm": "shared", "enabled": True})
    server.admin("POST", "/realms/shared/clients", {"clientId": "theirs", "fullScopeAllowed": True})
    profiles = {"profiles": [{"name": "theirs", "executors": []}]}
    server.admin("PUT", "/realms/shared/client-policies/profiles", profiles)
    before = server.admin("GET", "/realms/shared/clients?clientId=theirs")
    init(server, "--url", server.url, "--realm", "shared")
    assert server.admin("GET", "/realms/shared/clients?clientId=theirs") == before
    names = {one["name"] for one in server.admin("GET", "/realms/shared/client-policies/profiles")["profiles"]}
    assert names == {"theirs", POLICY}
    assert by_name(server.admin("GET", "/realms/shared/client-scopes"), "basic")
    assert LOGIN_CLIENT in {one["clientId"] for one in server.admin("GET", "/realms/shared/clients")}


# ── last, as it takes the server away ────────────────────────────────────────────────────────────


def test_a_restart_in_mid_session_is_survived(server: Keycloak, stage: KeycloakStage) -> None:
    """While the server is down what is held is good and nothing new is to be had; then the same login goes on."""
    life = TaskTokenLife(stage.client, log_in(stage), terms(stage), on_event=lambda event: None)
    held = life.current()
    server.stop()
    assert life.current() is held
    stage.client.verify(held.token, audience=AWS, scopes=frozenset({SCOPE}))
    error = refused(lambda: stage.client.exchange(life.login, terms(stage)))
    assert error.why is Why.UNREACHABLE and server.url in error.where
    server.start()
    again = stage.client.refresh(life.login)
    assert stage.client.exchange(again, terms(stage)).subject == held.subject
