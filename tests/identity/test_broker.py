"""The broker: which credentials a call gets, how they are minted, renewed and ended."""

from __future__ import annotations

import gc
import json
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from supervisor.errors import SuperviseError
from supervisor.identity.broker import Broker
from supervisor.identity.credentials import Credentials
from supervisor.identity.failures import BrokerError
from supervisor.identity.source import Source, Way, find_source
from supervisor.identity.sts import AwsSts
from supervisor.model.codec import to_json
from supervisor.model.decision import By
from supervisor.model.event import CredentialEnded, CredentialMinted
from supervisor.model.request import AwsCall
from supervisor.policy.scope import Scope
from supervisor.policy.session_policy import PolicyTooLong, call_policy, session_policy_of
from supervisor.policy.session_policy_facts import known
from tests.identity.fake_sts import ACCOUNT, FakeSts, Refusal
from tests.policy.build import ALLOW, rule, scope

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
USER = {"AWS_ACCESS_KEY_ID": "AKIADEVELOPER", "AWS_SECRET_ACCESS_KEY": SECRET, "HOME": "/nowhere"}
ROLE = {**USER, "AGENT_SUPERVISE_AWS_ROLE": f"arn:aws:iam::{ACCOUNT}:role/agents"}
SESSION = {**USER, "AWS_ACCESS_KEY_ID": "ASIADEVELOPER", "AWS_SESSION_TOKEN": "the-developers-token"}
SITE = scope(
    rule("aws", ALLOW, "s3:GetObject", "s3:PutObject", on=("arn:aws:s3:::site/*",)),
    rule("aws", ALLOW, "rds:Describe*", "iam:PassRole", "ec2:RunInstances"),
)
GET = AwsCall(("s3:GetObject",), ("arn:aws:s3:::site/x",), "s3", "GetObject")
DESCRIBE = AwsCall(("rds:DescribeDBInstances",), (), "rds", "DescribeDBInstances")
DELETE = AwsCall(("rds:DeleteDBInstance",), (f"arn:aws:rds:eu-central-1:{ACCOUNT}:db:dev",), "rds")


def policy(service: str) -> str:
    """The scope's policy for a service, with all that is known of AWS."""
    return session_policy_of(SITE, (service,), known(ACCOUNT))


class Clock:
    """A clock that is moved by hand, for the broker and for STS."""

    def __init__(self, sts: FakeSts) -> None:
        self._sts = sts
        self.now = datetime(2026, 2, 1, 12, tzinfo=UTC)
        sts.now = self.now

    def __call__(self) -> datetime:
        """Now."""
        return self.now

    def pass_(self, **time: float) -> None:
        """Move on."""
        self.now += timedelta(**time)
        self._sts.now = self.now


class Desk:
    """A broker over a fake STS, and what it recorded."""

    def __init__(
        self, sts: FakeSts, environment: Mapping[str, str] = USER, made: Scope = SITE, hours: float = 8, **more: Any
    ) -> None:
        self.clock = Clock(sts)
        self.records: list[CredentialMinted | CredentialEnded] = []
        self.source = find_source(environment, endpoint=sts.url, **more)
        self.broker = Broker(
            self.source,
            AwsSts(self.source),
            scope=made,
            session="20260201-120000-abcd",
            user="Zoë Dev",
            deadline=self.clock.now + timedelta(hours=hours),
            on_record=self.records.append,
            clock=self.clock,
        )

    def get(self, call: AwsCall = GET, by: By = By.POLICY, escalation: str = "") -> Credentials:
        """Credentials for a call."""
        return self.broker.for_call(call, by=by, request_id="r1", escalation=escalation)

    @property
    def kinds(self) -> list[str]:
        """The kinds of the records."""
        return [record.KIND for record in self.records]


# ── what is minted ───────────────────────────────────────────────────────────────────────────────


def test_a_service_has_one_session_for_the_task(sts: FakeSts) -> None:
    """Minted when first wanted, with the scope's policy for the service; the same one for the next call."""
    desk = Desk(sts)
    first = desk.get()
    assert desk.get() is first and desk.get(DESCRIBE) is not first
    s3, rds = sts.of("GetFederationToken")
    assert s3["Policy"] == policy("s3") and rds["Policy"] == policy("rds")
    assert s3["DurationSeconds"] == "3600"
    assert desk.kinds == ["credential.minted"] * 2
    minted = desk.records[0]
    assert isinstance(minted, CredentialMinted)
    assert (minted.credential, minted.service) == (first.access_key, "s3")
    assert minted.acts_as == f"arn:aws:sts::{ACCOUNT}:federated-user/{s3['Name']}"
    assert minted.expires == first.expires == desk.clock.now + timedelta(hours=1)


