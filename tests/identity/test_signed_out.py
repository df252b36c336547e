"""Credentials that were good once: what AWS refuses is had anew, in the same account, or said to be gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.errors import ScopeError, SuperviseError, UsageError
from supervisor.identity.ahead import check_ahead
from supervisor.identity.broker import Broker
from supervisor.identity.failures import BrokerError, Lasting
from supervisor.identity.live_keys import LEAST_SECONDS, LiveKeys
from supervisor.identity.source import Way, find_source
from supervisor.identity.sts import AwsSts
from supervisor.model.decision import By
from tests.identity.fake_sts import ACCOUNT, FakeSts, Refusal
from tests.identity.test_broker import GET, SITE, USER, Desk
from tests.policy.build import ALLOW, rule, scope

EXPIRED = Refusal("ExpiredToken", "The security token included in the request is expired", 403)
OTHER = "222222222222"


class Frozen:
    """Keys as botocore gives them."""

    def __init__(self, access_key: str, token: str = "") -> None:
        self.access_key, self.secret_key, self.token = access_key, "s", token

    def get_frozen_credentials(self) -> Frozen:
        """Themselves."""
        return self


# ── sessions that AWS does not take any more ─────────────────────────────────────────────────────


def test_what_aws_refuses_is_not_handed_out_again(sts: FakeSts) -> None:
    """The next call has a session of its own, and the record says why the other one ended."""
    desk = Desk(sts)
    first = desk.get()
    desk.clock.pass_(minutes=5)
    assert desk.broker.rejected(first.access_key, "ExpiredToken") == "the next try has new ones"
    assert desk.get().access_key != first.access_key
    assert desk.kinds == ["credential.minted", "credential.ended", "credential.minted"]
    ended = desk.records[1]
    assert ended.credential == first.access_key
    assert ended.KIND == "credential.ended" and ended.why == "AWS does not take it any more: ExpiredToken"  # type: ignore[union-attr]


def test_only_the_one_that_was_refused_ends(sts: FakeSts) -> None:
    """Sessions of other services, and keys that nobody knows, are left alone."""
    desk = Desk(sts)
    first = desk.get()
    desk.clock.pass_(minutes=5)
    desk.broker.rejected("ASIASOMEBODYELSE", "ExpiredToken")
    assert desk.get() == first


def test_a_new_one_that_is_refused_is_kept(sts: FakeSts) -> None:
    """Another would be refused alike: a client that provokes such errors costs no call to STS."""
    desk = Desk(sts)
    first = desk.get()
    for _ in range(20):
        assert "clock" in desk.broker.rejected(first.access_key, "ExpiredToken")
    assert desk.get() == first and len(sts.of("GetFederationToken")) == 1


# ── the developer's own ──────────────────────────────────────────────────────────────────────────


def _profile(home: Path, access_key: str, token: str = "") -> dict[str, str]:
    """A home whose default profile has these keys, and its environment."""
    (home / ".aws").mkdir(exist_ok=True)
    more = f"aws_session_token = {token}\n" if token else ""
    text = f"[default]\naws_access_key_id = {access_key}\naws_secret_access_key = s\n{more}"
    (home / ".aws/credentials").write_text(text)
    return {"HOME": str(home)}


@pytest.fixture
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No time need pass between two look-ups."""
    monkeypatch.setattr("supervisor.identity.live_keys.LEAST_SECONDS", 0.0)


@pytest.mark.usefixtures("looks_at_once")
@pytest.mark.parametrize("token", ["", "a-token"])
def test_a_profile_that_is_filled_again_is_read_again(sts: FakeSts, tmp_path: Path, token: str) -> None:
    """The developer signed in again outside: the call that waits for it goes through, of a user and of a role."""
    if token:
        sts.caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/me"
    desk = Desk(sts, _profile(tmp_path, "AKIAOLD", token))
    desk.get()
    assert len(sts.of("GetRole")) == bool(token)
    sts.once = [EXPIRED]
    with pytest.raises(BrokerError, match="ExpiredToken") as caught:
        desk.get(GET, By.HUMAN)
    assert "sign in again" in caught.value.fix and not isinstance(caught.value, UsageError)
    _profile(tmp_path, "AKIANEW", token and "another-token")
    sts.once = [EXPIRED]
    assert desk.get(GET, By.HUMAN).access_key.startswith("ASIAMINTED")
    assert sts.keys[-1] == "AKIANEW"


