"""The demo's aws: the few commands of the CLI that the story needs, as real calls."""

from __future__ import annotations

import hashlib
import mimetypes
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from supervisor.demo.wire import Answer, Refused, call, query

CLOUDFRONT: Final = "/2020-05-31"
_S3: Final = "s3://"
_KNOWN: Final = "s3 ls, s3 sync, s3 cp, cloudfront create-invalidation and sts get-caller-identity"


def main(argv: list[str]) -> int:
    """Run one command line; returns the exit code."""
    words = [word for word in argv if not word.startswith("-")]
    try:
        match words[:2]:
            case ["s3", "ls"]:
                return _list(words[2:])
            case ["s3", "sync" | "cp" as how]:
                return _copy(words[2:], only_changed=how == "sync")
            case ["cloudfront", "create-invalidation"]:
                return _invalidate(argv)
            case ["sts", "get-caller-identity"]:
                print(query("sts", "GetCallerIdentity", "2011-06-15").text("Arn"))
                return 0
    except (Refused, OSError) as error:
        print(f"fatal error: {error}", file=sys.stderr)
        return 1
    print(f"aws: the demo knows {_KNOWN}", file=sys.stderr)
    return 252


def _list(words: list[str]) -> int:
    if not words:
        found = call("s3", "ListBuckets", method="GET")
        for made, name in zip(found.texts("CreationDate"), found.texts("Name"), strict=False):
            print(f"{made[:19].replace('T', ' ')} {name}")
        return 0
    bucket, _, prefix = words[0].removeprefix(_S3).partition("/")
    found = _objects(bucket, prefix)
    for made, size, key in zip(found.texts("LastModified"), found.texts("Size"), found.texts("Key"), strict=False):
        print(f"{made[:19].replace('T', ' ')} {size:>10} {key}")
    return 0


def _copy(words: list[str], *, only_changed: bool) -> int:
    if len(words) != 2 or not words[1].startswith(_S3) or words[0].startswith(_S3):
        print("aws: the demo copies from a folder or a file to s3://BUCKET", file=sys.stderr)
        return 252
    source, (bucket, _, prefix) = Path(words[0]), words[1].removeprefix(_S3).partition("/")
    there: dict[str, str] = {}
    if only_changed:
        found = _objects(bucket, prefix)
        there = dict(zip(found.texts("Key"), (tag.strip('"') for tag in found.texts("ETag")), strict=False))
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    for path in files:
        key, data = prefix + (path.name if source.is_file() else path.relative_to(source).as_posix()), path.read_bytes()
        if there.get(key) == hashlib.md5(data, usedforsecurity=False).hexdigest():
            continue
        kind = mimetypes.guess_type(path.name)[0] or "binary/octet-stream"
        where = f"/{bucket}/{quote(key, safe='/~')}"
        call("s3", "PutObject", method="PUT", path=where, headers={"Content-Type": kind}, body=data)
        print(f"upload: {path} to {_S3}{bucket}/{key}", flush=True)
    return 0


def _objects(bucket: str, prefix: str) -> Answer:
    """The first thousand; the demo's buckets hold fewer."""
    asked = {"list-type": "2", **({"prefix": prefix} if prefix else {})}
    return call("s3", "ListObjectsV2", method="GET", path=f"/{bucket}", query=asked)


def _invalidate(argv: list[str]) -> int:
    at = argv.index("--distribution-id") + 1 if "--distribution-id" in argv else len(argv)
    first = argv.index("--paths") + 1 if "--paths" in argv else len(argv)
    paths = [word for word in argv[first:] if word.startswith("/")]
    if at >= len(argv) or not paths:
        print("aws: the following arguments are required: --distribution-id, --paths", file=sys.stderr)
        return 252
    items = "".join(f"<Path>{escape(path)}</Path>" for path in paths)
    body = (
        '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">'
        f"<Paths><Quantity>{len(paths)}</Quantity><Items>{items}</Items></Paths>"
        f"<CallerReference>demo-{datetime.now(UTC):%Y%m%dT%H%M%S%f}</CallerReference></InvalidationBatch>"
    ).encode()
    made = call(
        "cloudfront",
        "CreateInvalidation",
        path=f"{CLOUDFRONT}/distribution/{quote(argv[at])}/invalidation",
        headers={"Content-Type": "application/xml"},
        body=body,
    )
    print(f"Invalidation {made.text('Id')} of {argv[at]}: {made.text('Status')}")
    return 0
