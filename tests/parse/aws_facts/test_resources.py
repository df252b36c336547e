"""What a call touches: whole batches, other accounts, names in other spellings, and what cannot be told."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall
from supervisor.parse.aws_facts import facts_of
from supervisor.parse.aws_facts.partiql import statement
from supervisor.parse.aws_http.request import AwsRequest
from tests.parse.aws_facts.samples import ACCOUNT, REGION, request
from tests.policy.build import ALLOW, ASK, DENY, judge, rule, scope

OTHER = "999999999999"
IN = f"{REGION}:{ACCOUNT}"


ROLE = f"arn:aws:iam::{OTHER}:role/r"


def foreign(service: str, rest: str) -> str:
    """An ARN in another account."""
    return f"arn:aws:{service}:{REGION}:{OTHER}:{rest}"


def facts(service: str, operation: str, parameters: dict[str, Any] | None = None, region: str = REGION) -> AwsCall:
    """The facts of a call in the test's account."""
    return facts_of(request(service, operation, parameters, region), account=ACCOUNT)


HOSTILE = [
    "a*", "a?", "*", "a\nb", "a\x00b", "a\x7fb", "a\u2028b", "a\u0085b", "${aws:username}", "", "arn:",
    "arn:aws:rds:*:*:db:x", "arn:aws:s3:::site", "arn:aws:rds:eu-central-1:123456789012:db:x*",
    "arn:aws:rds:eu-central-1:123456789012:", f"arn:aws:rds:{REGION}:１２３４５６７８９０１２:db:x", "x" * 5000,
    None, True, 1.5, [], {}, ["x"], {"a": "b"}, b"x",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
@pytest.mark.parametrize(
    ("service", "operation", "member"),
    [
        ("rds", "DeleteDBInstance", "DBInstanceIdentifier"),
        ("dynamodb", "DeleteTable", "TableName"),
        ("logs", "DeleteLogGroup", "logGroupName"),
        ("iam", "DeleteUser", "UserName"),
        ("kinesis", "DeleteStream", "StreamName"),
        ("lambda", "DeleteFunction", "FunctionName"),
        ("kms", "DisableKey", "KeyId"),
        ("sqs", "PurgeQueue", "QueueUrl"),
        ("secretsmanager", "DeleteSecret", "SecretId"),
        ("sns", "DeleteTopic", "TopicArn"),
        ("ecs", "DeleteCluster", "cluster"),
        ("route53", "DeleteHostedZone", "Id"),
    ],
)
def test_hostile_names_name_nothing(service: str, operation: str, member: str, value: Any) -> None:
    """A pattern, a control character, further ARN parts or another type name nothing that we could tell."""
    call = facts(service, operation, {member: value})
    assert call.resources == ()
    assert call.actions != ()


@pytest.mark.parametrize(
    ("service", "operation", "member"),
    [("rds", "DeleteDBInstance", "DBInstanceIdentifier"), ("dynamodb", "DeleteTable", "TableName"),
     ("logs", "DeleteLogGroup", "logGroupName"), ("iam", "DeleteUser", "UserName"), ("kms", "DisableKey", "KeyId")],
)  # fmt: skip
def test_a_colon_does_not_begin_a_further_part(service: str, operation: str, member: str) -> None:
    """A name with a colon would be another ARN; where the service has no such names it names nothing."""
    assert facts(service, operation, {member: "a:b"}).resources == ()


@pytest.mark.parametrize("key", ["a*b", "a?b", "a\nb", "${x}", "\x1b[2J"])
def test_hostile_keys_hide_the_whole_batch(key: str) -> None:
    """One key that reads as a pattern makes the resources of a batch untold: the call may be about anything."""
    call = facts("s3", "DeleteObjects", {"Bucket": "site", "Delete": {"Objects": [{"Key": "plain"}, {"Key": key}]}})
    assert call.resources == ()


def test_a_batch_names_all_that_it_touches() -> None:
    """A thousand keys are a thousand ARNs; equal ones are one."""
    keys = [{"Key": f"logs/{number}"} for number in range(1000)]
    call = facts("s3", "DeleteObjects", {"Bucket": "site", "Delete": {"Objects": [*keys, {"Key": "logs/7"}]}})
    assert len(call.resources) == 1000
    assert call.resources[0] == "arn:aws:s3:::site/logs/0"
    tables = {f"table-{number}": [] for number in range(25)}
    assert len(facts("dynamodb", "BatchGetItem", {"RequestItems": tables}).resources) == 25


def test_odd_but_plain_keys_are_told() -> None:
    """A key is any text: slashes, colons, an ARN, spaces and letters of any script stand as they are."""
    for key in ("/a", "a//b", "a:b", "arn:aws:s3:::other/x", "a b", "ä/漢", "../x", "%2e%2e/x"):
        assert facts("s3", "GetObject", {"Bucket": "site", "Key": key}).resources == (f"arn:aws:s3:::site/{key}",)


@pytest.mark.parametrize(
    "bucket",
    [
        "my-ap-hrzrlukc5m36ft7okagglf3gmwluquse1b-s3alias",
        "x--ol-s3",
        "mfzwi23gnjvgw.mrap",
        "",
        "a/b",
        "b*",
        "x--table-s3",
    ],
)
def test_aliases_of_access_points_stand_for_a_bucket_that_is_not_told(bucket: str) -> None:
    """What S3 resolves by itself is not taken for a bucket's name."""
    assert facts("s3", "DeleteObject", {"Bucket": bucket, "Key": "x"}).resources == ()


def test_access_points_and_directory_buckets() -> None:
    """An access point is named by its ARN; a directory bucket needs its session too."""
    point = f"arn:aws:s3:{IN}:accesspoint/logs"
    assert facts("s3", "GetObject", {"Bucket": point, "Key": "a/b"}).resources == (f"{point}/object/a/b",)
    call = facts("s3", "PutObject", {"Bucket": "site--euc1-az1--x-s3", "Key": "a"})
    assert call.actions == ("s3:PutObject", "s3express:CreateSession")
    assert f"arn:aws:s3express:{IN}:bucket/site--euc1-az1--x-s3" in call.resources


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("other/a%2Bb", "arn:aws:s3:::other/a+b"),
        ("/other/a/b", "arn:aws:s3:::other/a/b"),
        (
            f"arn:aws:s3:{REGION}:{ACCOUNT}:accesspoint/p/object/x",
            f"arn:aws:s3:{REGION}:{ACCOUNT}:accesspoint/p/object/x",
        ),
        ("other%2Fa", "arn:aws:s3:::other/a"),
        ("other/a%252Fb", ""),
        ("other", ""),
        ("other/", ""),
        ("other/x?foo=1", ""),
        ("other/x*", ""),
        ("", ""),
    ],
)
def test_copy_sources(source: str, read: str) -> None:
    """A copy touches what it reads too; a source that reads two ways makes the whole untold."""
    call = facts("s3", "CopyObject", {"Bucket": "site", "Key": "x", "CopySource": source})
    assert call.resources == (("arn:aws:s3:::site/x", read) if read else ())


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "arn"),
    [
        ("rds", "DeleteDBInstance", {"DBInstanceIdentifier": foreign("rds", "db:x")}, foreign("rds", "db:x")),
        ("lambda", "Invoke", {"FunctionName": f"{OTHER}:f"}, foreign("lambda", "function:f")),
        ("sqs", "PurgeQueue", {"QueueUrl": f"https://sqs.x.amazonaws.com/{OTHER}/q"}, foreign("sqs", "q")),
        ("sns", "Subscribe", {"TopicArn": f"arn:aws:sns:{IN}:t", "Endpoint": foreign("sqs", "q")}, foreign("sqs", "q")),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"Id": "1", "Arn": foreign("lambda", "function:f")}]},
         foreign("lambda", "function:f")),
        ("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": f"arn:aws:iam::{OTHER}:policy/p"},
         f"arn:aws:iam::{OTHER}:policy/p"),
        ("ecs", "RunTask", {"taskDefinition": "web", "overrides": {"taskRoleArn": ROLE}}, ROLE),
        ("eks", "CreateAccessEntry", {"clusterName": "c", "principalArn": ROLE}, ROLE),
        ("dynamodb", "TransactWriteItems", {"TransactItems": [{"Put": {"TableName": foreign("dynamodb", "table/t")}}]},
         foreign("dynamodb", "table/t")),
    ],
)  # fmt: skip
def test_another_account_shows(service: str, operation: str, parameters: dict[str, Any], arn: str) -> None:
    """An ARN of another account anywhere in the input is among the resources, so that the scope's account denies it."""
    call = facts(service, operation, parameters)
    assert arn in call.resources
    fenced = scope(rule("aws", ALLOW, "*:*"), account=ACCOUNT)
    assert judge(fenced, call).effect is DENY


