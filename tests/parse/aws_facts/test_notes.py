"""What cannot be undone, takes a guard away, hands out credentials, or can run anything."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.parse.aws_facts import facts_of, vends_credentials
from supervisor.parse.aws_facts.conditions import condition, met
from supervisor.parse.aws_facts.table import operation
from tables import overlay
from tests.parse.aws_facts.samples import ACCOUNT, model, request, services

Input = dict[str, Any]
GONE, GUARD, HANDS, RUNS = overlay.KINDS
# service, operation, the kind, an input that has the note, one that has none of its kind
CONDITIONED: list[tuple[str, str, str, Input, Input | None]] = [
    ("rds", "DeleteDBInstance", GONE, {"SkipFinalSnapshot": True, "DeleteAutomatedBackups": False},
     {"SkipFinalSnapshot": False, "DeleteAutomatedBackups": False}),
    ("rds", "DeleteDBInstance", GONE, {}, {"DeleteAutomatedBackups": "false"}),
    ("rds", "DeleteDBCluster", GONE, {"SkipFinalSnapshot": "true"}, {"DeleteAutomatedBackups": False}),
    ("rds", "DeleteTenantDatabase", GONE, {"SkipFinalSnapshot": True}, {}),
    ("rds", "ModifyDBInstance", GUARD, {"DeletionProtection": False}, {"DeletionProtection": True}),
    ("rds", "ModifyDBInstance", GUARD, {"BackupRetentionPeriod": 0}, {"BackupRetentionPeriod": 7}),
    ("rds", "ModifyDBInstance", GUARD, {"BackupRetentionPeriod": "0"}, {"BackupRetentionPeriod": "1"}),
    ("rds", "ModifyDBInstance", HANDS, {"MasterUserPassword": "x"}, {}),
    ("rds", "ModifyDBCluster", GUARD, {"DeletionProtection": "false"}, {}),
    ("rds", "ModifyDBCluster", GUARD, {"BackupRetentionPeriod": 0}, {"BackupRetentionPeriod": 1}),
    ("rds", "ModifyGlobalCluster", GUARD, {"DeletionProtection": False}, {}),
    ("rds", "ModifyDBSnapshotAttribute", GUARD, {"ValuesToAdd": ["all"]}, {"ValuesToRemove": ["all"]}),
    ("docdb", "DeleteDBCluster", GONE, {"SkipFinalSnapshot": True}, {"SkipFinalSnapshot": False}),
    ("neptune", "DeleteDBInstance", GONE, {"SkipFinalSnapshot": True}, {}),
    ("s3", "DeleteObject", GONE, {"VersionId": "v"}, {}),
    ("s3", "DeleteObject", GUARD, {"BypassGovernanceRetention": True}, {"BypassGovernanceRetention": False}),
    ("s3", "DeleteObjects", GONE, {"Delete": {"Objects": [{"Key": "a"}, {"Key": "b", "VersionId": "v"}]}},
     {"Delete": {"Objects": [{"Key": "a"}]}}),
    ("s3", "PutBucketLifecycleConfiguration", GONE,
     {"LifecycleConfiguration": {"Rules": [{"Expiration": {"Days": 1}}]}},
     {"LifecycleConfiguration": {"Rules": [{"Transitions": [{}]}]}}),
    ("s3", "PutBucketLifecycleConfiguration", GONE,
     {"LifecycleConfiguration": {"Rules": [{"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}]}},
     {"LifecycleConfiguration": {"Rules": []}}),
    ("s3", "PutBucketVersioning", GUARD, {"VersioningConfiguration": {"Status": "Suspended"}},
     {"VersioningConfiguration": {"Status": "Enabled"}}),
    ("s3", "PutObjectRetention", GUARD, {"BypassGovernanceRetention": "true"}, {}),
    ("s3", "PutObjectLegalHold", GUARD, {"LegalHold": {"Status": "OFF"}}, {"LegalHold": {"Status": "ON"}}),
    ("s3", "PutPublicAccessBlock", GUARD, {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
     {"PublicAccessBlockConfiguration": dict.fromkeys(
         ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)}),
    ("ec2", "DeleteFleets", GONE, {"TerminateInstances": True}, {"TerminateInstances": False}),
    ("ec2", "CancelSpotFleetRequests", GONE, {"TerminateInstances": True}, {"TerminateInstances": False}),
    ("ec2", "ModifyInstanceAttribute", GUARD, {"DisableApiTermination": {"Value": False}},
     {"DisableApiTermination": {"Value": True}}),
    ("ec2", "ModifyInstanceAttribute", GUARD, {"Attribute": "disableApiTermination", "Value": "false"},
     {"Attribute": "disableApiTermination", "Value": "true"}),
    ("ec2", "ModifyInstanceAttribute", RUNS, {"UserData": {"Value": "x"}}, {"EbsOptimized": {"Value": True}}),
    ("ec2", "ModifySnapshotAttribute", GUARD, {"CreateVolumePermission": {"Add": [{"Group": "all"}]}},
     {"CreateVolumePermission": {"Remove": [{"Group": "all"}]}}),
    ("ec2", "ModifyImageAttribute", GUARD, {"OperationType": "add"}, {"OperationType": "remove"}),
    ("dynamodb", "BatchWriteItem", GONE, {"RequestItems": {"one": [{"DeleteRequest": {"Key": {"id": {"S": "1"}}}}]}},
     {"RequestItems": {"one": [{"PutRequest": {"Item": {"id": {"S": "1"}}}}]}}),
    ("dynamodb", "TransactWriteItems", GONE, {"TransactItems": [{"Delete": {"TableName": "one"}}]},
     {"TransactItems": [{"Put": {"TableName": "one"}}]}),
    ("dynamodb", "ExecuteStatement", GONE, {"Statement": "delete from one where id=1"},
     {"Statement": "SELECT * FROM one"}),
    ("dynamodb", "BatchExecuteStatement", GONE, {"Statements": [{"Statement": "UPDATE one SET a=1 WHERE id=1"}]},
     {"Statements": [{"Statement": "INSERT INTO one VALUE {}"}]}),
    ("dynamodb", "ExecuteTransaction", GONE, {"TransactStatements": [{"Statement": "DELETE FROM one WHERE id=1"}]},
     {"TransactStatements": []}),
    ("dynamodb", "UpdateTimeToLive", GONE, {"TimeToLiveSpecification": {"Enabled": True}},
     {"TimeToLiveSpecification": {"Enabled": False}}),
    ("dynamodb", "UpdateContinuousBackups", GUARD,
     {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}},
     {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}),
    ("dynamodb", "UpdateTable", GUARD, {"DeletionProtectionEnabled": False}, {"DeletionProtectionEnabled": True}),
    ("secretsmanager", "DeleteSecret", GONE, {"ForceDeleteWithoutRecovery": True}, None),
    ("cloudformation", "DeleteStackInstances", GONE, {"RetainStacks": False}, {"RetainStacks": True}),
    ("cloudformation", "UpdateTerminationProtection", GUARD, {"EnableTerminationProtection": False},
     {"EnableTerminationProtection": True}),
    ("lambda", "Invoke", RUNS, {"FunctionName": "f"}, {"InvocationType": "DryRun"}),
    ("lambda", "CreateFunctionUrlConfig", GUARD, {"AuthType": "NONE"}, {"AuthType": "AWS_IAM"}),
    ("ecr", "DeleteRepository", GONE, {"force": True}, {"force": False}),
    ("fsx", "DeleteFileSystem", GONE, {"WindowsConfiguration": {"SkipFinalBackup": True}},
     {"WindowsConfiguration": {"SkipFinalBackup": False}}),
    ("elasticache", "DeleteCacheCluster", GONE, {}, {"FinalSnapshotIdentifier": "last"}),
    ("elasticache", "DeleteReplicationGroup", GONE, {"FinalSnapshotIdentifier": ""},
     {"FinalSnapshotIdentifier": "last"}),
    ("memorydb", "DeleteCluster", GONE, {}, {"FinalSnapshotName": "last"}),
    ("redshift", "DeleteCluster", GONE, {"SkipFinalClusterSnapshot": True}, {"SkipFinalClusterSnapshot": False}),
    ("sqs", "SetQueueAttributes", GONE, {"Attributes": {"MessageRetentionPeriod": "60"}}, {"Attributes": {}}),
    ("sqs", "SetQueueAttributes", GUARD, {"Attributes": {"Policy": "{}"}}, {"Attributes": {"DelaySeconds": "1"}}),
    ("route53", "ChangeResourceRecordSets", GONE,
     {"ChangeBatch": {"Changes": [{"Action": "CREATE"}, {"Action": "DELETE"}]}},
     {"ChangeBatch": {"Changes": [{"Action": "CREATE"}]}}),
    ("route53", "ChangeResourceRecordSets", GONE, {"ChangeBatch": {"Changes": [{"Action": "upsert"}]}},
     {"ChangeBatch": {"Changes": []}}),
    ("cognito-idp", "UpdateUserPool", GUARD, {"DeletionProtection": "INACTIVE"}, {"DeletionProtection": "ACTIVE"}),
    ("eks", "UpdateClusterConfig", GUARD, {"deletionProtection": False}, {}),
    ("ecs", "DeleteService", GONE, {"force": True}, {}),
    ("ecs", "UpdateService", GONE, {"desiredCount": 0}, {"desiredCount": 1}),
    ("autoscaling", "DeleteAutoScalingGroup", GONE, {"ForceDelete": True}, {}),
    ("autoscaling", "SetDesiredCapacity", GONE, {"DesiredCapacity": 0}, {"DesiredCapacity": 2}),
    ("autoscaling", "UpdateAutoScalingGroup", GONE, {"MaxSize": 0}, {"MaxSize": 3, "DesiredCapacity": 1}),
    ("elbv2", "ModifyLoadBalancerAttributes", GUARD,
     {"Attributes": [{"Key": "deletion_protection.enabled", "Value": "false"}]},
     {"Attributes": [{"Key": "deletion_protection.enabled", "Value": "true"}]}),
    ("emr", "SetTerminationProtection", GUARD, {"TerminationProtected": False}, {"TerminationProtected": True}),
    ("guardduty", "UpdateDetector", GUARD, {"Enable": False}, {"Enable": True}),
]  # fmt: skip
ALWAYS = [
    ("rds", "DeleteDBSnapshot", GONE), ("rds", "DeleteDBInstanceAutomatedBackup", GONE), ("s3", "DeleteBucket", GONE),
    ("s3", "DeleteBucketPolicy", GUARD), ("s3", "PutBucketPolicy", GUARD), ("s3", "PutObjectLockConfiguration", GUARD),
    ("s3", "DeletePublicAccessBlock", GUARD), ("s3control", "CreateJob", RUNS), ("s3control", "DeleteBucket", GONE),
    ("kms", "ScheduleKeyDeletion", GONE), ("kms", "DeleteImportedKeyMaterial", GONE),
    ("ec2", "TerminateInstances", GONE),
    ("ec2", "DeleteVolume", GONE), ("ec2", "DeleteSnapshot", GONE), ("ec2", "DeregisterImage", GONE),
    ("ec2", "DeleteVpc", GONE), ("ec2", "DeleteKeyPair", GONE), ("ec2", "ReleaseAddress", GONE),
    ("dynamodb", "DeleteTable", GONE), ("dynamodb", "DeleteBackup", GONE), ("ssm", "DeleteParameter", GONE),
    ("ssm", "DeleteParameters", GONE), ("ssm", "SendCommand", RUNS), ("iam", "DeleteUser", GONE),
    ("iam", "DeleteRole", GONE), ("iam", "DeleteAccessKey", GONE), ("cloudformation", "DeleteStack", GONE),
    ("cloudformation", "UpdateStack", RUNS), ("cloudformation", "ExecuteChangeSet", RUNS),
    ("cloudcontrol", "DeleteResource", GONE), ("cloudcontrol", "UpdateResource", RUNS),
    ("lambda", "DeleteFunction", GONE),
    ("ecr", "BatchDeleteImage", GONE), ("efs", "DeleteFileSystem", GONE), ("fsx", "DeleteBackup", GONE),
    ("backup", "DeleteRecoveryPoint", GONE), ("backup", "DeleteBackupVault", GONE),
    ("opensearch", "DeleteDomain", GONE),
    ("logs", "DeleteLogGroup", GONE), ("logs", "PutRetentionPolicy", GONE), ("sqs", "PurgeQueue", GONE),
    ("sqs", "DeleteQueue", GONE), ("sns", "DeleteTopic", GONE), ("kinesis", "DeleteStream", GONE),
    ("kinesis", "DecreaseStreamRetentionPeriod", GONE), ("route53", "DeleteHostedZone", GONE),
    ("acm-pca", "DeleteCertificateAuthority", GONE), ("cognito-idp", "DeleteUserPool", GONE),
    ("organizations", "CloseAccount", GONE), ("organizations", "RemoveAccountFromOrganization", GONE),
    ("glacier", "DeleteArchive", GONE), ("eks", "DeleteCluster", GONE), ("eks", "DeleteNodegroup", GONE),
    ("ecs", "DeleteCluster", GONE), ("ecs", "ExecuteCommand", RUNS), ("rds-data", "ExecuteStatement", RUNS),
    ("rds-data", "BatchExecuteStatement", RUNS), ("redshift-data", "ExecuteStatement", RUNS),
    ("athena", "StartQueryExecution", RUNS), ("cloudtrail", "StopLogging", GUARD), ("cloudtrail", "DeleteTrail", GUARD),
    ("cloudtrail", "UpdateTrail", GUARD), ("cloudtrail", "PutEventSelectors", GUARD),
]  # fmt: skip
# The reviewed list of operations that hand out credentials.
VENDORS = {
    "sts": "AssumeRole AssumeRoleWithWebIdentity AssumeRoleWithSAML AssumeRoot GetSessionToken GetFederationToken "
           "GetDelegatedAccessToken GetWebIdentityToken",
    "s3": "CreateSession", "s3control": "GetDataAccess",
    "iam": "CreateAccessKey CreateLoginProfile CreateServiceSpecificCredential ResetServiceSpecificCredential "
           "UpdateAccessKey",
    "sso": "GetRoleCredentials",
    "cognito-identity": "GetCredentialsForIdentity GetOpenIdToken GetOpenIdTokenForDeveloperIdentity",
    "ecr": "GetAuthorizationToken", "ecr-public": "GetAuthorizationToken", "codeartifact": "GetAuthorizationToken",
    "redshift": "GetClusterCredentials GetClusterCredentialsWithIAM", "redshift-serverless": "GetCredentials",
    "lightsail": "GetBucketAccessKeys CreateBucketAccessKey GetRelationalDatabaseMasterUserPassword "
                 "DownloadDefaultKeyPair",
    "ec2": "GetPasswordData CreateKeyPair", "ec2-instance-connect": "SendSSHPublicKey SendSerialConsoleSSHPublicKey",
    "ssm": "StartSession", "signin": "CreateOAuth2Token",
}  # fmt: skip


def notes(service: str, name: str, given: Input) -> set[str]:
    """The kinds of notes that the call has."""
    call = facts_of(request(service, name, given), account=ACCOUNT)
    return {note.partition(":")[0] for note in call.notes}


@pytest.mark.parametrize(("service", "name", "kind", "given", "harmless"), CONDITIONED)
def test_conditions(service: str, name: str, kind: str, given: Input, harmless: Input | None) -> None:
    """A note is there when its condition holds, and only then."""
    assert kind in notes(service, name, given)
    if harmless is not None:
        assert kind not in notes(service, name, harmless)


@pytest.mark.parametrize(("service", "name", "kind"), ALWAYS)
def test_always(service: str, name: str, kind: str) -> None:
    """Some calls have their note whatever their input."""
    assert kind in notes(service, name, {})


def test_every_note_can_be_had() -> None:
    """Every note of the tables belongs to an operation that has an action, and is one of the four kinds."""
    count = 0
    for service, operations in overlay.notes().items():
        for name in operations:
            known = operation(service, name)
            assert known is not None
            assert known.notes, f"{service} {name}"
            assert known.known, f"{service} {name}"
            assert all(note.text.partition(": ")[0] in overlay.KINDS for note in known.notes)
            count += len(known.notes)
    assert count >= 240


@pytest.mark.parametrize("value", ["maybe", [], {}, 3.5, object(), "yes ", "TRUE"])
def test_what_is_no_clear_no_counts_as_yes(value: object) -> None:
    """A value that the model does not have meets the condition, whichever way it is asked for."""
    assert met(condition([[["A", "is", True]]]), {"A": value})
    assert met(condition([[["A", "not", False]]]), {"A": value})
    assert met(condition([[["A", "below", 1]]]), {"A": value}) or value == 3.5


def test_a_shape_that_the_model_does_not_have_meets_the_condition() -> None:
    """A text where a structure belongs, or a structure where a list belongs, does not hide the note."""
    assert met(condition([[["A.B", "is", True]]]), {"A": "x"})
    assert met(condition([[["A[].B", "present", True]]]), {"A": {"B": 1}})
    assert not met(condition([[["A.B", "is", True]]]), {})
    assert not met(condition([[["A", "below", 1]]]), {"A": 1})
    assert met(condition([[["A", "below", 1]]]), {"A": float("nan")})


def test_vendors_of_credentials() -> None:
    """The 35 reviewed operations vend credentials, alone or among other candidates; a look at who calls does not."""
    names = [(service, name) for service, listed in VENDORS.items() for name in listed.split()]
    assert len(names) == 35
    for name in names:
        assert vends_credentials([name])
        assert vends_credentials([("s3", "GetObject"), name])
        assert name[1] in model(name[0])["operations"]
    assert not vends_credentials([("sts", "GetCallerIdentity"), ("s3", "GetObject")])
    assert not vends_credentials([])


def test_whatever_answers_with_secret_keys_is_a_vendor() -> None:
    """No operation that botocore models answers with a secret access key and its session token without being one."""
    missed = [
        (service, name)
        for service in services()
        for name in model(service)["operations"]
        if _answers_with_keys(service, name) and not vends_credentials([(service, name)])
    ]
    assert missed == []


def _answers_with_keys(service: str, name: str) -> bool:
    shapes = model(service)["shapes"]
    waiting = [model(service)["operations"][name].get("output", {}).get("shape")]
    seen: set[str] = set()
    members: set[str] = set()
    while waiting:
        shape = waiting.pop()
        if shape is None or shape in seen:
            continue
        seen.add(shape)
        known = shapes[shape]
        members |= {member.lower().replace("_", "") for member in known.get("members", {})}
        waiting += [member["shape"] for member in known.get("members", {}).values()]
        waiting += [known[part]["shape"] for part in ("member", "value") if part in known]
    return {"secretaccesskey", "sessiontoken"} <= members
