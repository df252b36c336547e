"""Whatever a server does wrong: what, where and a fix are told, and nothing is granted."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.server import Clients, OidcServer
from supervisor.identity.oidc.signed import ASKED_AGAIN, KEPT, KEPT_UNREACHABLE
from supervisor.identity.oidc.values import TAGS_CLAIM, TASK_CLAIM, DevicePrompt, LoginTerms, Token
from supervisor.identity.oidc.wire import Wire, checked
from tests.identity.oidc.contract import OTHER_SCOPE, SCOPE, claims_of, log_in, quickly, terms
from tests.identity.oidc.crooked import BROKER, CLI, ROLES, SECRET, Crooked, CrookedStage, browse, crooked, visit

Bend = Callable[[Crooked], None]


@pytest.fixture
def server() -> Iterator[Crooked]:
    """A server to bend."""
    with crooked() as running:
        yield running


@pytest.fixture
def stage(server: Crooked) -> CrookedStage:
    """Its client."""
    return CrookedStage(server)


def refused(do: Callable[[], object]) -> IdentityError:
    """The error of something that must fail; it is readable and has no secret in it."""
    with pytest.raises(IdentityError) as caught:
        do()
    error = caught.value
    assert error.what and error.where and error.fix, error
    assert SECRET not in str(error) and "eyJ" not in str(error)
    return error


def forging(**claims: Any) -> Bend:
    """Task tokens have these claims instead."""
    return lambda server: setattr(server, "forge", lambda made: made.update(claims))


def bending(ending: str, **members: Any) -> Bend:
    """Answers at addresses with this ending have these members too."""

    def bend(path: str, body: dict[str, Any]) -> None:
        if path.endswith(ending) and (ending != "/token" or "issued_token_type" in body):
            body.update(members)

    return lambda server: setattr(server, "bend", bend)


NOW = int(datetime.now(UTC).timestamp())


@pytest.mark.parametrize(
    ("bend", "why", "words"),
    [
        (forging(scope=f"{SCOPE} task-more"), Why.WIDER, "task-more"),
        (forging(scope=f"{SCOPE} openid"), Why.WIDER, "openid"),
        (forging(scope=[SCOPE]), Why.WIDER, SCOPE),
        (forging(scope=""), Why.NARROWER, SCOPE),
        (forging(aud=["sts.amazonaws.com", "orders"]), Why.WIDER, "orders"),
        (forging(aud="orders"), Why.WIDER, "orders"),
        (forging(aud=[]), Why.MISCONFIGURED, "sts.amazonaws.com"),
        (forging(realm_access={"roles": ["admin"]}), Why.WIDER, "admin"),
        (forging(resource_access={"orders": {"roles": ["all"]}}), Why.WIDER, "orders/all"),
        (forging(groups=["/ops"]), Why.WIDER, "groups"),
        (forging(authorization={"permissions": [{"rsname": "x"}]}), Why.WIDER, "authorization"),
        (forging(azp=CLI), Why.UNTRUSTED, CLI),
        (forging(sub="sub-bob"), Why.UNTRUSTED, "another user"),
        (forging(iss="https://elsewhere.example"), Why.UNTRUSTED, "elsewhere"),
        (forging(typ="ID"), Why.UNTRUSTED, "ID"),
        (forging(typ="Refresh"), Why.UNTRUSTED, "Refresh"),
        (forging(exp=NOW + 3600), Why.WIDER, "at most 300 s"),
        (forging(exp=10**18), Why.UNTRUSTED, "exp"),
        (forging(exp="tomorrow"), Why.UNTRUSTED, "exp"),
        (forging(jti=""), Why.UNTRUSTED, "no id"),
        (forging(**{TASK_CLAIM: {"digest": "e" * 64}}), Why.WIDER, "digest"),
        (forging(**{TASK_CLAIM: "all"}), Why.WIDER, TASK_CLAIM),
        (forging(**{TAGS_CLAIM: {"principal_tags": {"team": ["ops"]}}}), Why.WIDER, "team"),
        (forging(**{TAGS_CLAIM: {"transitive_tag_keys": ["team"]}}), Why.WIDER, "tags"),
        (lambda server: setattr(server, "life", 301), Why.WIDER, "301 s"),
        (lambda server: setattr(server, "life", 30), Why.NARROWER, "30 s"),
        (bending("/token", refresh_token="r"), Why.WIDER, "refresh"),
        (bending("/token", token_type="DPoP"), Why.UNTRUSTED, "DPoP"),
        (bending("/token", issued_token_type="urn:x:saml2"), Why.UNTRUSTED, "saml2"),
        (bending("/token", access_token="opaque"), Why.UNTRUSTED, "signed token"),
    ],
)
def test_a_token_that_is_not_exactly_what_was_asked_is_refused(
    stage: CrookedStage, bend: Bend, why: Why, words: str
) -> None:
    """Each difference between what was asked and what came is told in words, and the token is revoked."""
    login = log_in(stage)
    bend(stage.server)
    error = refused(lambda: stage.client.exchange(login, terms(stage)))
    assert error.why is why and words in error.what, error
    assert stage.server.paths("/revoke")


@pytest.mark.parametrize(
    ("bend", "why", "words"),
    [
        (lambda server: setattr(server, "exchange", False), Why.MISCONFIGURED, "no token exchange"),
        (lambda server: server.status.update({"/token": 503}), Why.UNREACHABLE, "503"),
        (lambda server: server.status.update({"/token": 429}), Why.UNREACHABLE, "429"),
        (lambda server: server.sessions.clear(), Why.SESSION_OVER, "Invalid token"),
    ],
)
def test_an_exchange_that_cannot_be_says_why(stage: CrookedStage, bend: Bend, why: Why, words: str) -> None:
    """A realm without exchange, a server in trouble and a login that is over are told apart."""
    login = log_in(stage)
    bend(stage.server)
    client = stage.server.provider()
    error = refused(lambda: client.exchange(login, terms(stage)))
    assert error.why is why and words in error.what, error


def test_a_client_without_exchange_is_named(stage: CrookedStage) -> None:
    """The switch of one client, which the metadata says nothing of, is in the fix."""
    login = log_in(stage)
    stage.client.metadata()
    stage.server.exchange = False
    error = refused(lambda: stage.client.exchange(login, terms(stage)))
    assert error.why is Why.MISCONFIGURED and "Standard Token Exchange" in error.fix


def test_a_wrong_secret_is_told_as_that(stage: CrookedStage) -> None:
    """The broker's secret is what to look at, and it is not shown."""
    client = OidcServer(stage.server.issuer, Clients(CLI, BROKER, Token("wrong")), wire=Wire(seconds=5.0))
    error = refused(lambda: client.exchange(log_in(stage), terms(stage)))
    assert error.why is Why.MISCONFIGURED and "broker_client" in error.fix


