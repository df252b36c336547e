"""A scope as an STS session policy: what AWS accepts is what the gate allows, and hardly more."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.errors import ScopeError
from supervisor.model.request import AwsCall
from supervisor.parse.aws_facts import actions_of_service, resource_tag_supported
from supervisor.policy.glob import matches
from supervisor.policy.load import load
from supervisor.policy.match import may_apply, outside
from supervisor.policy.scope import Approvals, FourEyes, Rule, Scope
from supervisor.policy.services import SERVICES
from supervisor.policy.session_policy import (
    NothingAllowed,
    PolicyTooLong,
    call_policy,
    named_services,
    session_policy,
    session_policy_of,
)
from supervisor.policy.session_policy_actions import Actions, actions_of
from supervisor.policy.session_policy_facts import known
from tests.policy.build import ALLOW, ASK, DENY, judge, rule, scope
from tests.policy.iam_evaluator import permits

pytestmark = pytest.mark.long

TABLE = {
    "rds": """DescribeDBInstances DescribeDBSnapshots ListTagsForResource DeleteDBInstance DeleteDBSnapshot
        ModifyDBInstance StartDBInstance StopDBInstance AddTagsToResource CreateDBSnapshot""".split(),
    "ec2": """DescribeInstances DescribeSnapshots StartInstances StopInstances TerminateInstances CreateSnapshot
        DeleteSnapshot CreateTags DeleteTags CreateVpc GetPasswordData RunInstances""".split(),
    "s3": """GetObject GetObjectTagging GetBucketLocation PutObject DeleteObject ListBucket DeleteBucket
        ListAllMyBuckets PutObjectTagging""".split(),
    "iam": "GetRole ListRoles PassRole CreateRole DeleteRole".split(),
}
UNTAGGED = {"ec2:CreateVpc", "ec2:DescribeInstances", "ec2:DescribeSnapshots", "s3:ListAllMyBuckets", "s3:GetObject"}


def actions(service: str) -> Mapping[str, str]:
    """The action table of the tests."""
    return dict.fromkeys(TABLE.get(service, ()), "write")


def tagged(action: str) -> bool:
    """Whether AWS checks the resource's tags for it."""
    return action not in UNTAGGED


def compiled(made: Scope, service: str) -> str:
    """The policy with all that is known."""
    return session_policy(made, service, actions=actions, tagged=tagged)


# ── properties ───────────────────────────────────────────────────────────────────────────────────

PATTERNS = (
    *("*", "*:Describe*", "*:*Snapshot*", "*:Delete*", "*:*Tag*", "*:List*", "*:Get*"),
    *("rds:*", "rds:Describe*", "rds:DeleteDBInstance", "ec2:*", "ec2:St*Instances", "ec2:RunInstances", "s3:*"),
    *("s3:Get*", "S3:getobject", "s3:?etObject", "s3:PutObject", "iam:PassRole", "iam:*"),
)
ONS = (
    *("*", "arn:aws:s3:::site", "arn:aws:s3:::site/*", "arn:aws:s3:::*", "arn:aws:s3:::${bucket}/*"),
    *("arn:aws:rds:*:*:db:*", "arn:aws:rds:eu-central-1:123456789012:db:dev-?", "arn:aws:*:*:*:*"),
    *("arn:aws:ec2:*:123456789012:instance/*", "arn:aws:s3:::/*", "arn:aws:iam::123456789012:role/app-*"),
)
RESOURCES = (
    *("*", "arn:aws:s3:::site", "arn:aws:s3:::site/index.html", "arn:aws:s3:::other/x", "arn:aws:s3:::${bucket}/x"),
    *("arn:aws:rds:eu-central-1:123456789012:db:dev-1", "arn:aws:rds:us-east-1:123456789012:db:prod"),
    *("arn:aws:ec2:eu-central-1:123456789012:instance/i-1", "arn:aws:iam::123456789012:role/app-web"),
)
WHERES = ((), (("env", ("dev", "test")),), (("env", ("prod",)),), (("env", ("dev",)), ("team", ("a",))))
TAGS = ((), (("env", "dev"),), (("env", "prod"),), (("env", "dev"), ("team", "a")))