def test_another_account_shows_where_nothing_else_is_told() -> None:
    """When the resource cannot be told, the call's account is the foreign one; data that is stored does not count."""
    call = facts(
        "cloudcontrol", "DeleteResource", {"TypeName": "x", "Identifier": f"arn:aws:rds:{REGION}:{OTHER}:db:x"}
    )
    assert (call.resources, call.account) == ((), OTHER)
    assert facts("ecr", "DeleteRepository", {"repositoryName": "x", "registryId": OTHER}).account == OTHER
    assert facts("ecr", "DeleteRepository", {"repositoryName": "x", "registryId": "1*"}).resources == ()
    assert facts("s3control", "GetJobTagging", {"AccountId": OTHER, "JobId": "j"}).account == OTHER
    item = {"TableName": "one", "Item": {"owner": {"S": f"arn:aws:iam::{OTHER}:role/r"}}}
    assert facts("dynamodb", "PutItem", item).resources == (f"arn:aws:dynamodb:{IN}:table/one",)
    unknown = facts("ec2", "CreateMetricCategory", {"x": f"arn:aws:rds:{REGION}:{OTHER}:db:x"})
    assert (unknown.actions, unknown.account) == ((), OTHER)


@pytest.mark.parametrize(
    ("region", "arn"),
    [
        ("cn-north-1", f"arn:aws-cn:rds:cn-north-1:{ACCOUNT}:db:x"),
        ("us-gov-west-1", f"arn:aws-us-gov:rds:us-gov-west-1:{ACCOUNT}:db:x"),
        ("us-iso-east-1", f"arn:aws-iso:rds:us-iso-east-1:{ACCOUNT}:db:x"),
        ("us-isob-east-1", f"arn:aws-iso-b:rds:us-isob-east-1:{ACCOUNT}:db:x"),
        ("eusc-de-east-1", f"arn:aws-eusc:rds:eusc-de-east-1:{ACCOUNT}:db:x"),
        ("", f"arn:aws:rds:*:{ACCOUNT}:db:x"),
        ("eu-*", f"arn:aws:rds:*:{ACCOUNT}:db:x"),
    ],
)
def test_partitions(region: str, arn: str) -> None:
    """The region tells the partition; a region that is none stands for any."""
    assert facts("rds", "DeleteDBInstance", {"DBInstanceIdentifier": "x"}, region).resources == (arn,)