def test_a_login_that_the_broker_may_not_exchange_is_refused_at_once(stage: CrookedStage) -> None:
    """A client without the right audience is found at the login, not in mid-task."""
    stage.server.broker_in_audience = False
    error = refused(lambda: log_in(stage))
    assert error.why is Why.MISCONFIGURED and BROKER in error.what


@pytest.mark.parametrize(("minutes", "words"), [(1, "ahead"), (-1, "behind"), (10, "ahead"), (-10, "behind")], ids=str)
def test_clocks_that_differ_are_told(stage: CrookedStage, minutes: int, words: str) -> None:
    """A minute more or less is refused and told as that, for logins and for task tokens."""
    login = log_in(stage)
    stage.server.ahead = timedelta(minutes=minutes)
    for attempt in (lambda: stage.client.exchange(login, terms(stage)), lambda: log_in(stage)):
        error = refused(attempt)
        assert error.why is Why.CLOCK and words in error.what
        assert "clock" in error.fix


def test_a_token_of_before_is_not_handed_out_again(stage: CrookedStage) -> None:
    """A token that was made before it was asked for is refused."""
    login = log_in(stage)
    now = int(datetime.now(UTC).timestamp())
    stage.server.forge = lambda claims: claims.update(iat=now - 60, exp=now + 60)
    assert refused(lambda: stage.client.exchange(login, terms(stage))).why is Why.CLOCK


# ── keys ─────────────────────────────────────────────────────────────────────────────────────────