def test_an_approved_call_has_a_session_of_its_own(sts: FakeSts) -> None:
    """900 seconds, exactly its action and resource, tied to the escalation; a second approval mints again."""
    desk = Desk(sts, ROLE)
    first = desk.get(DELETE, By.HUMAN, "e7")
    assert desk.get(DELETE, By.HUMAN, "e8") is not first
    call = sts.of("AssumeRole")[0]
    assert call["Policy"] == call_policy(DELETE) and call["DurationSeconds"] == "900"
    assert _tags(call)["agent-supervise:escalation"] == "e7"
    minted = desk.records[0]
    assert isinstance(minted, CredentialMinted) and minted.escalation == "e7" and minted.service == "rds"


def test_a_retry_of_an_approved_call_mints_nothing(sts: FakeSts) -> None:
    """The same call under the same answer has the same session; without an escalation to tell it by, a new one."""
    desk = Desk(sts)
    assert desk.get(DELETE, By.HUMAN, "e7") is desk.get(DELETE, By.HUMAN, "e7")
    assert desk.get(DELETE, By.HUMAN) is not desk.get(DELETE, By.HUMAN)


def test_a_burst_under_one_answer_is_a_few_sessions(sts: FakeSts) -> None:
    """A thousand objects of one folder: the first calls have their own, the others share the folder's."""
    desk = Desk(sts)
    for number in range(200):
        call = AwsCall(("s3:DeleteObject",), (f"arn:aws:s3:::site/logs/{number}",))
        desk.get(call, By.HUMAN, "e7")
    policies = [json.loads(call["Policy"])["Statement"][0]["Resource"] for call in sts.of("GetFederationToken")]
    assert policies == [*(f"arn:aws:s3:::site/logs/{number}" for number in range(8)), "arn:aws:s3:::site/logs/*"]
    other = AwsCall(("s3:DeleteObject",), ("arn:aws:s3:::site/assets/x",))
    desk.get(other, By.HUMAN, "e8")
    assert '"arn:aws:s3:::site/assets/x"' in sts.of("GetFederationToken")[-1]["Policy"]
    for number in range(10):
        arn = f"arn:aws:ec2:eu-central-1:{ACCOUNT}:instance/i-{number}"
        desk.get(AwsCall(("ec2:TerminateInstances",), (arn,)), By.HUMAN, "e9")
        assert f'"{arn}"' in sts.of("GetFederationToken")[-1]["Policy"]


def test_a_grant_keeps_its_session_for_equal_calls(sts: FakeSts) -> None:
    """The same actions on the same resources share it; another resource does not."""
    desk = Desk(sts)
    first = desk.get(DELETE, By.GRANT, "e7")
    assert desk.get(DELETE, By.GRANT, "e7") is first
    other = AwsCall(DELETE.actions, (DELETE.resources[0] + "2",))
    assert desk.get(other, By.GRANT, "e7") is not first
    assert [call["DurationSeconds"] for call in sts.of("GetFederationToken")] == ["900", "900"]


def test_a_call_of_two_services_gets_both(sts: FakeSts) -> None:
    """A dependent action of another service is in the same policy."""
    desk = Desk(sts, ROLE)
    desk.get(AwsCall(("ec2:RunInstances", "iam:PassRole"), ()))
    actions = json.dumps(json.loads(sts.of("AssumeRole")[0]["Policy"])["Statement"])
    assert "ec2:RunInstances" in actions and "iam:PassRole" in actions and "s3:" not in actions


def test_the_reader_only_looks(sts: FakeSts) -> None:
    """One session for our own look-ups; nothing in it changes anything or reads what people store."""
    desk = Desk(sts)
    assert desk.broker.reader() is desk.broker.reader()
    (statement,) = json.loads(sts.of("GetFederationToken")[0]["Policy"])["Statement"]
    verbs = {action.partition(":")[2] for action in statement["Action"]}
    assert statement["Effect"] == "Allow" and all(verb.startswith(("Get", "Describe", "List")) for verb in verbs)
    assert not any(data in json.dumps(statement) for data in ('GetObject"', "GetItem", "GetSecretValue", '"s3:Get*"'))
    assert "tag:Get*" in statement["Action"] and "rds:Describe*" in statement["Action"]


