"""From a login to an AWS credential: the broker as it is, with a task token in place of the developer's keys."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest

from supervisor.identity.broker import Broker
from supervisor.identity.failures import BrokerError
from supervisor.identity.oidc.events import TokenEvent
from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.life import TaskTokenLife
from supervisor.identity.oidc.local import CLIENT, LocalIssuer
from supervisor.identity.oidc.signed import read, usable
from supervisor.identity.oidc.values import TAGS_CLAIM, LoginTerms, TaskTerms, Token
from supervisor.identity.oidc.web_identity import WebIdentitySts, source_of
from supervisor.model.decision import By
from supervisor.model.event import CredentialMinted
from supervisor.model.request import AwsCall
from tests.policy.build import ALLOW, rule, scope

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/agents"
TASK = frozenset({"task-site"})
SITE = scope(rule("aws", ALLOW, "s3:GetObject", on=("arn:aws:s3:::site/*",)))
GET = AwsCall(("s3:GetObject",), ("arn:aws:s3:::site/x",), "s3", "GetObject")
SECRET = "s3cr3t/of+the+minted"


@dataclass
class TokenSts:
    """STS that trusts one issuer: strict about the token, its client and the parameters."""

    keys: dict[str, Any]
    url: str = ""
    calls: list[dict[str, str]] = field(default_factory=list)
    refuse: tuple[str, str] | None = None

    def answer(self, form: dict[str, str], headers: Any) -> tuple[int, str]:
        """Status and XML."""
        self.calls.append(form)
        problem = self.refuse or self._problem(form, headers)
        if problem is not None:
            code, message = problem
            return 400, f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        expires = datetime.now(UTC) + timedelta(seconds=int(form["DurationSeconds"]))
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/agents/{form['RoleSessionName']}"
        return 200, (
            '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
            "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAMINTED</AccessKeyId>"
            f"<SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>t</SessionToken>"
            f"<Expiration>{expires:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials><AssumedRoleUser><Arn>{arn}</Arn>"
            "<AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser></AssumeRoleWithWebIdentityResult>"
            "</AssumeRoleWithWebIdentityResponse>"
        )

    def _problem(self, form: dict[str, str], headers: Any) -> tuple[str, str] | None:
        known = {"Action", "Version", "RoleArn", "RoleSessionName", "WebIdentityToken", "Policy", "DurationSeconds"}
        if set(form) - known or "Authorization" in headers:
            return "ValidationError", f"{sorted(form)}"
        try:
            _, claims = read(Token(form["WebIdentityToken"]), lambda kid, alg: usable(self.keys)[kid], issuer="aws")
        except (IdentityError, KeyError):
            return "InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider"
        if claims["azp"] != CLIENT:
            return "InvalidIdentityToken", "Incorrect token audience"
        if claims["exp"] <= datetime.now(UTC).timestamp():
            return "ExpiredTokenException", "Token expired"
        if not re.fullmatch(r"[\w+=,.@-]{2,64}", form["RoleSessionName"], re.ASCII) or len(form["Policy"]) > 2048:
            return "ValidationError", "RoleSessionName"
        json.loads(form["Policy"])
        return None if claims[TAGS_CLAIM]["principal_tags"] else ("AccessDenied", "sts:TagSession")


@pytest.fixture
def issuer() -> LocalIssuer:
    """Who signs."""
    return LocalIssuer("s1", "ann", 1000)


@pytest.fixture
def sts(issuer: LocalIssuer) -> Iterator[TokenSts]:
    """Who trusts it."""
    state = TokenSts(issuer.jwks())

    class Handler(BaseHTTPRequestHandler):
        """Form in, XML out."""

        def do_POST(self) -> None:
            """One call."""
            form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            status, text = state.answer(form, self.headers)
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def life(issuer: LocalIssuer) -> TaskTokenLife:
    """The task's token."""
    terms = TaskTerms(
        TASK, "sts.amazonaws.com", session="s1", scope="site", digest="d", tags=(("agent-supervise:scope", "site"),)
    )
    events: list[TokenEvent] = []
    return TaskTokenLife(issuer, issuer.login(LoginTerms(TASK), print, seconds=1), terms, on_event=events.append)