def test_an_unknown_account_stands_for_any() -> None:
    """Without an account the ARNs have a wildcard for it, and every account in the input shows."""
    call = facts_of(request("rds", "DeleteDBInstance", {"DBInstanceIdentifier": "x"}), account="")
    assert call.resources == (f"arn:aws:rds:{REGION}:*:db:x",)


def test_an_alias_stands_for_a_key_that_is_not_told() -> None:
    """A deny of a key holds for calls through its alias."""
    call = facts("kms", "ScheduleKeyDeletion", {"KeyId": "alias/prod"})
    assert call.resources == (f"arn:aws:kms:{IN}:alias/prod", f"arn:aws:kms:{IN}:key/*")
    guarded = scope(rule("aws", ALLOW, "kms:*"), rule("aws", DENY, "kms:*", on=(f"arn:aws:kms:{IN}:key/1234",)))
    assert judge(guarded, call).effect is DENY


def test_a_secret_by_its_name_or_by_an_arn_cut_short_is_the_secret() -> None:
    """A deny of the whole ARN holds however the secret is named."""
    whole = f"arn:aws:secretsmanager:{IN}:secret:prod/db-AbCdEf"
    guarded = scope(rule("aws", ALLOW, "secretsmanager:*"), rule("aws", DENY, "secretsmanager:*", on=(whole,)))
    for named in ("prod/db", whole, whole[:-7]):
        assert judge(guarded, facts("secretsmanager", "DeleteSecret", {"SecretId": named})).effect is DENY
    other = facts("secretsmanager", "DeleteSecret", {"SecretId": "dev/db"})
    assert judge(guarded, other).effect is ALLOW


