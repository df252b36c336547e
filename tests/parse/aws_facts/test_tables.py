"""The tables as they are shipped: how much of AWS they know, levels, prefixes, and totality."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.model.request import AwsCall
from supervisor.parse.aws_facts import actions_of_service, facts_of, is_global, levels, table
from supervisor.parse.aws_facts.table import ORDER
from supervisor.parse.aws_http.request import AwsRequest
from supervisor.policy.services import SERVICES
from tables import aws_actions, overlay
from tests.parse.aws_facts.samples import ACCOUNT, REGION, operations, sample
from tests.parse.aws_facts.samples import request as asked

WRITES = ("tagging", "write", "permissions")
# Not in the scope's list of prefixes: botocore models them, IAM's reference has no actions for them or names them so.
UNLISTED = {"IoTSecuredTunneling", "abuse", "agent-discovery", "apiportal", "iotjobsdata", "mechanicalturk"}


TEN = (
    *("s3 GetObject", "rds DeleteDBInstance", "iam GetRole", "sqs SendMessage", "lambda Invoke", "dynamodb GetItem"),
    *("sns Publish", "sts AssumeRole", "logs PutLogEvents", "ec2 RunInstances"),
)


@pytest.fixture(scope="module", params=[False, True], ids=["required members", "all members"])
def calls(request: pytest.FixtureRequest) -> list[AwsCall]:
    """The facts of each operation that botocore models."""
    return [
        facts_of(asked(service, name, sample(service, name, full=request.param)), account=ACCOUNT)
        for service, name in operations()
    ]


def test_how_much_is_known(calls: list[AwsCall]) -> None:
    """94 % of all operations have actions, most of the rest is younger than IAM's lists; few writes are untold."""
    known = [call for call in calls if call.actions]
    writes = [call for call in known if call.level in WRITES]
    reads = [call for call in known if call.level not in WRITES]
    assert all(call.resources == () for call in calls if not call.actions)
    assert len(known) / len(calls) > 0.94
    assert sum(bool(call.resources) for call in writes) / len(writes) > 0.93
    assert sum(call.resources not in ((), ("*",)) for call in writes) / len(writes) > 0.75
    assert sum(not call.resources for call in reads) / len(reads) < 0.005


def test_levels_are_never_weaker_than_those_of_the_actions(calls: list[AwsCall]) -> None:
    """A call is as strict as its strictest action."""
    for call in calls:
        for action in call.actions:
            assert ORDER.index(call.level) >= ORDER.index(levels(action)), (call.service, call.operation, action)


def test_every_operation_of_botocore_is_in_the_tables() -> None:
    """An operation is missing only where the installed botocore is younger than the tables."""
    missing = [one for one in operations() if table.operation(*one) is None]
    assert len(missing) < 400
    if table.header()["sources"]["botocore"] == __import__("botocore").__version__:
        assert missing == []


def test_what_changes_things_is_no_read() -> None:
    """No operation that is called after a change has the level of a list or a read, unless IAM says so of its kind."""
    verbs = tuple(
        "Delete Terminate Put Update Create Modify Remove Purge Attach Detach Reset Revoke Authorize Reboot Restore "
        "Tag Untag Release Replace Run Start Stop Execute Invoke Send Publish Disable Enable Associate Disassociate "
        "Cancel".split()
    )
    reads = []
    for service, name in operations():
        known = table.operation(service, name)
        if known is None or not known.known or not known.actions:
            continue
        if known.level in ("list", "read") and name.startswith(verbs):
            reads.append(f"{service} {name}")
    started = [one for one in reads if not one.split()[1].startswith(("Start", "Run", "Reset", "Restore", "Associate"))]
    assert started == []
    assert len(reads) < 60


def test_prefixes_are_those_that_scopes_may_name() -> None:
    """Every prefix of an action is one that a scope file accepts."""
    found = [known for service, name in operations() if (known := table.operation(service, name))]
    prefixes = {action.partition(":")[0] for known in found for action in known.actions}
    assert prefixes - SERVICES <= UNLISTED
    assert {table.prefix_of(service) for service, _ in operations()} - SERVICES <= UNLISTED


@pytest.mark.parametrize(
    ("action", "level"),
    [
        ("s3:GetObject", "read"), ("S3:getobject", "read"), ("s3:ListBucket", "list"), ("s3:PutObject", "write"),
        ("s3:PutBucketPolicy", "permissions"), ("ec2:CreateTags", "tagging"), ("iam:PassRole", "permissions"),
        ("iam:CreateAccessKey", "permissions"), ("kms:CreateGrant", "permissions"), ("rds:DeleteDBInstance", "write"),
        ("ec2:ModifySnapshotAttribute", "permissions"), ("lambda:AddPermission", "permissions"),
        ("ec2:DescribeInstances", "list"), ("logs:StopQuery", "write"),
        ("nothing:AtAll", ""), ("rds:Nothing", ""), ("", ""),
    ],
)  # fmt: skip
def test_levels(action: str, level: str) -> None:
    """An action has IAM's level, or the stricter one that a change of permissions deserves."""
    assert levels(action) == level