def test_rotated_keys_are_fetched_at_once(stage: CrookedStage) -> None:
    """A key that is new right after a login is found; the keys are asked for once, not for each token."""
    clock = Clock()
    client = stage.server.provider(clock=clock)
    login = client.login(LoginTerms(frozenset({SCOPE})), stage.open_page("ann"), seconds=10)
    stage.server.rotate(drop=False)
    for _ in range(3):
        client.exchange(login, terms(stage))
    assert len(stage.server.paths("/certs")) == 2


def test_a_withdrawn_key_is_taken_no_more(stage: CrookedStage) -> None:
    """What was signed with a key that is published no more is refused when the keys are looked at again."""
    clock = Clock()
    client = stage.server.provider(clock=clock)
    login = client.login(LoginTerms(frozenset({SCOPE})), stage.open_page("ann"), seconds=10)
    stage.server.life = 300
    clock.shift = stage.server.ahead = KEPT - timedelta(seconds=5)
    task = client.exchange(login, terms(stage))
    stage.server.rotate()
    clock.shift += timedelta(seconds=10)
    error = refused(lambda: client.verify(task.token, audience=stage.audience, scopes=frozenset()))
    assert error.why is Why.UNTRUSTED


def test_unknown_keys_are_not_asked_for_each_time(stage: CrookedStage) -> None:
    """A hundred tokens that name keys nobody has are one question to the issuer, and none is taken."""
    task = stage.client.exchange(log_in(stage), terms(stage))
    asked = len(stage.server.paths("/certs"))
    published = stage.server.keys
    stage.server.rotate()
    foreign = Token(stage.server.signed(claims_of(task.token), 60))
    stage.server.keys = published
    clock = Clock()
    client = stage.server.provider(clock=clock)
    for _ in range(100):
        assert refused(lambda: client.verify(foreign, audience=stage.audience, scopes=frozenset())).why is Why.UNTRUSTED
    assert len(stage.server.paths("/certs")) == asked + 1
    clock.shift += ASKED_AGAIN
    refused(lambda: client.verify(foreign, audience=stage.audience, scopes=frozenset()))
    assert len(stage.server.paths("/certs")) == asked + 2


def test_an_unknown_key_while_the_server_is_away_is_told_as_that(stage: CrookedStage) -> None:
    """Whether a key is published cannot be known then, and the token is refused with the server's trouble."""
    login = log_in(stage)
    stage.server.rotate(drop=False)
    stage.server.status.update({"/certs": 503})
    assert refused(lambda: stage.client.exchange(login, terms(stage))).why is Why.UNREACHABLE