def test_automated_snapshots_have_a_colon_in_their_names() -> None:
    """RDS calls its own snapshots `rds:NAME`."""
    call = facts("rds", "DeleteDBSnapshot", {"DBSnapshotIdentifier": "rds:Orders-2026-01-01"})
    assert call.resources == (f"arn:aws:rds:{IN}:snapshot:rds:orders-2026-01-01",)
    assert facts("rds", "DeleteDBSnapshot", {"DBSnapshotIdentifier": "x:orders"}).resources == ()
    cluster = facts(
        "redshift", "DeleteClusterSnapshot", {"SnapshotIdentifier": "rds:c-1", "SnapshotClusterIdentifier": "c"}
    )
    assert cluster.resources == (f"arn:aws:redshift:{IN}:snapshot:c/rds:c-1",)


def test_input_that_is_too_large_to_look_through_is_untold() -> None:
    """What nobody looked for another account in is judged as if on anything."""
    tags = [{"Key": str(number), "Value": "x"} for number in range(60_000)]
    assert facts("rds", "AddTagsToResource", {"ResourceName": f"arn:aws:rds:{IN}:db:x", "Tags": tags}).resources == ()


def test_names_in_capitals_are_what_the_service_finds() -> None:
    """RDS finds `PROD` as `prod`, so a deny of `prod` holds for it."""
    guarded = scope(rule("aws", ALLOW, "rds:*"), rule("aws", DENY, "rds:*", on=("arn:aws:rds:*:*:db:prod",)))
    call = facts("rds", "RebootDBInstance", {"DBInstanceIdentifier": "PROD"})
    assert judge(guarded, call).effect is DENY


def test_candidates_that_share_an_api_are_one_call() -> None:
    """rds, docdb and neptune name the same actions and resources; their notes and levels add up."""
    names = (("rds", "DeleteDBCluster"), ("docdb", "DeleteDBCluster"), ("neptune", "DeleteDBCluster"))
    asked = AwsRequest(names, "query", "POST", "/", parameters={"DBClusterIdentifier": "C"}, region=REGION)
    call = facts_of(asked, account=ACCOUNT)
    assert call.actions == ("rds:DeleteDBCluster",)
    assert call.resources == (f"arn:aws:rds:{IN}:cluster:c",)
    assert call.notes == ("irreversible: the automated backups go too",)


def test_candidates_that_differ_are_a_union() -> None:
    """Actions and resources of every candidate are there; one that cannot be told makes the whole untold."""
    both = (("sqs", "SendMessage"), ("sns", "Publish"))
    parameters = {"QueueUrl": f"https://x/{ACCOUNT}/q", "TopicArn": f"arn:aws:sns:{IN}:t"}
    call = facts_of(AwsRequest(both, "query", "POST", "/", parameters=parameters, region=REGION), account=ACCOUNT)
    assert call.actions == ("sns:Publish", "sqs:SendMessage")
    assert call.resources == (f"arn:aws:sqs:{IN}:q", f"arn:aws:sns:{IN}:t")
    less = AwsRequest(both, "query", "POST", "/", parameters={"TopicArn": f"arn:aws:sns:{IN}:t"}, region=REGION)
    assert facts_of(less, account=ACCOUNT).resources == ()
    strange = AwsRequest((("sqs", "SendMessage"), ("nothing", "X")), "query", "POST", "/", parameters=parameters)
    assert facts_of(strange, account=ACCOUNT).actions == ()
    assert facts_of(AwsRequest((), "query", "POST", "/"), account=ACCOUNT).actions == ()


