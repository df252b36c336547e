"""The tags that a call would set or take away."""

from __future__ import annotations

from typing import Any

import pytest

from supervisor.parse.aws_facts import facts_of, request_tag_supported, resource_tag_supported, touches_tags
from tests.parse.aws_facts.samples import ACCOUNT, REGION, request

DB = f"arn:aws:rds:{REGION}:{ACCOUNT}:db:x"
BOTH = [{"Key": "env", "Value": "dev"}, {"Key": "team", "Value": "a"}]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "keys"),
    [
        ("ec2", "CreateTags", {"Resources": ["i-1"], "Tags": BOTH}, ("env", "team")),
        ("ec2", "DeleteTags", {"Resources": ["i-1"], "Tags": [{"Key": "env"}]}, ("env",)),
        ("ec2", "DeleteTags", {"Resources": ["i-1"]}, None),
        ("ec2", "RunInstances", {"TagSpecifications": [{"Tags": BOTH[:1]}, {"Tags": BOTH[1:]}]}, ("env", "team")),
        ("ec2", "RunInstances", {"ImageId": "ami-1"}, ()),
        ("ec2", "RunInstances", {"TagSpecifications": "env=dev"}, None),
        ("rds", "AddTagsToResource", {"ResourceName": DB, "Tags": BOTH}, ("env", "team")),
        ("rds", "RemoveTagsFromResource", {"ResourceName": DB, "TagKeys": ["env"]}, ("env",)),
        ("rds", "RemoveTagsFromResource", {"ResourceName": DB}, None),
        ("rds", "ListTagsForResource", {"ResourceName": DB}, ()),
        ("rds", "DeleteDBInstance", {"DBInstanceIdentifier": "x"}, ()),
        ("s3", "PutObject", {"Bucket": "site", "Key": "a", "Tagging": "env=dev&a%20b=c"}, ("a b", "env")),
        ("s3", "PutBucketTagging", {"Bucket": "site", "Tagging": {"TagSet": BOTH}}, None),
        ("s3", "DeleteBucketTagging", {"Bucket": "site"}, None),
        ("s3", "DeleteObjectTagging", {"Bucket": "site", "Key": "a"}, None),
        ("lambda", "TagResource", {"Resource": "x", "Tags": {"env": "dev"}}, ("env",)),
        ("lambda", "UntagResource", {"Resource": "x", "TagKeys": ["env", "b"]}, ("b", "env")),
        ("resourcegroupstaggingapi", "TagResources", {"ResourceARNList": [DB], "Tags": {"env": "dev"}}, ("env",)),
        ("resourcegroupstaggingapi", "UntagResources", {"ResourceARNList": [DB], "TagKeys": ["env"]}, ("env",)),
        ("autoscaling", "CreateOrUpdateTags", {"Tags": [{"ResourceId": "a", "Key": "env", "Value": "x"}]}, ("env",)),
        ("kms", "TagResource", {"KeyId": "1", "Tags": [{"TagKey": "env", "TagValue": "dev"}]}, ("env",)),
        ("ecs", "TagResource", {"resourceArn": "x", "tags": [{"key": "env", "value": "dev"}]}, ("env",)),
        ("sqs", "TagQueue", {"QueueUrl": "x", "Tags": {"env": "dev"}}, ("env",)),
        ("sqs", "UntagQueue", {"QueueUrl": "x", "TagKeys": ["env"]}, ("env",)),
        ("cloudfront", "TagResource", {"Resource": "x", "Tags": {"Items": BOTH}}, ("env", "team")),
        ("cloudfront", "UntagResource", {"Resource": "x", "TagKeys": {"Items": ["env"]}}, ("env",)),
        ("route53", "ChangeTagsForResource", {"ResourceId": "Z", "RemoveTagKeys": ["env"]}, ("env",)),
        ("route53", "ChangeTagsForResource", {"ResourceId": "Z", "AddTags": BOTH}, ("env", "team")),
        ("cloudformation", "UpdateStack", {"StackName": "s", "Tags": BOTH}, ("env", "team")),
        ("elb", "RemoveTags", {"LoadBalancerNames": ["x"], "Tags": [{"Key": "env"}]}, ("env",)),
        ("apigateway", "TagResource", {"resourceArn": "x", "tags": {"env": "dev"}}, ("env",)),
        ("iam", "TagRole", {"RoleName": "r", "Tags": BOTH}, ("env", "team")),
        ("iam", "UntagRole", {"RoleName": "r", "TagKeys": ["env"]}, ("env",)),
        ("dynamodb", "TagResource", {"ResourceArn": "x", "Tags": "oops"}, None),
        ("dynamodb", "TagResource", {"ResourceArn": "x", "Tags": [{"Key": 1}]}, None),
        ("dynamodb", "TagResource", {"ResourceArn": "x", "Tags": ["env"]}, None),
    ],
)
def test_keys(service: str, operation: str, parameters: dict[str, Any], keys: tuple[str, ...] | None) -> None:
    """The keys are known, or it is known that they are not."""
    assert touches_tags(facts_of(request(service, operation, parameters), account=ACCOUNT)) == keys


def test_values() -> None:
    """Tags that a call would set have their values; keys that it would take away have none."""
    call = facts_of(request("ec2", "CreateTags", {"Resources": ["i-1"], "Tags": BOTH}), account=ACCOUNT)
    assert call.request_tags == (("env", "dev"), ("team", "a"))
    call = facts_of(request("rds", "RemoveTagsFromResource", {"TagKeys": ["env"]}), account=ACCOUNT)
    assert call.request_tags == (("env", ""),)


def test_conditions_on_tags() -> None:
    """IAM's lists say where the resource's or the request's tags can limit an action."""
    assert resource_tag_supported("ec2:StopInstances")
    assert resource_tag_supported("EC2:terminateinstances")
    assert resource_tag_supported("rds:DeleteDBInstance")
    assert not resource_tag_supported("ec2:DescribeInstances")
    assert not resource_tag_supported("s3:ListAllMyBuckets")
    assert not resource_tag_supported("nothing:AtAll")
    assert request_tag_supported("ec2:CreateTags")
    assert not request_tag_supported("ec2:StopInstances")
    assert not request_tag_supported("x")