def test_cloudtrail_can_tell_who_it_was(sts: FakeSts) -> None:
    """The session's name holds user and session and cannot be guessed; source identity and tags say the rest."""
    desk = Desk(sts, ROLE)
    desk.get()
    desk.get(DESCRIBE)
    first, second = sts.of("AssumeRole")
    assert first["RoleSessionName"].startswith("Zo-Dev@20260201-120000-abcd-")
    assert len(first["RoleSessionName"].rpartition("abcd-")[2]) >= 12
    assert first["RoleSessionName"] != second["RoleSessionName"]
    assert first["SourceIdentity"] == "Zo-Dev"
    assert _tags(first) == {
        "agent-supervise:session": "20260201-120000-abcd",
        "agent-supervise:scope": "task",
        "agent-supervise:task": "A task",
    }


@pytest.mark.parametrize("right", ["sts:TagSession", "sts:SetSourceIdentity"])
def test_labels_are_left_out_where_a_role_forbids_them(sts: FakeSts, right: str) -> None:
    """The call goes through without them, and the next one does not try again."""
    sts.refuse[right] = Refusal("AccessDenied", f"not authorized to perform: {right}", 403)
    desk = Desk(sts, ROLE)
    desk.get()
    desk.get(DESCRIBE)
    assert ["SourceIdentity" in call for call in sts.of("AssumeRole")] == [True, False, False]


def test_tags_give_way_to_a_large_policy(sts: FakeSts) -> None:
    """Tags and policy share one packed limit at AWS."""
    desk = Desk(sts)
    desk.broker.account()
    sts.once.append(Refusal("PackedPolicyTooLarge", "Packed policy consumes 107% of allotted space"))
    desk.get()
    desk.get(DESCRIBE)
    assert [bool(_tags(call)) for call in sts.of("GetFederationToken")] == [True, False, True]


