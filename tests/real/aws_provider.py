"""A stand-in for terraform's AWS provider: plugin protocol 6, with `aws_db_instance` and `aws_s3_object` on boto3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError
from tf.iface import Config, CreateContext, DataSource, DeleteContext, Provider, ReadContext, Resource, UpdateContext
from tf.runner import run_provider
from tf.schema import Attribute, Schema
from tf.types import Bool, String
from tf.utils import Diagnostics

State = dict[str, Any]
NOT_THERE = ("DBInstanceNotFound", "DBInstanceNotFoundFault", "NoSuchKey", "NoSuchBucket", "404")


def told(context: CreateContext | DeleteContext, what: str, call: Callable[[], object]) -> bool:
    """Make a call; an error is told to terraform as the real provider words it."""
    try:
        call()
    except ClientError as error:
        context.diagnostics.add_error(what, str(error))
        return False
    return True


class Database(Resource):
    """`aws_db_instance`, as far as it is needed."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    @classmethod
    def get_name(cls) -> str:
        return "db_instance"

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(
            attributes=[
                Attribute("identifier", String(), required=True, requires_replace=True),
                Attribute("instance_class", String(), required=True),
                Attribute("skip_final_snapshot", Bool(), optional=True),
                Attribute("arn", String(), computed=True),
            ]
        )

    def create(self, ctx: CreateContext, planned: State) -> State | None:
        ctx.diagnostics.add_error("creating RDS DB Instance", "the stand-in makes none")
        return None

    def read(self, ctx: ReadContext, current: State) -> State | None:
        try:
            found = boto3.client("rds").describe_db_instances(DBInstanceIdentifier=current["identifier"])
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                return None
            ctx.diagnostics.add_error("reading RDS DB Instance", str(error))
            return current
        instance = found["DBInstances"][0]
        return {**current, "instance_class": instance["DBInstanceClass"], "arn": instance["DBInstanceArn"]}

    def update(self, ctx: UpdateContext, current: State, planned: State) -> State | None:
        return {**current, **planned}

    def delete(self, ctx: DeleteContext, current: State) -> None:
        name = current["identifier"]
        told(
            ctx,
            f"deleting RDS DB Instance ({name})",
            lambda: boto3.client("rds").delete_db_instance(
                DBInstanceIdentifier=name, SkipFinalSnapshot=bool(current.get("skip_final_snapshot"))
            ),
        )

    def upgrade(self, ctx: Any, version: int, old: State) -> State | None:
        return old

    def import_(self, ctx: Any, id: str) -> State | None:
        return {"identifier": id, "instance_class": "", "skip_final_snapshot": True, "arn": ""}


class Object(Resource):
    """`aws_s3_object`, as far as it is needed."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    @classmethod
    def get_name(cls) -> str:
        return "s3_object"

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(
            attributes=[
                Attribute("bucket", String(), required=True, requires_replace=True),
                Attribute("key", String(), required=True, requires_replace=True),
                Attribute("content", String(), required=True),
            ]
        )

    def create(self, ctx: CreateContext, planned: State) -> State | None:
        bucket, key = planned["bucket"], planned["key"]
        put = boto3.client("s3").put_object
        what = f"uploading S3 Object ({key}) to Bucket ({bucket})"
        return (
            planned if told(ctx, what, lambda: put(Bucket=bucket, Key=key, Body=planned["content"].encode())) else None
        )

    def read(self, ctx: ReadContext, current: State) -> State | None:
        try:
            found = boto3.client("s3").get_object(Bucket=current["bucket"], Key=current["key"])
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                return None
            ctx.diagnostics.add_error("reading S3 Object", str(error))
            return current
        return {**current, "content": found["Body"].read().decode()}

    def update(self, ctx: UpdateContext, current: State, planned: State) -> State | None:
        return self.create(CreateContext(ctx.diagnostics, ctx.type_name), planned)

    def delete(self, ctx: DeleteContext, current: State) -> None:
        bucket, key = current["bucket"], current["key"]
        told(ctx, f"deleting S3 Object ({key})", lambda: boto3.client("s3").delete_object(Bucket=bucket, Key=key))

    def upgrade(self, ctx: Any, version: int, old: State) -> State | None:
        return old


class Aws(Provider):
    """The provider; it is configured by the environment alone."""

    def get_model_prefix(self) -> str:
        return "aws_"

    def get_provider_schema(self, diags: Diagnostics) -> Schema:
        return Schema(attributes=[])

    def full_name(self) -> str:
        return "registry.terraform.io/hashicorp/aws"

    def validate_config(self, diags: Diagnostics, config: Config) -> None: ...

    def configure_provider(self, diags: Diagnostics, config: Config) -> None: ...

    def get_data_sources(self) -> list[type[DataSource]]:
        return []

    def get_resources(self) -> list[type[Resource]]:
        return [Database, Object]


if __name__ == "__main__":
    run_provider(Aws())