def test_actions_of_a_service() -> None:
    """A prefix gives its actions in IAM's spelling, in any case of the prefix; an unknown one gives none."""
    found = actions_of_service("RDS")
    assert found["rds:DeleteDBInstance"] == "write"
    assert len(found) > 150
    assert len(actions_of_service("ec2")) > 700
    assert actions_of_service("nothing") == {}
    assert actions_of_service("*") == {}


def test_global_services() -> None:
    """Identities, zones and distributions have no region, nor has the list of all buckets."""
    for service in ("iam", "cloudfront", "route53", "organizations"):
        assert is_global(service)
    assert is_global("s3", "ListBuckets")
    assert not is_global("s3")
    assert not is_global("s3", "GetObject")
    assert not is_global("rds", "DeleteDBInstance")
    assert not is_global("sts")
    assert not is_global("nothing", "AtAll")


def test_sources_are_named() -> None:
    """The header names what the tables were made from, at the version that the script pins."""
    sources = table.header()["sources"]
    assert sources[aws_actions.IAM_DATA] == aws_actions.IAM_DATA_VERSION
    assert sources["botocore"]
    notice = (aws_actions.OUT.parent / "NOTICE").read_text(encoding="utf-8")
    assert f"{aws_actions.IAM_DATA} {aws_actions.IAM_DATA_VERSION}" in notice


def test_notes_and_vendors_of_the_tables_are_those_of_the_overlay() -> None:
    """Nobody changed the overlay's lists without making the tables anew."""
    assert table.header()["vendors"] == {name: sorted(found) for name, found in overlay.read("vendors.yaml").items()}
    for service, noted in overlay.notes().items():
        for name, written in noted.items():
            known = table.operation(service, name)
            assert known is not None
            assert tuple(note.text for note in known.notes) == tuple(text for _, text in overlay.note_lines(written))


@pytest.mark.parametrize(
    "written",
    [[{"irreversible": "x", "removes a guard": "y"}], [{"gone": "x"}], [{"irreversible": "x", "if": {}}],
     [{"irreversible": "x", "when": {"A": {"above": 1}}}]],
)  # fmt: skip
def test_a_note_that_is_written_wrong_is_refused(written: list[dict[str, Any]]) -> None:
    """A note of two kinds or none, with another key, or with a test that nobody knows, makes no table."""
    with pytest.raises(ValueError, match=r"note|test"):
        overlay.note_lines(written)


def test_services_are_read_when_they_are_asked_for() -> None:
    """Ten services of a task take little memory."""
    table._file.cache_clear()
    for cached in (table._service, table._operation, table._actions_in, table._by_lower_name):
        cached.cache_clear()
    tracemalloc.start()
    try:
        for which in TEN:
            service, name = which.split()
            facts_of(asked(service, name), account=ACCOUNT)
        assert tracemalloc.get_traced_memory()[0] < 16_000_000
    finally:
        tracemalloc.stop()


# ── totality ─────────────────────────────────────────────────────────────────────────────────────

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=8),
    st.sampled_from(["arn:aws:s3:::x", "arn:aws:iam::999999999999:role/r", "alias/x", "a*", "arn:", f"https://x/{ACCOUNT}/q"]),
)  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
EVERY = st.sampled_from([*operations()])


@settings(max_examples=400, deadline=None)
@given(EVERY, st.data(), st.sampled_from([ACCOUNT, "", "x"]), st.sampled_from([REGION, "", "cn-north-1", "*\n"]))
def test_facts_never_raise(which: tuple[str, str], data: st.DataObject, account: str, region: str) -> None:
    """Whatever stands in the members of any operation, there are facts, and they are plain values."""
    known = sample(*which, full=True)
    members = sorted(known)
    parameters = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(members, TREES))) if members else {}
    call = facts_of(asked(*which, parameters, region), account=account)
    assert all(isinstance(text, str) for text in (*call.actions, *call.resources, *call.notes))
    assert call.actions == tuple(sorted(set(call.actions)))
    assert len(set(call.resources)) == len(call.resources)
    assert all("\n" not in arn for arn in call.resources)


@settings(max_examples=200, deadline=None)
@given(TREES, EVERY)
def test_any_tree_is_read(tree: Any, which: tuple[str, str]) -> None:
    """Even input that is no structure at all has facts."""
    strange = AwsRequest((which,), "json", "POST", "/", parameters=tree, region=REGION)
    assert facts_of(strange, account=ACCOUNT).operation == which[1]


@settings(max_examples=300, deadline=None)
@given(st.text(min_size=1, max_size=12))
def test_no_value_widens(text: str) -> None:
    """A name adds no wildcard, no part and no line to an ARN: it stands in its place as it is, or nothing is told."""
    call = facts_of(asked("dynamodb", "DeleteTable", {"TableName": text}), account=ACCOUNT)
    assert call.resources in ((), (f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{text}",))
    if set(text) & set("*?:\n"):
        assert call.resources == ()


def test_a_huge_input_is_read() -> None:
    """Deep and wide input neither raises nor takes long."""
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    assert facts_of(asked("rds", "DeleteDBInstance", {"DBInstanceIdentifier": deep}), account=ACCOUNT).resources == ()
    wide = {"Delete": {"Objects": [{"Key": "x"}] * 30_000}, "Bucket": "site"}
    assert facts_of(asked("s3", "DeleteObjects", wide), account=ACCOUNT).resources
