"""Run in a cell: what a script on boto3 does all day, and one call that it may not make."""

from __future__ import annotations

import hashlib
import io
import os
import sys

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

MIB = 1 << 20
SIZE = 20 * MIB


def main(bucket: str, table: str, database: str) -> int:
    """Print a line a step; the exit code is 0 when everything but the deletion went through."""
    s3, parts = boto3.client("s3"), TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    data = os.urandom(SIZE)
    s3.upload_fileobj(io.BytesIO(data), bucket, "large.bin", Config=parts)
    print("etag", s3.head_object(Bucket=bucket, Key="large.bin")["ETag"].strip('"').partition("-")[2])
    back = io.BytesIO()
    s3.download_fileobj(bucket, "large.bin", back, Config=parts)
    print("same", hashlib.sha256(back.getvalue()).digest() == hashlib.sha256(data).digest())
    s3.put_object(Bucket=bucket, Key="a b/ü+&.txt", Body=b"odd key", Metadata={"note": "x"})
    print("odd", [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix="a b/")["Contents"]])
    rows = boto3.resource("dynamodb").Table(table)
    rows.put_item(Item={"id": "1", "n": 7})
    print("item", int(rows.get_item(Key={"id": "1"})["Item"]["n"]))
    print("account", boto3.client("sts").get_caller_identity()["Account"])
    found = boto3.client("rds").describe_db_instances(DBInstanceIdentifier=database)["DBInstances"]
    print("database", found[0]["DBInstanceStatus"])
    try:
        boto3.client("rds").delete_db_instance(DBInstanceIdentifier=database, SkipFinalSnapshot=True)
    except ClientError as error:
        print("refused", error.response["Error"]["Code"], error)
        return 0
    print("DELETED")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