@st.composite
def aws_rules(draw: st.DrawFn) -> Rule:
    """A rule of the aws section."""
    effect = draw(st.sampled_from([ALLOW, ALLOW, ALLOW, ASK, DENY]))
    return rule(
        "aws",
        effect,
        *draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True)),
        line=draw(st.integers(1, 50)),
        on=tuple(draw(st.lists(st.sampled_from(ONS), max_size=3, unique=True))),
        where=draw(st.sampled_from(WHERES)),
        except_=tuple(draw(st.lists(st.sampled_from(PATTERNS[1:]), max_size=2, unique=True))),
    )


SCOPES = st.builds(
    lambda rules, regions, eyes: scope(*rules, regions=regions, approvals=Approvals(four_eyes=eyes)),
    st.lists(aws_rules(), min_size=1, max_size=5),
    st.sampled_from([(), (), ("eu-central-1",), ("eu-central-1", "us-east-1")]),
    st.sampled_from([(), (), (FourEyes(("rds:Delete*",)),)]),
)
NAMES = sorted(f"{service}:{name}" for service, names in TABLE.items() for name in names)


@st.composite
def calls(draw: st.DrawFn) -> AwsCall:
    """A call of one action on up to two resources of its service."""
    action = draw(st.sampled_from(NAMES))
    own = [arn for arn in RESOURCES if arn == "*" or arn.split(":")[2] == action.partition(":")[0]]
    return AwsCall(
        (action,),
        tuple(draw(st.lists(st.sampled_from(own), max_size=2))),
        region=draw(st.sampled_from(["eu-central-1", "us-east-1", "us-west-2"])),
        tags=draw(st.sampled_from(TAGS)),
    )


def aws_says(policy: str, call: AwsCall) -> bool:
    """AWS checks every action on every resource, with the tags only where it does that for the action."""
    return all(
        permits(
            policy,
            action,
            resource,
            tags=dict(call.tags or ()) if tagged(action) else None,
            region=call.region,
        )
        for action in call.actions
        for resource in call.resources or ("*",)
    )


@settings(max_examples=200)
@given(SCOPES, calls(), st.booleans())
def test_aws_accepts_what_the_gate_allows(made: Scope, call: AwsCall, known: bool) -> None:
    """Whatever is allowed by rule is permitted by the policy, with and without a table of actions."""
    if judge(made, call).effect is not ALLOW:
        return
    service = call.actions[0].partition(":")[0]
    policy = compiled(made, service) if known else session_policy(made, service)
    assert aws_says(policy, call), policy


@settings(max_examples=200)
@given(SCOPES, calls())
def test_what_the_policy_permits_no_rule_denies(made: Scope, call: AwsCall) -> None:
    """A deny of the scope holds at AWS too; by tag, where AWS checks the tags of that action."""
    service = call.actions[0].partition(":")[0]
    try:
        policy = compiled(made, service)
    except NothingAllowed:
        return
    if not call.resources or not aws_says(policy, call):
        return
    denies = [
        one
        for one in made.aws.rules
        if one.effect is DENY
        and (not one.where or tagged(call.actions[0]))
        # Where a deny's wildcard reaches over the colons of an ARN, the gate is stricter than IAM can say.
        and not any(on == "arn:aws:*:*:*:*" for on in one.on)
        and not any(resource == "*" for resource in call.resources)
    ]
    assert not any(may_apply(one, call) for one in denies), policy


