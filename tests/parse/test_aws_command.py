"""The AWS call behind an `aws` command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.parse.aws_cli import AwsCommand, aws_command
from supervisor.parse.opaque import Opaque


@pytest.mark.parametrize(
    ("line", "actions", "resources"),
    [
        ("s3 ls", "s3:ListAllMyBuckets", ""),
        ("s3 ls s3://site/a", "s3:ListBucket", "arn:aws:s3:::site"),
        ("s3 rm s3://site/index.html", "s3:DeleteObject", "arn:aws:s3:::site/index.html"),
        ("s3 rm s3://site --recursive", "s3:DeleteObject", "arn:aws:s3:::site/*"),
        ("s3 cp index.html s3://site/index.html", "s3:PutObject", "arn:aws:s3:::site/index.html"),
        ("s3 mv s3://a/x s3://b/x", "s3:GetObject s3:DeleteObject s3:PutObject", "arn:aws:s3:::a/x arn:aws:s3:::b/x"),
        ("s3 sync dist s3://site --delete", "s3:PutObject s3:ListBucket s3:DeleteObject", "arn:aws:s3:::site/*"),
        ("s3 rb s3://site", "s3:DeleteBucket", "arn:aws:s3:::site"),
        ("s3api list-objects-v2 --bucket site", "s3:ListBucket", "arn:aws:s3:::site"),
        ("s3api delete-object --bucket site --key a", "s3:DeleteObject", "arn:aws:s3:::site/a"),
        ("rds delete-db-instance --db-instance-identifier prod", "rds:DeleteDBInstance", "arn:aws:rds:*:*:db:prod"),
        (
            "--region eu-west-1 rds delete-db-cluster --db-cluster-identifier=prod",
            "rds:DeleteDBCluster",
            "arn:aws:rds:eu-west-1:*:cluster:prod",
        ),
        (
            "ec2 terminate-instances --instance-ids i-1 i-2",
            "ec2:TerminateInstances",
            "arn:aws:ec2:*:*:instance/i-1 arn:aws:ec2:*:*:instance/i-2",
        ),
        ("iam delete-role --role-name r", "iam:DeleteRole", "arn:aws:iam::*:role/r"),
        (
            "cloudfront create-invalidation --distribution-id E1 --paths /*",
            "cloudfront:CreateInvalidation",
            "arn:aws:cloudfront::*:distribution/E1",
        ),
    ],
)
def test_common_commands(line: str, actions: str, resources: str) -> None:
    """Common commands become the IAM actions and resources that the call needs."""
    found = aws_command(line.split())
    assert isinstance(found, AwsCommand)
    assert (found.actions, found.resources) == (tuple(actions.split()), tuple(resources.split()))


@pytest.mark.parametrize("line", ["", "s3", "s3 frobnicate", "unheard-of do-it", "--unheard-of s3 ls", "s3 cp a b"])
def test_the_rest_is_opaque(line: str) -> None:
    """A call that cannot be told is opaque."""
    assert isinstance(aws_command(line.split()), Opaque)


@given(st.lists(st.text(max_size=10) | st.sampled_from("s3 rds rm cp --region --bucket s3://a/b -- --profile".split())))
def test_any_arguments_have_an_answer(args: list[str]) -> None:
    """Nothing is raised, whatever the arguments are."""
    assert isinstance(aws_command(args), AwsCommand | Opaque)