def broker(sts: TokenSts, life: TaskTokenLife, records: list[Any]) -> Broker:
    """The broker as it is, on the token."""
    source = source_of(ROLE, issuer="here", region="eu-central-1", endpoint=sts.url)
    return Broker(
        source, WebIdentitySts(source, life.current, attempts=1), scope=SITE, session="s1", user="ann", deadline=None,
        on_record=records.append,
    )  # fmt: skip


def test_a_task_token_becomes_a_credential(sts: TokenSts, life: TaskTokenLife) -> None:
    """The broker mints with the token, the compiled session policy and the user's name, and signs nothing."""
    records: list[Any] = []
    made = broker(sts, life, records).for_call(GET, by=By.POLICY, request_id="r1")
    (call,) = sts.calls
    assert call["WebIdentityToken"] == life.current().token.text and call["RoleArn"] == ROLE
    assert "s3:GetObject" in call["Policy"] and call["RoleSessionName"].startswith("ann@")
    assert (made.access_key, made.secret_key) == ("ASIAMINTED", SECRET)
    (minted,) = records
    assert isinstance(minted, CredentialMinted) and "assumed-role/agents/ann@" in minted.acts_as


def test_the_account_is_the_role_s(sts: TokenSts, life: TaskTokenLife) -> None:
    """Nobody is asked for it."""
    assert broker(sts, life, []).account() == ACCOUNT
    assert not sts.calls


def test_after_the_end_of_the_task_there_is_no_credential(sts: TokenSts, life: TaskTokenLife) -> None:
    """Without a task token nothing is asked of AWS, and the reason is the token's."""
    life.end("killed")
    with pytest.raises(BrokerError) as refused:
        broker(sts, life, []).for_call(GET, by=By.POLICY, request_id="r1")
    assert "killed" in refused.value.what and not sts.calls


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("InvalidIdentityToken", "OIDC provider in IAM"),
        ("IDPCommunicationError", "public internet"),
        ("IDPRejectedClaim", "log in again"),
        ("AccessDenied", "trust policy"),
        ("ExpiredTokenException", "clock"),
    ],
)
def test_a_refusal_of_aws_says_what_to_do(sts: TokenSts, life: TaskTokenLife, code: str, fix: str) -> None:
    """Each has the fix that is for tokens, and the token is in none of the words."""
    text = life.current().token.text
    sts.refuse = (code, f"no: {text}")
    source = source_of(ROLE, issuer="here", region="eu-central-1", endpoint=sts.url)
    with pytest.raises(BrokerError) as refused:
        WebIdentitySts(source, life.current, attempts=1).assume_role(
            {"RoleArn": ROLE, "RoleSessionName": "ann", "Policy": "{}", "DurationSeconds": 900, "Tags": []}
        )
    assert refused.value.code == code and fix in refused.value.fix
    assert not [part for part in text.split(".") if part in str(refused.value)]


def test_an_sts_that_is_not_there_is_told(life: TaskTokenLife) -> None:
    """Nobody listening is no credential, with a fix."""
    source = source_of(ROLE, issuer="here", region="eu-central-1", endpoint="http://127.0.0.1:9")
    with pytest.raises(BrokerError) as refused:
        WebIdentitySts(source, life.current, attempts=1).assume_role(
            {"RoleArn": ROLE, "RoleSessionName": "ann", "Policy": "{}", "DurationSeconds": 900}
        )
    assert refused.value.fix


def test_an_issuer_that_gives_no_token_is_told_to_the_broker(sts: TokenSts) -> None:
    """What went wrong at the issuer reaches whoever made the call, as an error of the broker."""

    def none() -> Any:
        raise IdentityError(Why.WIDER, "it is wider", where="there", fix="mend the realm")

    source = source_of(ROLE, issuer="here", region="eu-central-1", endpoint=sts.url)
    with pytest.raises(BrokerError) as refused:
        WebIdentitySts(source, none).assume_role({})
    assert (refused.value.what, refused.value.where, refused.value.fix) == ("it is wider", "there", "mend the realm")
    assert not sts.calls