def test_a_session_of_a_role_assumes_its_own_role(sts: FakeSts) -> None:
    """With the path that the session's ARN does not have; the developer's token goes with the request only."""
    sts.caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/builder/me"
    desk = Desk(sts, SESSION)
    assert desk.source.way is Way.OWN_ROLE
    desk.get()
    assert sts.of("AssumeRole")[0]["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/deep/builder"


def test_own_credentials_are_used_only_when_asked_for(sts: FakeSts) -> None:
    """Then every call is signed with them, and the record says that nothing narrows them."""
    desk = Desk(sts, USER, unnarrowed=True)
    made = desk.get()
    assert (made.access_key, made.secret_key) == ("AKIADEVELOPER", SECRET) and not sts.calls
    assert desk.get(DESCRIBE) is made and desk.broker.reader() is made
    desk.clock.pass_(minutes=12)
    assert desk.get().access_key == "AKIADEVELOPER"
    (minted,) = desk.records
    assert isinstance(minted, CredentialMinted) and "not narrowed" in minted.acts_as


def test_what_is_at_hand_is_what_a_call_would_get(sts: FakeSts) -> None:
    """Nothing is asked of STS for it: not before the first session, not for another service, not for an answer."""
    desk = Desk(sts)
    assert (desk.broker.known_account(), desk.broker.at_hand(GET, by=By.POLICY)) == ("", None)
    made = desk.get()
    assert desk.broker.account() == desk.broker.known_account() == ACCOUNT
    asked = len(sts.calls)
    assert desk.broker.at_hand(GET, by=By.POLICY) is made
    assert desk.broker.at_hand(DESCRIBE, by=By.POLICY) is None
    assert [desk.broker.at_hand(GET, by=by) for by in By if by is not By.POLICY] == [None] * (len(By) - 1)
    assert desk.broker.at_hand(AwsCall((), (), "s3", "GetObject"), by=By.POLICY) is None
    assert len(sts.calls) == asked
    desk.clock.pass_(minutes=56)
    assert desk.broker.at_hand(GET, by=By.POLICY) is None, "it is time for a new one"
    desk.get()
    assert desk.broker.at_hand(GET, by=By.POLICY) is not None
    desk.broker.end("the agent ended")
    assert desk.broker.at_hand(GET, by=By.POLICY) is None


# ── time ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_session_is_renewed_before_it_ends(sts: FakeSts) -> None:
    """Five minutes before its end there is a new one, and the record says so of both."""
    desk = Desk(sts)
    first = desk.get()
    desk.clock.pass_(minutes=54)
    assert desk.get() is first
    desk.clock.pass_(minutes=2)
    second = desk.get()
    assert second is not first and desk.kinds == ["credential.minted", "credential.minted", "credential.ended"]
    assert desk.records[-1] == CredentialEnded(first.access_key, "renewed")


def test_no_session_is_wanted_for_longer_than_the_task(sts: FakeSts) -> None:
    """The task's end bounds it, AWS's least of 900 seconds apart."""
    desk = Desk(sts, hours=0.5)
    desk.get()
    desk.clock.pass_(minutes=25)
    desk.get(DESCRIBE)
    assert [call["DurationSeconds"] for call in sts.of("GetFederationToken")] == ["1800", "900"]
    desk.clock.pass_(minutes=5)
    with pytest.raises(BrokerError, match="the task's time is over"):
        desk.get()


def test_a_renewal_that_fails_leaves_what_there_is(sts: FakeSts) -> None:
    """Until its last minute the old session is used; then there is none."""
    desk = Desk(sts)
    first = desk.get()
    sts.refuse["GetFederationToken"] = Refusal("Throttling", "Rate exceeded")
    desk.clock.pass_(minutes=57)
    assert desk.get() is first and desk.get() is first
    desk.clock.pass_(minutes=2, seconds=30)
    with pytest.raises(BrokerError, match="Rate exceeded"):
        desk.get()


# ── ends ─────────────────────────────────────────────────────────────────────────────────────────


def test_after_the_end_there_is_nothing(sts: FakeSts) -> None:
    """Not for calls, not for look-ups, however fresh a session was; each is recorded as ended once."""
    desk = Desk(sts)
    made = desk.get()
    desk.broker.end("the agent ended")
    desk.broker.end("again")
    for ask in (desk.get, desk.broker.reader):
        with pytest.raises(BrokerError, match="the agent ended"):
            ask()
    assert desk.records[1:] == [CredentialEnded(made.access_key, "the agent ended")]
    assert len(sts.calls) == len(sts.of("GetFederationToken")) + len(sts.of("GetCallerIdentity"))


def test_what_is_minted_while_it_ends_is_not_handed_out(sts: FakeSts) -> None:
    """An answer of STS that comes after the end is dropped."""
    desk = Desk(sts)
    desk.get(DESCRIBE)
    sts.held.clear()
    asked = len(sts.calls)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(desk.get)
        _until(lambda: len(sts.calls) > asked)
        desk.broker.end("over")
        sts.held.set()
        with pytest.raises(BrokerError, match="over"):
            waiting.result(10)
    assert desk.kinds == ["credential.minted", "credential.ended"]


def test_what_has_expired_is_recorded_as_ended(sts: FakeSts) -> None:
    """The session of an approved call, when the next one is minted."""
    desk = Desk(sts)
    first = desk.get(DELETE, By.HUMAN, "e1")
    desk.clock.pass_(minutes=16)
    desk.get()
    assert CredentialEnded(first.access_key, "expired") in desk.records


def test_what_cannot_be_recorded_is_not_handed_out(sts: FakeSts) -> None:
    """The record comes first."""
    desk = Desk(sts)
    broken = Broker(
        desk.source,
        AwsSts(desk.source),
        scope=SITE,
        session="s",
        user="u",
        deadline=None,
        on_record=lambda record: (_ for _ in ()).throw(SuperviseError("the disk is full")),
        clock=desk.clock,
    )
    for _ in range(2):
        with pytest.raises(SuperviseError, match="the disk is full"):
            broken.for_call(GET, by=By.POLICY, request_id="r1")


# ── many at once ─────────────────────────────────────────────────────────────────────────────────


def test_a_hundred_calls_mint_once(sts: FakeSts) -> None:
    """Whoever comes while a session is minted waits for it."""
    desk = Desk(sts)
    desk.broker.account()
    sts.held.clear()
    gate = threading.Barrier(33)
    with ThreadPoolExecutor(32) as pool:
        waiting = [pool.submit(lambda: (gate.wait(10), desk.get())[1]) for _ in range(32)]
        gate.wait(10)
        _until(lambda: bool(sts.of("GetFederationToken")))
        sts.held.set()
        made = {one.result(10) for one in waiting}
    assert len(made) == 1 and len(sts.of("GetFederationToken")) == 1 and desk.kinds == ["credential.minted"]


def test_a_hundred_calls_fail_once(sts: FakeSts) -> None:
    """A refusal is told to all that wait; after some seconds it is tried again."""
    sts.refuse["GetFederationToken"] = Refusal("ValidationError", "no")
    desk = Desk(sts)
    with ThreadPoolExecutor(16) as pool:
        told = {type(pool.submit(desk.get).exception(10)) for _ in range(16)}
    assert told == {BrokerError} and len(sts.of("GetFederationToken")) == 1
    del sts.refuse["GetFederationToken"]
    desk.clock.pass_(seconds=6)
    assert desk.get()


def test_a_renewal_holds_nobody_up(sts: FakeSts) -> None:
    """While one call renews, the others go on with the session that is still good."""
    desk = Desk(sts)
    first = desk.get()
    desk.clock.pass_(minutes=56)
    sts.held.clear()
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(desk.get)
        _until(lambda: len(sts.of("GetFederationToken")) == 2)
        assert desk.get() is first
        sts.held.set()
        assert renewing.result(10) is not first


# ── what is refused ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("by", [By.TIMEOUT, By.FAULT, By.ENDED])
def test_only_what_was_allowed_is_signed(sts: FakeSts, by: By) -> None:
    """A verdict that is no allow gets no credential, and neither does a call without an action."""
    desk = Desk(sts)
    with pytest.raises(BrokerError, match="was not allowed"):
        desk.get(GET, by)
    with pytest.raises(BrokerError, match="cannot be told"):
        desk.get(AwsCall((), service="s3", operation="New"), By.HUMAN)
    assert not sts.calls and not desk.records


def test_a_scope_of_another_account_gets_nothing(sts: FakeSts) -> None:
    """The profile of the wrong account is found out before anything is signed."""
    desk = Desk(sts, made=scope(rule("aws", ALLOW, "s3:GetObject"), account="999999999999"))
    with pytest.raises(BrokerError, match="for account 123456789012, and the scope is for 999999999999"):
        desk.get()
    assert not sts.of("GetFederationToken")


def test_a_policy_that_does_not_fit_is_said_before_aws_says_it(sts: FakeSts) -> None:
    """The scope's error names its rules, and STS is not asked; a call that a human allowed is not concerned."""
    long = rule("aws", ALLOW, "s3:GetObject", on=tuple(f"arn:aws:s3:::a-bucket-{number}/*" for number in range(99)))
    desk = Desk(sts, made=scope(long))
    with pytest.raises(PolicyTooLong, match="the session policy for s3"):
        desk.get()
    assert not sts.of("GetFederationToken")
    assert desk.get(DELETE, By.HUMAN)


def test_a_federated_session_cannot_call_iam() -> None:
    """AWS does not let it, so it is said before a call fails in a riddle."""
    source = find_source(USER)
    assert source.way is Way.FEDERATION
    made = _offline(source)
    with pytest.raises(BrokerError, match="neither IAM nor STS") as caught:
        made.for_call(AwsCall(("iam:CreateRole",)), by=By.HUMAN, request_id="r1")
    assert "AGENT_SUPERVISE_AWS_ROLE" in caught.value.fix


def test_a_federated_session_may_ask_who_it_is(sts: FakeSts) -> None:
    """`GetCallerIdentity` is open to it, and so is the role that a call hands on."""
    desk = Desk(sts)
    real = replace(desk.source, endpoint="")
    broker = _offline(real, AwsSts(desk.source))
    for call in (AwsCall(("sts:GetCallerIdentity",)), AwsCall(("ec2:RunInstances", "iam:PassRole"))):
        assert broker.for_call(call, by=By.HUMAN, request_id="r1").token


@pytest.mark.parametrize(
    ("refusal", "what", "fix"),
    [
        (Refusal("AccessDenied", "User: dev is not authorized", 403), "not authorized", "AGENT_SUPERVISE_AWS_ROLE"),
        (Refusal("InvalidClientTokenId", "The security token is invalid", 403), "InvalidClientTokenId", "profile"),
        (Refusal("ExpiredToken", "The token is expired", 403), "ExpiredToken", "aws sso login"),
        (Refusal("SignatureDoesNotMatch", "Signature expired: 1 is now earlier than 2", 403), "expired", "clock"),
        (Refusal("PackedPolicyTooLarge", "Packed policy consumes 107%"), "107%", "scopes session-policy"),
        (Refusal("MalformedPolicyDocument", "bad"), "bad", "ARNs"),
        (Refusal("RegionDisabledException", "STS is not activated"), "not activated", "AWS_DEFAULT_REGION"),
    ],
)
def test_a_refusal_of_aws_is_told_with_a_way_out(sts: FakeSts, refusal: Refusal, what: str, fix: str) -> None:
    """AWS's own words, and what to do about it."""
    sts.refuse["AssumeRole"] = refusal
    with pytest.raises(BrokerError) as caught:
        Desk(sts, ROLE).get()
    assert what in caught.value.what and fix in caught.value.fix


def test_an_endpoint_that_is_down_is_told() -> None:
    """Nothing listens there."""
    source = find_source(USER, endpoint="http://127.0.0.1:9")
    with pytest.raises(BrokerError) as caught:
        _offline(source, AwsSts(source, connect_seconds=1, read_seconds=1)).account()
    assert "127.0.0.1:9" in caught.value.what and "--aws-endpoint" in caught.value.fix


def _offline(source: Source, sts: AwsSts | None = None) -> Broker:
    """A broker whose STS is not reached."""
    return Broker(
        source,
        sts or AwsSts(source),
        scope=SITE,
        session="s",
        user="u",
        deadline=None,
        on_record=lambda record: None,
    )


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────


def test_no_secret_is_in_what_can_be_read(sts: FakeSts, caplog: pytest.LogCaptureFixture) -> None:
    """Not in `repr`, records, logs or errors, also when AWS repeats the token in its words."""
    caplog.set_level(logging.DEBUG, "supervisor")
    desk = Desk(sts, SESSION | {"AGENT_SUPERVISE_AWS_ROLE": ROLE["AGENT_SUPERVISE_AWS_ROLE"]})
    made = desk.get()
    canonical = f"nope. The Canonical String for this request should have been x-amz-security-token:{made.token}"
    sts.refuse["AssumeRole"] = Refusal("SignatureDoesNotMatch", canonical, 403)
    with pytest.raises(BrokerError) as caught:
        desk.get(DESCRIBE)
    sts.refuse["AssumeRole"] = Refusal("Odd", "you sent the-developers-token")
    with pytest.raises(BrokerError) as again:
        desk.get(AwsCall(("ec2:RunInstances",)), By.HUMAN)
    texts = [
        *(repr(one) for one in (made, desk.source, desk.broker, desk.records)),
        *(str(to_json(record)) for record in desk.records),
        *(
            f"{one.value} {one.value!r} {one.value.__cause__} {one.value.__suppress_context__}"
            for one in (caught, again)
        ),
        caplog.text,
    ]
    for secret in (sts.secret, made.token, SECRET, "the-developers-token"):
        assert not any(secret in text for text in texts)


def test_the_developers_keys_only_ask_sts(sts: FakeSts) -> None:
    """What is handed out is never the developer's own."""
    desk = Desk(sts, ROLE)
    assert set(sts.keys) <= {"AKIADEVELOPER"}
    for call, by in ((GET, By.POLICY), (DELETE, By.HUMAN), (DELETE, By.GRANT)):
        made = desk.get(call, by)
        assert made.access_key.startswith("ASIAMINTED") and SECRET not in (made.secret_key, made.token)
    gc.collect()


def _tags(call: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, value in call.items():
        if name.startswith("Tags.member.") and name.endswith(".Key"):
            found[value] = call[name.removesuffix("Key") + "Value"]
    return found


def _until(holds: Any) -> None:
    """Wait for a condition, with a deadline."""
    deadline = threading.Event()
    for _ in range(2000):
        if holds():
            return
        deadline.wait(0.005)
    raise AssertionError("it did not happen")