def test_a_token_with_more_than_its_login_is_refused(stage: CrookedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without down-scoping gives what was asked, though the login has it not: refused, and revoked."""
    login = log_in(stage)
    monkeypatch.setattr(stage.server, "forge", lambda claims: claims.update(scope=OTHER_SCOPE))
    wide = terms(stage, scopes=frozenset({OTHER_SCOPE}))
    monkeypatch.setattr(stage.server, "downscope", False)
    error = refused(lambda: stage.client.exchange(login, wide))
    assert error.why is Why.WIDER and OTHER_SCOPE in error.what
    assert stage.server.paths("/revoke")


def test_a_scope_that_the_login_did_not_get_is_told(stage: CrookedStage) -> None:
    """A server leaves out silently what the user may not have; the login says so."""
    stage.server.forge_login = lambda claims: claims.update(scope="openid")
    error = refused(lambda: log_in(stage))
    assert error.why is Why.NARROWER and SCOPE in error.what and "ann" in error.what


def test_known_keys_are_good_for_a_while_without_the_server(stage: CrookedStage) -> None:
    """With the issuer down a door verifies on, for an hour; then it refuses and says that the issuer is down."""
    clock = Clock()
    client = stage.server.provider(clock=clock)
    task = client.exchange(
        client.login(LoginTerms(frozenset({SCOPE})), stage.open_page("ann"), seconds=10), terms(stage)
    )
    claims = claims_of(task.token)
    stage.server.status.update({"/certs": 503})
    clock.shift = stage.server.ahead = KEPT + timedelta(minutes=1)
    later = Token(stage.server.signed({name: claims[name] for name in ("sub", "aud", "scope", "typ", "azp")}, 7200))
    client.verify(later, audience=stage.audience, scopes=frozenset({SCOPE}))
    clock.shift = KEPT_UNREACHABLE + timedelta(minutes=1)
    error = refused(lambda: client.verify(later, audience=stage.audience, scopes=frozenset({SCOPE})))
    assert error.why is Why.UNREACHABLE


@pytest.mark.parametrize(
    "member", [{"kty": "oct", "k": "c2VjcmV0"}, {"use": "enc"}, {"kty": "XX"}, {"x": "!"}], ids=str
)
def test_keys_that_are_for_something_else_are_none(stage: CrookedStage, member: dict[str, str]) -> None:
    """A secret, a key for encryption and an unreadable key among the published ones are left out."""

    def bend(path: str, body: dict[str, Any]) -> None:
        for key in body.get("keys", ()):
            key.update(member)

    stage.server.bend = bend
    assert refused(lambda: log_in(stage)).why is Why.UNTRUSTED


# ── the login ────────────────────────────────────────────────────────────────────────────────────


def test_the_answer_to_another_login_changes_nothing(stage: CrookedStage) -> None:
    """Callbacks with a wrong, missing or doubled state are refused, and the right one still counts."""
    pages: list[tuple[int, str]] = []

    def open_page(url: str) -> None:
        asked = dict(parse_qsl(urlsplit(url).query))
        back, iss = asked["redirect_uri"], stage.server.issuer
        for query in (
            {"code": "stolen", "state": "of-another-login", "iss": iss},
            {"code": "stolen", "iss": iss},
            [("code", "stolen"), ("state", "x"), ("state", asked["state"])],
            {"error": "access_denied", "state": "of-another-login"},
        ):
            pages.append(browse(f"{back}?{urlencode(query)}"))
        pages.append(browse(f"{back}?{urlencode({'code': 'stolen', 'state': asked['state']})}", host="evil.example"))
        visit(stage.server, url, "ann")

    login = stage.client.login(LoginTerms(frozenset({SCOPE})), open_page, seconds=10)
    assert login.user == "ann"
    assert [status for status, _ in pages] == [400, 400, 400, 400, 404]
    assert all("stolen" not in page for _, page in pages)
    assert [form["code"] for form in stage.server.paths("/token")] != ["stolen"]


def test_nothing_but_foreign_answers_is_no_login(stage: CrookedStage) -> None:
    """Whoever only gets callbacks of other logins is told so when the time is over."""

    def open_page(url: str) -> None:
        back = dict(parse_qsl(urlsplit(url).query))["redirect_uri"]
        browse(f"{back}?code=stolen&state=other")

    error = refused(lambda: stage.client.login(LoginTerms(), open_page, seconds=0.2))
    assert error.why is Why.EXPIRED and "1 answers of other logins" in error.what
    assert not stage.server.paths("/token")


@pytest.mark.parametrize("iss", ["https://evil.example", ""], ids=["other", "none"])
def test_an_answer_of_another_issuer_is_refused(stage: CrookedStage, iss: str) -> None:
    """The mix-up of two issuers is found before the code is sent anywhere (RFC 9207)."""
    stage.server.says_iss = iss
    assert refused(lambda: log_in(stage)).why is Why.UNTRUSTED
    assert not stage.server.paths("/token")


@pytest.mark.parametrize(
    ("error", "why", "fix"),
    [
        ("access_denied", Why.CANCELLED, "log in again"),
        ("invalid_scope", Why.MISCONFIGURED, "keycloak init --task"),
        ("unauthorized_client", Why.MISCONFIGURED, "login_client"),
        ("temporarily_unavailable", Why.UNREACHABLE, "in a while"),
        ("\x1b[2J", Why.REFUSED, "log in again"),
    ],
)
def test_a_login_that_was_refused_is_told(stage: CrookedStage, error: str, why: Why, fix: str) -> None:
    """What the server says is passed on in one harmless line, with what to do about it."""
    stage.server.refuse_login = error
    told = refused(lambda: log_in(stage))
    assert told.why is why and "she said no" in told.what and fix in told.fix


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        ({"nonce": "another"}, Why.UNTRUSTED),
        ({"aud": "another-client"}, Why.UNTRUSTED),
        ({"aud": [CLI, "x"], "azp": "x"}, Why.UNTRUSTED),
        ({"sub": "sub-bob"}, Why.UNTRUSTED),
        ({"iss": "https://elsewhere.example"}, Why.UNTRUSTED),
        ({"typ": "Bearer"}, Why.UNTRUSTED),
        ({"exp": NOW - 60}, Why.EXPIRED),
        ({"auth_time": NOW - 3600}, Why.EXPIRED),
        ({"auth_time": None}, Why.UNTRUSTED),
        ({"acr": "0"}, Why.NOT_ALLOWED),
    ],
    ids=lambda given: "-".join(given) if isinstance(given, dict) else given.name,
)
def test_the_receipt_of_another_login_is_none(stage: CrookedStage, forged: dict[str, Any], why: Why) -> None:
    """An ID token of another login, user, client or issuer, or of a login that is too old, is refused."""

    def bend(path: str, body: dict[str, Any]) -> None:
        if "id_token" in body:
            body["id_token"] = stage.server.signed(claims_of(Token(body["id_token"])) | {"acr": "1"} | forged, 60)

    stage.server.bend = bend
    assert refused(lambda: log_in(stage, max_age=60, acr="1")).why is why


def test_a_login_without_a_receipt_is_none(stage: CrookedStage) -> None:
    """A server that gives no ID token has logged nobody in."""
    stage.server.bend = lambda path, body: body.pop("id_token", None)
    assert refused(lambda: log_in(stage)).why is Why.UNTRUSTED


def test_a_device_code_that_expires_is_told(stage: CrookedStage) -> None:
    """A code that nobody entered ends the login, whether the server says so or our own clock does."""
    stage.server.device_error = "expired_token"
    error = refused(lambda: stage.client.login_by_device(LoginTerms(), lambda prompt: None, quickly))
    assert error.why is Why.EXPIRED and "new code" in error.fix
    stage.server.device_error, stage.server.device_life, stage.server.device_pending = "", 0, 10**6
    assert refused(lambda: stage.client.login_by_device(LoginTerms(), lambda prompt: None, quickly)).why is Why.EXPIRED


def test_a_device_login_is_given_up(stage: CrookedStage) -> None:
    """Who refuses at the other device, or presses Ctrl+C here, has not logged in."""
    stage.server.device_error = "access_denied"
    device = stage.client.login_by_device
    assert refused(lambda: device(LoginTerms(), lambda prompt: None, quickly)).why is Why.CANCELLED
    assert refused(lambda: device(LoginTerms(), lambda prompt: None, lambda seconds: True)).why is Why.CANCELLED


def test_a_device_login_slows_down_when_it_is_told(stage: CrookedStage) -> None:
    """`slow_down` adds five seconds to each pause from then on (RFC 8628 section 3.5)."""
    pauses: list[float] = []

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return False

    stage.server.device_pending = 4
    show: Callable[[DevicePrompt], None] = lambda prompt: stage.enter_code(prompt, "ann")  # noqa: E731
    stage.client.login_by_device(LoginTerms(), show, pause)
    assert pauses[0] == 1 and pauses[-1] == 11 and pauses == sorted(pauses)


def test_a_device_page_elsewhere_in_the_clear_is_not_shown(stage: CrookedStage) -> None:
    """A page without TLS, which would tell the code to a network, is refused before anybody sees it."""
    bending("/device", verification_uri="http://idp.example/device")(stage.server)
    shown: list[DevicePrompt] = []
    refused(lambda: stage.client.login_by_device(LoginTerms(), shown.append, quickly))
    assert not shown


def test_a_role_that_was_lost_ends_the_login(stage: CrookedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A renewal finds that the user is no developer any more."""
    login = log_in(stage)
    monkeypatch.setitem(ROLES, "ann", ["approver"])
    assert refused(lambda: stage.client.refresh(login)).why is Why.NOT_ALLOWED


def test_a_renewal_for_another_user_is_refused(stage: CrookedStage) -> None:
    """Tokens of somebody else are not taken for a renewed login."""
    login = log_in(stage)
    stage.server.forge_login = lambda claims: claims.update(sub="sub-eve")
    assert refused(lambda: stage.client.refresh(login)).why is Why.UNTRUSTED


# ── the server and the way to it ─────────────────────────────────────────────────────────────────


def test_a_server_that_is_not_there_is_told(stage: CrookedStage) -> None:
    """Nobody listening is told with the address, and what the session holds is not touched."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        issuer = f"http://127.0.0.1:{free.getsockname()[1]}/realms/r"
        client = OidcServer(issuer, Clients(CLI, BROKER, Token(SECRET)))
        error = refused(lambda: client.login(LoginTerms(), print, seconds=1))
    assert error.why is Why.UNREACHABLE and issuer in error.where


@pytest.mark.parametrize("trickle", [False, True], ids=["silent", "trickling"])
def test_a_slow_server_is_cut_off(server: Crooked, trickle: bool) -> None:
    """A server that says nothing, or a byte now and then, is given up after the time for the whole answer."""
    client = OidcServer(server.issuer, Clients(CLI, BROKER, Token(SECRET)), wire=Wire(seconds=0.5))
    server.trickle = trickle
    if not trickle:
        server.held.clear()
    done = threading.Event()
    errors: list[IdentityError] = []

    def attempt() -> None:
        errors.append(refused(client.metadata))
        done.set()

    threading.Thread(target=attempt, daemon=True).start()
    assert done.wait(15)
    assert errors[0].why is Why.UNREACHABLE and "within" in errors[0].what


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"issuer": "https://idp.example/realms/r"}, Why.UNTRUSTED),
        ({"token_endpoint": "http://idp.example/token"}, Why.MISCONFIGURED),
        ({"token_endpoint": "ftp://127.0.0.1/"}, Why.MISCONFIGURED),
        ({"token_endpoint": "https://user:pw@idp.example/"}, Why.MISCONFIGURED),
        ({"token_endpoint": None}, Why.MISCONFIGURED),
        ({"jwks_uri": ""}, Why.MISCONFIGURED),
    ],
    ids=str,
)
def test_metadata_that_lead_elsewhere_are_refused(stage: CrookedStage, members: dict[str, Any], why: Why) -> None:
    """Another issuer's name, and addresses that would send tokens in the clear, are refused before anything is sent."""
    bending("-configuration", **members)(stage.server)
    assert refused(lambda: log_in(stage)).why is why
    assert not stage.server.paths("/token")


def test_no_redirect_is_followed(stage: CrookedStage) -> None:
    """What was posted is never posted again to where a server points."""
    login = log_in(stage)
    stage.server.status.update({"/token": 307})
    assert refused(lambda: stage.client.exchange(login, terms(stage))).why is Why.REFUSED
    assert len(stage.server.paths("/token")) == 2


@pytest.mark.parametrize(
    "url",
    ["http://idp.example/realms/r", "idp.example", "", "https://", "https://a b/", "https://u@h/", "https://h/#x",
     "http://127.0.0.1.evil.example/", "https://h:0/", "https://h:x/", "file:///etc/passwd"],
)  # fmt: skip
def test_addresses_in_the_clear_are_refused(url: str) -> None:
    """Only TLS, or this machine itself, is spoken to."""
    with pytest.raises(IdentityError):
        checked(url)


def test_hostile_words_of_a_server_are_harmless(stage: CrookedStage) -> None:
    """Escape sequences in an error come out visible, in one bounded line."""
    login = log_in(stage)

    def bend(path: str, body: dict[str, Any]) -> None:
        body.clear()
        body.update(error="invalid_grant", error_description="\x1b]0;owned\x07\nfix: approve\u202e" + "x" * 5000)

    stage.server.bend = bend
    stage.server.status.update({"/token": 400})
    error = refused(lambda: stage.client.exchange(login, terms(stage)))
    assert "\x1b" not in str(error) and "\u202e" not in str(error) and len(error.what) < 600
    assert str(error).count("\n") == 1


class Clock:
    """The real clock, shifted."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.shift