@settings(max_examples=200)
@given(SCOPES, calls())
def test_without_conditions_the_policy_is_the_gate(made: Scope, call: AwsCall) -> None:
    """Of scopes without tags, AWS permits exactly what the gate allows of known actions on one named resource."""
    if any(one.where or "arn:aws:*:*:*:*" in one.on for one in made.aws.rules):
        return
    if len(call.resources) != 1 or call.resources == ("*",) or outside(made, call):
        return
    service = call.actions[0].partition(":")[0]
    allowed = judge(made, call).effect is ALLOW
    try:
        policy = compiled(made, service)
    except NothingAllowed:
        assert not allowed
        return
    assert aws_says(policy, call) is allowed, policy


@given(SCOPES, st.sampled_from(sorted(TABLE)), st.booleans())
def test_a_policy_is_small_and_plain(made: Scope, service: str, known: bool) -> None:
    """At most 2,048 characters of U+0020 to U+00FF, canonical JSON, the same every time, and only of its service."""
    try:
        policy = compiled(made, service) if known else session_policy(made, service)
    except NothingAllowed:
        return
    assert len(policy) <= 2048 and re.fullmatch("[\x20-\xff]+", policy)
    assert policy == (compiled(made, service) if known else session_policy(made, service))
    document = json.loads(policy)
    assert policy == json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for statement in document["Statement"]:
        named = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        behind = "kms:ViaService" in json.dumps(statement)
        assert all(one.partition(":")[0] == ("kms" if behind else service) for one in named)


@given(st.frozensets(st.sampled_from(TABLE["ec2"])), st.sampled_from(PATTERNS), st.booleans())
def test_a_cover_covers_what_is_wanted_and_nothing_else(wanted: frozenset[str], pattern: str, careful: bool) -> None:
    """Every wanted action by one of the patterns, no other action by any."""
    every = actions_of(actions("ec2"), "ec2", ())
    found = every.cover(wanted, every.names - wanted, (pattern.rpartition(":")[2],), careful=careful)
    as_rule = rule("aws", ALLOW, *(f"ec2:{text}" for text in found))
    for name in TABLE["ec2"]:
        covered = bool(found) and may_apply(as_rule, AwsCall((f"ec2:{name}",)))
        assert covered is (name in wanted)


@given(
    st.frozensets(st.text("abAB", min_size=1, max_size=4), max_size=12),
    st.lists(st.text("abAB*?", max_size=6), max_size=3),
)
def test_an_index_of_names_matches_as_iam_does(names: frozenset[str], patterns: list[str]) -> None:
    """However a pattern is looked up, it covers what it covers by the letter, without case."""
    every = Actions(frozenset({name.lower(): name for name in names}.values()))
    expected = {name for name in every.names if any(matches(one.lower(), name.lower()) for one in patterns)}
    assert every.matched(patterns) == expected


# ── examples ─────────────────────────────────────────────────────────────────────────────────────


def statements(policy: str) -> list[dict[str, object]]:
    """The statements of a policy, without those for KMS keys behind a service."""
    return [one for one in json.loads(policy)["Statement"] if "kms:ViaService" not in json.dumps(one)]


def test_a_rule_is_said_for_one_service() -> None:
    """Patterns over services lose their wildcard prefix, ARNs of the rule's other services stay away."""
    made = scope(
        rule("aws", ALLOW, "*:Describe*"),
        rule(
            "aws",
            ALLOW,
            "s3:GetObject",
            "rds:StopDBInstance",
            on=("arn:aws:s3:::site/*", "arn:aws:rds:*:*:db:dev-*"),
        ),
    )
    assert statements(compiled(made, "rds")) == [
        {"Action": "rds:Describe*", "Effect": "Allow", "Resource": "*"},
        {"Action": "rds:StopDBInstance", "Effect": "Allow", "Resource": "arn:aws:rds:*:*:db:dev-*"},
    ]
    assert statements(compiled(made, "s3")) == [
        {"Action": "s3:GetObject", "Effect": "Allow", "Resource": "arn:aws:s3:::site/*"}
    ]


