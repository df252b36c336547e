"""What the supervisor itself may read of an account: how things are set up and tagged, never what is in them."""

from __future__ import annotations

from typing import Final

from supervisor.policy.session_policy_statement import Statement, render

# IAM has no pattern over services, so each is named: those whose resources can be destroyed for good, and tags.
_READ: Final = """
    acm acm-pca backup batch cloudformation cognito-idp dax dms dynamodb ecr ecs eks elasticache elasticbeanstalk
    elasticfilesystem elasticmapreduce es firehose fsx glacier kafka kinesis kms logs memorydb mq organizations rds
    redshift-serverless sagemaker secretsmanager ssm states
    """.split()
_MORE: Final = """
    autoscaling:Describe* cloudfront:GetDistribution cloudfront:List* ec2:Describe* elasticloadbalancing:Describe*
    iam:GetRole iam:GetUser iam:List* lambda:GetFunctionConfiguration lambda:List* redshift:Describe*
    route53:GetHostedZone route53:List* s3:GetBucket* s3:GetLifecycleConfiguration s3:GetObjectTagging
    s3:GetObjectVersionTagging s3:List* sns:GetTopicAttributes sns:List* sqs:GetQueue* sqs:List* tag:Get*
    """.split()
_ACTIONS: Final = (*(f"{service}:{verb}*" for service in _READ for verb in ("Describe", "List")), *_MORE)

READER_POLICY: Final = render([Statement("Allow", tuple(sorted(_ACTIONS)))])
"""Fits into one session policy; whatever is missing in it cannot be looked up, and then the question says so."""