def test_an_operation_without_a_known_action_asks_whatever_is_allowed_and_is_denied_by_its_prefix() -> None:
    """What IAM's lists do not have is no allowed action, and a deny of its service still reaches it."""
    call = facts("opensearch", "AddReplicationPeer", {})
    assert call.actions == ()
    assert judge(scope(rule("aws", ALLOW, "*:*")), call).effect is ASK
    assert judge(scope(rule("aws", ALLOW, "*:*"), rule("aws", DENY, "es:*")), call).effect is DENY


@pytest.mark.parametrize(
    ("service", "operation"),
    [("ec2", "DescribeInstances"), ("rds", "DescribeDBInstances"), ("iam", "ListUsers"), ("s3", "ListBuckets"),
     ("dynamodb", "ListTables"), ("ecs", "ListClusters"), ("lambda", "ListFunctions"), ("sts", "GetCallerIdentity"),
     ("logs", "DescribeLogGroups"), ("cloudformation", "DescribeStacks"), ("elbv2", "DescribeLoadBalancers")],
)  # fmt: skip
def test_looking_around_needs_no_resource(service: str, operation: str) -> None:
    """An allow without `on` covers lists and descriptions; one with a narrow `on` does not."""
    call = facts(service, operation)
    assert call.level in ("list", "read")
    assert call.resources
    looking = rule("aws", ALLOW, "*:Describe*", "*:List*", "sts:GetCallerIdentity")
    assert judge(scope(looking), call).effect is Effect.ALLOW
    narrow = rule("aws", ALLOW, "*:*", on=("arn:aws:*:*:*:db:one", "arn:aws:s3:::one"))
    assert judge(scope(narrow), call).effect is ASK