def test_tags_are_a_condition_where_aws_checks_them() -> None:
    """Actions that AWS checks no tags for come without the condition: for them the gate alone stands."""
    made = scope(rule("aws", ALLOW, "ec2:StopInstances", "ec2:CreateVpc", where=(("env", ("dev",)),)))
    first, second = statements(compiled(made, "ec2"))
    assert first["Action"] == "ec2:StopInstances"
    assert first["Condition"] == {"StringEquals": {"aws:ResourceTag/env": "dev"}}
    assert second["Action"] == "ec2:CreateVpc" and "Condition" not in second
    (unknown,) = statements(session_policy(made, "ec2", actions=actions))
    assert unknown["Condition"] == {"StringEqualsIfExists": {"aws:ResourceTag/env": "dev"}}


def test_tags_that_a_customer_may_switch_off_are_refused_where_they_differ() -> None:
    """S3 and DynamoDB check tags by choice: an absent one must not refuse what the gate has looked up itself."""
    made = scope(rule("aws", ALLOW, "s3:PutObject", where=(("env", ("dev",)),)))
    policy = session_policy_of(made, ("s3",), known())
    assert permits(policy, "s3:PutObject", "arn:aws:s3:::site/x")
    assert not permits(policy, "s3:PutObject", "arn:aws:s3:::site/x", tags={"env": "prod"})


def test_regions_fence_all_but_global_services() -> None:
    """Another region is refused by AWS, except where a service has none."""
    made = scope(rule("aws", ALLOW, "rds:*", "iam:GetRole"), regions=("eu-central-1",))
    assert permits(compiled(made, "rds"), "rds:StopDBInstance", "*")
    assert not permits(compiled(made, "rds"), "rds:StopDBInstance", "*", region="us-east-1")
    assert permits(compiled(made, "iam"), "iam:GetRole", "*", region="us-east-1")
    for allowed in ("*", "s3:ListAllMyBuckets"):
        buckets = session_policy_of(scope(rule("aws", ALLOW, allowed), regions=("eu-central-1",)), ("s3",), known())
        assert permits(buckets, "s3:ListAllMyBuckets", "*", region="us-east-1")
        for action in actions_of_service("s3"):
            if action != "s3:ListAllMyBuckets":
                assert not permits(buckets, action, "*", region="us-east-1")


def test_what_asks_is_left_out() -> None:
    """An approved call gets its own policy: the one of the scope has neither asks nor what wants four eyes."""
    made = scope(
        rule("aws", ALLOW, "rds:*"),
        rule("aws", ASK, "rds:Modify*"),
        rule("aws", ASK, "rds:Stop*", on=("arn:aws:rds:*:*:db:prod",)),
        approvals=Approvals(four_eyes=(FourEyes(("rds:Delete*",)),)),
    )
    policy = compiled(made, "rds")
    dev, prod = "arn:aws:rds:eu-central-1:123456789012:db:dev", "arn:aws:rds:eu-central-1:123456789012:db:prod"
    assert permits(policy, "rds:StartDBInstance", dev) and permits(policy, "rds:StopDBInstance", dev)
    assert not permits(policy, "rds:ModifyDBInstance", dev) and not permits(policy, "rds:DeleteDBInstance", dev)
    assert not permits(policy, "rds:StopDBInstance", prod)


def test_an_account_is_put_in_where_an_arn_leaves_it_out() -> None:
    """The scope's, else the one that is worked in; never into the ARNs of services that have none."""
    made = scope(
        rule("aws", ALLOW, "dynamodb:GetItem", "s3:GetObject", on=("arn:aws:dynamodb:*::table/t", "arn:aws:s3:::b/*"))
    )
    assert "arn:aws:dynamodb:*:111122223333:table/t" in session_policy(made, "dynamodb", account="111122223333")
    assert "arn:aws:dynamodb:*:*:table/t" in session_policy(made, "dynamodb")
    assert "arn:aws:s3:::b/*" in session_policy(made, "s3", account="111122223333")


