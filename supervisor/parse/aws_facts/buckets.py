"""S3's names: buckets, objects, access points and copy sources as the ARNs that IAM judges.

Source: Amazon S3 User Guide, "Policy resources for Amazon S3", "Access point naming", "Directory bucket naming rules".
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from supervisor.parse.aws_facts.names import Place, is_arn, text_of

# Names that stand for something else: S3 resolves them, we cannot.
_ALIASES = ("-s3alias", "--ol-s3", ".mrap", "--xa-s3", "--op-s3", "--table-s3")
_DIRECTORY = "--x-s3"
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,254}")


def bucket_arns(bucket: object, place: Place, key: object = None) -> tuple[str, ...] | None:
    """The ARNs of a bucket or, with a key, of an object in it; `None` when they cannot be told."""
    name = text_of(bucket)
    if name is None:
        return None
    tail = ""
    if key is not None:
        # A key is any text, a leading slash included.
        text = text_of(key)
        if text is None:
            return None
        tail = text
    if name.startswith("arn:"):
        return _access_point(name, tail)
    if name.endswith(_ALIASES) or not _BUCKET.fullmatch(name):
        return None
    if name.endswith(_DIRECTORY):
        directory = f"arn:{place.partition}:s3express:{place.region}:{place.account}:bucket/{name}"
        plain = f"arn:{place.partition}:s3:::{name}"
        return (directory, f"{plain}/{tail}" if tail else plain)
    return (f"arn:{place.partition}:s3:::{name}" + (f"/{tail}" if tail else ""),)


def is_directory(bucket: object) -> bool:
    """True for a bucket of S3 Express One Zone, whose calls go by a session of the bucket."""
    return isinstance(bucket, str) and bucket.rpartition("/")[2].endswith((_DIRECTORY, "--xa-s3"))


def _access_point(arn: str, key: str) -> tuple[str, ...] | None:
    if not is_arn(arn):
        return None
    service, rest = arn.split(":", 5)[2], arn.split(":", 5)[5]
    if service not in ("s3", "s3-outposts", "s3-object-lambda", "s3express"):
        return None
    named = re.fullmatch(r"(?:outpost[/:][a-z0-9-]+[/:])?(?:accesspoint|bucket)[/:][A-Za-z0-9._-]+", rest)
    if named is None:
        return None
    return (f"{arn}/object/{key}",) if key else (arn,)


def copy_source(source: object, place: Place) -> tuple[tuple[str, ...], bool] | None:
    """The object that a copy reads, from the `x-amz-copy-source` header; and whether it names a version."""
    bucket: object
    if isinstance(source, dict):
        bucket, key, version = source.get("Bucket"), source.get("Key"), bool(source.get("VersionId"))
    elif isinstance(source, str):
        path, _, query = source.partition("?")
        version = bool(query)
        if query and not query.startswith("versionId="):
            return None
        decoded = unquote(path)
        if unquote(decoded) != decoded and "%" in path:
            # Escaped twice: we do not claim to know how often it is read.
            return None
        decoded = decoded.removeprefix("/")
        if decoded.startswith("arn:"):
            bucket, found, key = decoded.partition("/object/")
            if not found:
                return None
        else:
            bucket, _, key = decoded.partition("/")
    else:
        return None
    if not key:
        return None
    arns = bucket_arns(bucket, place, key)
    return None if arns is None else (arns, version)