@pytest.mark.usefixtures("looks_at_once")
def test_a_session_stays_in_its_account(sts: FakeSts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decided for one account is not signed in another, whoever signed in to which meanwhile."""
    desk = Desk(sts, _profile(tmp_path, "AKIAOLD"))
    assert desk.broker.account() == ACCOUNT
    _profile(tmp_path, "AKIANEW")
    sts.once = [EXPIRED]
    monkeypatch.setattr("tests.identity.fake_sts.ACCOUNT", OTHER)
    with pytest.raises(Lasting, match=f"leads to account {OTHER} now, and this session began in {ACCOUNT}") as caught:
        desk.get()
    assert f"sign in to {ACCOUNT} again" in caught.value.fix
    assert desk.kinds == []


@pytest.mark.usefixtures("looks_at_once")
def test_unnarrowed_credentials_are_looked_up_anew(sts: FakeSts, tmp_path: Path) -> None:
    """There is nothing between the call and the developer's keys: they are what was refused."""
    environment = _profile(tmp_path, "AKIAOLD")
    desk = Desk(sts, environment, unnarrowed=True)
    assert desk.source.way is Way.UNNARROWED
    assert desk.get().access_key == "AKIAOLD"
    told = desk.broker.rejected("AKIAOLD", "InvalidClientTokenId")
    assert "profile default" in told and "sign in again" in told
    _profile(tmp_path, "AKIANEW")
    assert desk.broker.rejected("AKIAOLD", "InvalidClientTokenId") == "the next try has new ones"
    assert desk.get().access_key == "AKIANEW"
    assert desk.kinds == ["credential.minted", "credential.ended", "credential.minted"]


def test_keys_are_looked_up_again_only_now_and_then() -> None:
    """A look-up may run a program: a burst of refusals is one."""
    now, found = [100.0], [Frozen("AKIAONE"), Frozen("AKIATWO")]
    keys = LiveKeys(Frozen("AKIAOLD"), lambda: found.pop(0), monotonic=lambda: now[0])
    assert keys.look_again() and keys.get_frozen_credentials().access_key == "AKIAONE"
    assert not keys.look_again() and len(found) == 1
    now[0] += LEAST_SECONDS
    assert keys.look_again() and keys.get_frozen_credentials().access_key == "AKIATWO"


def _gone() -> Frozen:
    raise BrokerError("the profile has gone")


@pytest.mark.parametrize(
    "find", [lambda: None, lambda: Frozen("AKIAOLD"), lambda: Frozen("ASIANEW", "token"), _gone], ids=range(4)
)
def test_nothing_better_leaves_what_there_is(find: object) -> None:
    """No keys, the same keys, keys of another kind, a look-up that fails: the old ones stay."""
    keys = LiveKeys(Frozen("AKIAOLD"), find)  # type: ignore[arg-type]
    assert not keys.look_again()
    assert keys.get_frozen_credentials().access_key == "AKIAOLD"


def test_a_defect_of_ours_is_no_refusal() -> None:
    """Only what AWS's library and we ourselves say about credentials is taken for that."""

    def broken() -> Frozen:
        raise KeyError("x")

    with pytest.raises(KeyError):
        LiveKeys(Frozen("AKIAOLD"), broken).look_again()


def test_a_role_is_not_guessed_when_nobody_may_ask(sts: FakeSts, tmp_path: Path) -> None:
    """Credentials that have expired say nothing about the role's path: that is what is told, and asked again later."""
    sts.caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/dev/me"
    desk = Desk(sts, _profile(tmp_path, "ASIAOLD", "a-token"))
    desk.broker.account()
    sts.once = [EXPIRED]
    with pytest.raises(BrokerError, match="ExpiredToken"):
        desk.get()
    assert not sts.of("AssumeRole")
    desk.clock.pass_(seconds=10)
    desk.get()
    assert sts.of("AssumeRole")[0]["RoleArn"] == f"arn:aws:iam::{ACCOUNT}:role/deep/dev"


# ── what does not change while the session goes on ───────────────────────────────────────────────


def test_what_no_retry_mends_says_so(sts: FakeSts) -> None:
    """The task's end, its account, and what federated sessions may not call: clients need not try again."""
    desk = Desk(sts, hours=1)
    desk.clock.pass_(hours=2)
    with pytest.raises(Lasting, match="the task's time is over"):
        desk.get()
    with pytest.raises(Lasting, match="are for account"):
        Desk(sts, made=scope(*SITE.aws.rules, account=OTHER)).get()
    source = find_source(USER)
    federated = Broker(
        source, AwsSts(source), scope=SITE, session="s", user="u", deadline=None, on_record=lambda record: None
    )
    with pytest.raises(Lasting, match="neither IAM nor STS"):
        federated.for_call(GET.__class__(("iam:CreateUser",)), by=By.HUMAN, request_id="r1")


# ── before the session starts ────────────────────────────────────────────────────────────────────

CONFIG = "[default]\nregion = eu-west-1\n[profile work]\n[profile 'two words']\n[sso-session corp]\n[services local]\n"


@pytest.mark.parametrize(
    ("profile", "is_there"),
    [("default", True), ("work", True), ("two words", True), ("only-keys", True)]
    + [(name, False) for name in ("nope", "corp", "local", "profile work", "sso-session corp")],
)
def test_profiles_are_those_of_the_shared_files(tmp_path: Path, profile: str, is_there: bool) -> None:
    """As botocore reads them: sections of another kind are none."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(CONFIG)
    (tmp_path / ".aws/credentials").write_text("[only-keys]\naws_access_key_id = A\naws_secret_access_key = B\n")
    environment = {"HOME": str(tmp_path)}
    if is_there:
        check_ahead(SITE, environment, profile=profile)
        return
    with pytest.raises(UsageError, match="there is no AWS profile") as caught:
        check_ahead(SITE, environment, profile=profile)
    assert "default, only-keys, two words, work" in caught.value.fix
    with pytest.raises(SuperviseError, match="there is no AWS profile"):
        find_source(environment, profile=profile)


def test_files_that_cannot_be_read_are_told_later(tmp_path: Path) -> None:
    """Whether they matter is not known yet: the first call says what is wrong with them."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text("no section = here\n")
    check_ahead(SITE, {"HOME": str(tmp_path)}, profile="work")


def test_a_policy_is_measured_with_an_account_in_it() -> None:
    """The account is put into each ARN that leaves it out: what fits without it may not fit with it."""
    arns = tuple(f"arn:aws:rds:eu-central-1::db:a-database-{number:02}" for number in range(32))
    with pytest.raises(ScopeError, match="AWS takes 2,048"):
        check_ahead(scope(rule("aws", ALLOW, "rds:StartDBInstance", on=arns)), {})
    check_ahead(scope(rule("aws", ALLOW, "rds:StartDBInstance", on=arns)), {}, unnarrowed=True)
    check_ahead(scope(rule("aws", ALLOW, "rds:StartDBInstance", on=arns[:20])), {})