def test_a_rule_whose_parameter_is_empty_allows_nothing() -> None:
    """`arn:aws:s3:::/*` names nothing, and nothing must not become everything."""
    made = scope(rule("aws", ALLOW, "s3:*", on=("arn:aws:s3:::", "arn:aws:s3:::/*")))
    with pytest.raises(NothingAllowed, match="allows nothing of s3"):
        compiled(made, "s3")


def test_text_of_the_scope_is_no_variable_of_iam() -> None:
    """`${aws:username}` in a tag or an ARN stands for itself, and text beyond Latin-1 is escaped."""
    made = scope(
        rule("aws", ALLOW, "rds:*", where=(("env", ("${aws:username}", "grün€")),)),
        rule("aws", ALLOW, "rds:StopDBInstance", on=("arn:aws:rds:*:*:db:${aws:username}",)),
    )
    policy = compiled(made, "rds")
    assert "${$}{aws:username}" in policy and "grün\\u20ac" in policy and ":db:${$}{aws:username}" in policy
    assert permits(policy, "rds:DeleteDBInstance", "*", tags={"env": "grün€"})


def test_exceptions_take_the_shorter_way() -> None:
    """What is left is named when that is shorter, else the exceptions are denied."""
    few = scope(rule("aws", ALLOW, "ec2:*", except_=("ec2:GetPasswordData",)))
    effects = [one["Effect"] for one in statements(compiled(few, "ec2"))]
    assert effects == ["Allow", "Deny"]
    many = scope(rule("aws", ALLOW, "iam:*", except_=("iam:*Role*",)), rule("aws", ALLOW, "iam:GetRole"))
    assert statements(compiled(many, "iam")) == [{"Action": "iam:GetRole", "Effect": "Allow", "Resource": "*"}]


def test_keys_behind_a_service_can_be_used_through_it_only() -> None:
    """An encrypted object can be read where the object may be; a scope that denies the key's use is obeyed."""
    allow = rule("aws", ALLOW, "s3:GetObject")
    assert '"kms:ViaService":"s3.*"' in compiled(scope(allow), "s3")
    assert "kms" not in compiled(scope(allow, rule("aws", DENY, "kms:*")), "s3")
    assert "kms" in compiled(scope(allow, rule("aws", DENY, "kms:ScheduleKeyDeletion")), "s3")
    assert "kms" not in compiled(scope(rule("aws", ALLOW, "iam:GetRole")), "iam")
    read = session_policy(scope(allow), "s3", actions=lambda service: {"s3:GetObject": "read"})
    assert "kms:Decrypt" in read and "kms:GenerateDataKey*" not in read
    call = AwsCall(("rds:DescribeDBInstances",), level="list")
    written = replace(call, level="write")
    assert "kms" not in call_policy(call) and "kms" in call_policy(written)
    assert "kms" not in call_policy(written, scope(rule("aws", DENY, "kms:*")))


def test_a_policy_that_does_not_fit_names_the_rules() -> None:
    """Where the most costly rule stands, what it costs, and how to make it shorter."""
    long = rule(
        "aws", ALLOW, "s3:GetObject", line=7, on=tuple(f"arn:aws:s3:::a-bucket-number-{i}/*" for i in range(80))
    )
    short = rule("aws", ALLOW, "s3:PutObject", line=9, on=("arn:aws:s3:::site/*",))
    with pytest.raises(PolicyTooLong) as caught:
        compiled(scope(long, short), "s3")
    error = caught.value
    assert error.where == "task.yaml:7" and "2,048" in error.what and "for s3" in error.what
    assert "task.yaml:7 costs" in error.fix and "80 ARNs under fewer patterns" in error.fix
    assert "task.yaml:9" not in error.fix
    assert len(compiled(scope(short), "s3")) < 2048


def test_a_policy_that_does_not_fit_names_as_many_rules_as_it_takes() -> None:
    """Where no single rule is too much, all are named that must become shorter."""
    each = [
        rule("aws", ALLOW, f"s3:{action}", line=line, on=tuple(f"arn:aws:s3:::{line}-bucket-{i}/*" for i in range(50)))
        for line, action in ((3, "GetObject"), (5, "PutObject"))
    ]
    with pytest.raises(PolicyTooLong) as caught:
        compiled(scope(*each), "s3")
    assert "task.yaml:3 costs" in caught.value.fix and "task.yaml:5 costs" in caught.value.fix


