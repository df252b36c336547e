"""The demo's aws: `s3 ls`, `s3 sync`, `s3 cp` and `cloudfront create-invalidation` on the pretend cloud."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from supervisor.demo.wire import Refused, call

_S3: Final = "s3://"


def main(cloud: str, argv: list[str]) -> int:
    """Run one command line on the cloud at this URL; returns the exit code."""
    words = [word for word in argv if not word.startswith("-")]
    try:
        match words[:2]:
            case ["s3", "ls"]:
                return _list(cloud, words[2:])
            case ["s3", "sync" | "cp"]:
                return _copy(cloud, words[2:])
            case ["cloudfront", "create-invalidation"]:
                return _invalidate(cloud, argv)
    except Refused as error:
        print(f"fatal error: {error}", file=sys.stderr)
        return 1
    print("aws: the demo knows s3 ls, s3 sync, s3 cp and cloudfront create-invalidation", file=sys.stderr)
    return 252


def _list(cloud: str, words: list[str]) -> int:
    if not words:
        for bucket in call(cloud, "GET", "/s3").get("buckets", []):
            print(f"2026-01-07 09:12:44 {bucket}")
        return 0
    found = call(cloud, "GET", f"/s3/{words[0].removeprefix(_S3).strip('/')}")
    if not found:
        raise Refused("An error occurred (NoSuchBucket): the specified bucket does not exist")
    for key, size in found["objects"].items():
        print(f"2026-02-26 22:41:05 {size:>10} {key}")
    return 0


def _copy(cloud: str, words: list[str]) -> int:
    if len(words) != 2 or not words[1].startswith(_S3) or words[0].startswith(_S3):
        print("aws: the demo copies from a folder or a file to s3://BUCKET", file=sys.stderr)
        return 252
    source, (bucket, _, prefix) = Path(words[0]), words[1].removeprefix(_S3).partition("/")
    files = [source] if source.is_file() else sorted(path for path in source.rglob("*") if path.is_file())
    for path in files:
        key = prefix + (path.name if source.is_file() else path.relative_to(source).as_posix())
        if not call(cloud, "PUT", f"/s3/{bucket}/{key}", path.read_bytes()):
            raise Refused("An error occurred (NoSuchBucket) when calling the PutObject operation")
        print(f"upload: {path} to {_S3}{bucket}/{key}", flush=True)
    return 0


def _invalidate(cloud: str, argv: list[str]) -> int:
    at = argv.index("--distribution-id") + 1 if "--distribution-id" in argv else len(argv)
    if at >= len(argv):
        print("aws: the following arguments are required: --distribution-id", file=sys.stderr)
        return 252
    made = call(cloud, "POST", f"/cloudfront/{argv[at]}", b"{}")
    if not made:
        raise Refused("An error occurred (NoSuchDistribution): the specified distribution does not exist")
    print(f"Invalidation {made['id']} of {argv[at]}: InProgress")
    return 0