def test_a_role_that_is_handed_on_needs_to_be_allowed() -> None:
    """Passing a role is an action of its own on the role; a call that names nothing else stays untold."""
    role = f"arn:aws:iam::{ACCOUNT}:role/admin"
    call = facts("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "Role": role})
    assert call.actions == ("iam:PassRole", "lambda:UpdateFunctionConfiguration")
    assert judge(scope(rule("aws", ALLOW, "lambda:*")), call).effect is ASK
    untold = facts(
        "ec2", "ReplaceIamInstanceProfileAssociation", {"IamInstanceProfile": {"Name": "p"}, "AssociationId": "x"}
    )
    assert untold.actions == ("ec2:ReplaceIamInstanceProfileAssociation", "iam:PassRole")
    assert untold.resources == ()


MINE = f"arn:aws:iam::{ACCOUNT}:role/app"


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": MINE}),
        ("ecs", "RegisterTaskDefinition", {"family": "f", "executionRoleArn": MINE}),
        ("ecs", "RegisterTaskDefinition", {"family": "f", "taskRoleArn": "app"}),
        ("ecs", "RunTask", {"taskDefinition": "f", "overrides": {"executionRoleArn": MINE}}),
        ("glue", "CreateJob", {"Name": "j", "Role": "app"}),
        ("codebuild", "CreateProject", {"name": "p", "serviceRole": MINE}),
        ("stepfunctions", "CreateStateMachine", {"name": "m", "roleArn": MINE}),
        ("events", "PutTargets", {"Rule": "r", "Targets": [{"Id": "1", "RoleArn": MINE}]}),
        ("cloudformation", "DeleteStack", {"StackName": "s", "RoleARN": MINE}),
        ("s3", "PutBucketReplication", {"Bucket": "site", "ReplicationConfiguration": {"Role": MINE}}),
        ("s3control", "CreateJob", {"AccountId": ACCOUNT, "RoleArn": MINE}),
        ("eks", "CreateNodegroup", {"clusterName": "c", "nodegroupName": "n", "nodeRole": MINE}),
        ("sagemaker", "CreateTrainingJob", {"TrainingJobName": "t", "RoleArn": MINE}),
        (
            "apigateway",
            "PutIntegration",
            {"restApiId": "a", "resourceId": "r", "httpMethod": "GET", "credentials": MINE},
        ),
        ("config", "PutConfigurationRecorder", {"ConfigurationRecorder": {"name": "r", "roleARN": MINE}}),
        ("ssm", "SendCommand", {"DocumentName": "d", "InstanceIds": ["i-1"], "ServiceRoleArn": MINE}),
        ("rds", "CreateDBInstance", {"DBInstanceIdentifier": "x", "MonitoringRoleArn": MINE}),
        ("ec2", "RunInstances", {"IamInstanceProfile": {"Name": "p"}}),
        ("ec2", "RunInstances", {"LaunchTemplate": {"LaunchTemplateName": "t"}}),
        ("ec2", "RequestSpotInstances", {"LaunchSpecification": {"IamInstanceProfile": {"Name": "p"}}}),
        ("autoscaling", "CreateLaunchConfiguration", {"LaunchConfigurationName": "l", "IamInstanceProfile": "p"}),
        ("emr", "RunJobFlow", {"Name": "j", "ServiceRole": "app", "JobFlowRole": "app"}),
        ("cognito-identity", "SetIdentityPoolRoles", {"IdentityPoolId": "x:y", "Roles": {"authenticated": MINE}}),
    ],
)
def test_handing_on_a_role_is_an_action(service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Wherever a role goes to a service, iam:PassRole on it is needed, and without a role it is not."""
    call = facts(service, operation, parameters)
    assert "iam:PassRole" in call.actions
    assert call.level == "permissions"
    if call.resources:
        assert any(arn.startswith(f"arn:aws:iam::{ACCOUNT}:role/") for arn in call.resources)
    assert "iam:PassRole" not in facts(service, operation).actions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('SELECT * FROM "one"', ("PartiQLSelect", "one", "")),
        ("select a, b from one where c = 'it''s from x'", ("PartiQLSelect", "one", "")),
        ('SELECT a FROM "one"."by.day" WHERE x=?;', ("PartiQLSelect", "one", "by.day")),
        ("INSERT INTO one VALUE {'a': 'DELETE FROM x'}", ("PartiQLInsert", "one", "")),
        ('UPDATE "one" REMOVE a WHERE id=1', ("PartiQLUpdate", "one", "")),
        ("\n DELETE \t FROM one WHERE id=1", ("PartiQLDelete", "one", "")),
        ("EXISTS (SELECT * FROM one WHERE id=1)", ("PartiQLSelect", "one", "")),
        ("DELETE FROM one", None),
        ("SELECT * FROM one, two", None),
        ("SELECT * FROM one WHERE a IN (SELECT * FROM two)", None),
        ("SELECT * FROM one JOIN two", None),
        ("SELECT * FROM one AS o", None),
        ("DELETE FROM one /* */ WHERE a=1", None),
        ("DELETE FROM one WHERE a=1 -- x", None),
        ("DELETE FROM one WHERE a=1; DELETE FROM two WHERE a=1", None),
        ("SELECT * FROM 'one'", None),
        ('SELECT * FROM "o*e"', None),
        ("SELECT * FROM one WHERE a='", None),
        ("EXISTS (DELETE FROM one WHERE a=1)", None),
        ("", None),
        ("SELECT", None),
        (" " * 9000, None),
        (None, None),
        (["SELECT * FROM one"], None),
    ],
)
def test_partiql(text: object, found: tuple[str, str, str] | None) -> None:
    """A statement is understood when it reads plainly as one verb on one table."""
    assert statement(text) == found