def test_tags_are_said_shorter_before_nothing_fits() -> None:
    """Where the exact split by tags is too long, an absent tag counts as unchecked, and a wrong one is refused."""
    names = [f"{verb}Thing{number}" for number in range(400) for verb in ("Do", "Make")]
    made = scope(rule("aws", ALLOW, "ec2:*", where=(("env", ("dev",)),)))
    policy = session_policy(
        made,
        "ec2",
        actions=lambda service: dict.fromkeys(names, ""),
        tagged=lambda action: sha256(action.encode()).digest()[0] % 2 == 0,
    )
    assert "StringEqualsIfExists" in policy and len(policy) < 2048
    assert not permits(policy, f"ec2:{names[0]}", "*", tags={"env": "prod"})


def test_services_are_those_that_allow_rules_name() -> None:
    """Each once, and whether a wildcard reaches others."""
    made = scope(rule("aws", ALLOW, "s3:Get*", "S3:Put*", "rds:*"), rule("aws", DENY, "ec2:*"))
    assert named_services(made) == (("s3", "rds"), False)
    assert named_services(scope(rule("aws", ALLOW, "*:List*"))) == ((), True)


# ── one call ─────────────────────────────────────────────────────────────────────────────────────


def test_a_call_gets_exactly_itself() -> None:
    """Its actions on its ARNs, dependent ones with it."""
    arn, role = "arn:aws:ec2:eu-central-1:123456789012:instance/i-1", "arn:aws:iam::123456789012:role/web"
    policy = call_policy(AwsCall(("ec2:RunInstances", "iam:PassRole"), (arn, role)))
    assert permits(policy, "ec2:RunInstances", arn) and permits(policy, "iam:PassRole", role)
    assert not permits(policy, "ec2:RunInstances", arn + "0") and not permits(policy, "ec2:StopInstances", arn)
    everywhere = call_policy(AwsCall(("ec2:DescribeInstances",)))
    assert permits(everywhere, "ec2:DescribeInstances", "*")
    both = call_policy(AwsCall(("ec2:StopInstances", "tag:GetResources"), (arn,)))
    assert permits(both, "tag:GetResources", "*") and not permits(both, "ec2:StopInstances", "*")
    for unknown in ((), ("ec2:*",), ("ec2:Stop?nstances", "ec2:StopInstances")):
        with pytest.raises(ScopeError, match="cannot be told"):
            call_policy(AwsCall(unknown))


def test_a_call_that_makes_something_may_use_what_comes_with_it() -> None:
    """AWS checks default groups and new volumes too; what it names is the only one of its kind."""
    arns = ("arn:aws:ec2:eu-central-1::image/ami-1", "arn:aws:ec2:eu-central-1:123456789012:subnet/subnet-1")
    policy = call_policy(AwsCall(("ec2:RunInstances",), arns))
    place = "arn:aws:ec2:eu-central-1:123456789012"
    assert permits(policy, "ec2:RunInstances", f"{place}:volume/*")
    assert permits(policy, "ec2:RunInstances", f"{place}:security-group/sg-1")
    assert not permits(policy, "ec2:RunInstances", f"{place}:subnet/subnet-2")
    assert not permits(policy, "ec2:RunInstances", "arn:aws:ec2:eu-central-1::image/ami-2")
    database = call_policy(AwsCall(("rds:DeleteDBInstance",), ("arn:aws:rds:eu-central-1:123456789012:db:a",)))
    assert ":og:" not in database


