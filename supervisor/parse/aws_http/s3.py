"""Where in S3 a request points to: bucket and key, whichever way they are addressed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from supervisor.parse.aws_http.head import decode, encode, has_control, has_dot_segment
from supervisor.parse.aws_http.hosts import Host
from supervisor.parse.aws_http.request import Refused

LONGEST_KEY = 1024
"""Bytes of UTF-8 (S3 User Guide, "Naming Amazon S3 objects")."""

OBJECT_LAMBDA = "/WriteGetObjectResponse"
"""The one path of S3 that begins with neither a bucket nor a key."""

# Today's rule, and that of the buckets made in us-east-1 before 2018.
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9_-]\Z", re.ASCII)
# Names that look like a bucket's but stand for an access point, whose bucket they do not tell.
_ALIASES = ("-s3alias", "--ol-s3", "--op-s3", "--xa-s3", ".mrap")


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket and a key; both empty for the service itself. `segments` are the path's, as the model has it."""

    bucket: str = ""
    key: str = ""
    segments: tuple[str, ...] = ("",)

    @property
    def path(self) -> str:
        """The path, encoded once, with the bucket in it."""
        if not self.bucket:
            return "/" + "/".join(self.segments)
        return f"/{self.bucket}" + (self.key_path if self.key else "")

    @property
    def key_path(self) -> str:
        """The path, encoded once, where the bucket stands in the host."""
        return f"/{encode(self.key, safe='/')}"


def read_place(method: str, path: str, host: Host) -> Place | Refused:
    """The place that a path and a host name (the method tells the one path that is no bucket's from a bucket's).

    A key keeps every byte: `a//b` and a leading slash are other keys than without them. Dot segments are refused
    although S3 allows them in keys, because HTTP libraries and servers on the way resolve them to another object.
    """
    lambda_answers = path == OBJECT_LAMBDA and method == "POST"
    if host.gate and host.prefix and not lambda_answers:
        return Refused("S3 access points are not served here; name the bucket", code="InvalidBucketName")
    bucket, key = host.bucket, path[1:]
    if not bucket:
        if path == "/":
            return Place()
        bucket, _, key = path[1:].partition("/")
        if lambda_answers:
            return Place("", "", (bucket,))
    if _BUCKET.match(bucket) is None or ".." in bucket:
        return Refused("the path names no bucket", code="InvalidBucketName")
    if bucket.endswith(_ALIASES):
        return Refused("S3 access points are not served here; name the bucket", code="InvalidBucketName")
    if not key:
        return Place(bucket, "", (bucket,))
    text = decode(key)
    if text is None or has_control(text):
        return Refused("the key has control characters or is not UTF-8", code="InvalidURI")
    if has_dot_segment(text):
        return Refused("the key has `.` or `..` between slashes, which some would resolve", code="InvalidURI")
    if len(text.encode("utf-8")) > LONGEST_KEY:
        return Refused("the key is longer than S3 allows", code="KeyTooLongError")
    return Place(bucket, text, (bucket, *key.split("/")))