def test_an_object_may_be_called_like_a_wildcard() -> None:
    """A key of `*` and `?` and `${` is taken literally; a whole folder is not."""
    policy = call_policy(AwsCall(("s3:DeleteObject",), ("arn:aws:s3:::site/a*b?${x}",)))
    assert permits(policy, "s3:DeleteObject", "arn:aws:s3:::site/a*b?${x}")
    assert not permits(policy, "s3:DeleteObject", "arn:aws:s3:::site/aXb?${x}")
    folder = call_policy(AwsCall(("s3:DeleteObject",), ("arn:aws:s3:::site/logs/*",)))
    assert permits(folder, "s3:DeleteObject", "arn:aws:s3:::site/logs/1")


@pytest.mark.parametrize(
    ("template", "nearby"),
    [
        ("arn:aws:s3:::site/logs/2026/{:04}.gz", "arn:aws:s3:::other/logs/2026/0001.gz"),
        ("arn:aws:rds:eu-central-1:123456789012:db:database-{:04}", "arn:aws:rds:eu-central-1:123456789012:cluster:x"),
        ("arn:aws:s3:::site/{:04}/a-long-name-of-a-folder/x", "arn:aws:s3:::site"),
    ],
)
def test_a_call_on_many_things_gets_their_folders(template: str, nearby: str) -> None:
    """A thousand ARNs do not fit; what is near them is permitted with them, what is elsewhere is not."""
    arns = tuple(template.format(number) for number in range(1000))
    policy = call_policy(AwsCall(("s3:DeleteObject",), arns))
    assert len(policy) <= 2048
    assert all(permits(policy, "s3:DeleteObject", arn) for arn in arns[::100])
    assert not permits(policy, "s3:DeleteObject", nearby)


@given(calls())
def test_a_call_is_always_permitted_by_its_own_policy(call: AwsCall) -> None:
    """Whatever it is on."""
    assert aws_says(call_policy(call), call)


# ── the presets, with all that is known of AWS ──────────────────────────────────────────────────


VALUES: Mapping[str, Mapping[str, str]] = {
    "s3-static-site": {"bucket": "site"},
    "terraform-apply-dev": {"account": "123456789012", "state_bucket": "state"},
    "terraform-plan": {"state_bucket": "state"},
    "incident-debug": {},
}


def preset(name: str) -> Scope:
    """A shipped scope."""
    folder = Path(__file__).parents[2] / "scopes"
    return load(name, lambda wanted: (wanted, (folder / f"{wanted}.yaml").read_text()), VALUES[name])


@pytest.mark.parametrize("name", sorted(VALUES))
def test_every_policy_of_a_preset_fits(name: str) -> None:
    """For every service that AWS has, a third of the limit left at least where no service is named."""
    made = preset(name)
    for service in sorted(SERVICES):
        try:
            policy = session_policy_of(made, (service,), known())
        except NothingAllowed:
            continue
        assert len(policy) <= (2048 if service in named_services(made)[0] else 1365), service


@pytest.mark.parametrize("service", ["ec2", "s3", "rds", "dynamodb", "secretsmanager", "kms", "lambda", "logs"])
@pytest.mark.parametrize("name", sorted(VALUES))
def test_a_preset_is_said_exactly(name: str, service: str) -> None:
    """For every action of the service: what the gate allows AWS accepts, what a rule denies AWS refuses."""
    made = preset(name)
    place = f"arn:aws:{service}:eu-central-1:123456789012:thing/x"
    resource = {"s3": "arn:aws:s3:::state/x"}.get(service, place)
    try:
        policy = session_policy_of(made, (service,), known())
    except NothingAllowed:
        policy = '{"Statement":[],"Version":"2012-10-17"}'
    for action in actions_of_service(service):
        for tags in ({"env": "dev"}, {"env": "prod"}):
            call = AwsCall((action,), (resource,), region="eu-central-1", tags=tuple(tags.items()))
            checked = tags if resource_tag_supported(action) else None
            permitted = permits(policy, action, resource, tags=checked)
            effect = judge(made, call).effect
            assert permitted if effect is ALLOW else not permitted or (effect is ASK and checked is None), action
