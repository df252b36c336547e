"""What a request's signature claims: the credential scope, read from its header or from a presigned URL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from supervisor.parse.aws_http.request import Refused

# Query parameters that sign a URL (AWS General Reference, "Signature Version 4: query parameters"), in lower case.
SIGNING = frozenset(
    "x-amz-algorithm x-amz-credential x-amz-date x-amz-expires x-amz-signedheaders x-amz-signature "
    "x-amz-security-token x-amz-region-set x-amz-s3session-token x-amz-content-sha256".split()
)
# What Signature Version 2 signs a request with, in a URL or a form.
OLD_SIGNING = frozenset(("AWSAccessKeyId", "Signature", "SignatureVersion", "SignatureMethod"))

_PLAIN, _ASYMMETRIC = "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"
_REST = r", *SignedHeaders=[A-Za-z0-9;._-]+, *Signature=[0-9a-f]+\Z"
_HEADER = re.compile(rf"({_PLAIN}|{_ASYMMETRIC}) +Credential=([^\s,]+){_REST}", re.ASCII)
# What nearly every request has, but for the signature at its end.
_COMMON = re.compile(
    rf"{_PLAIN} +Credential=[^/\s,]{{1,200}}/[0-9]{{8}}"
    r"/([a-z0-9-]{1,50})/([A-Za-z0-9_.-]{1,64})/aws4_request, *SignedHeaders=[A-Za-z0-9;._-]+, *Signature=\Z",
    re.ASCII,
)
_HEX = "0123456789abcdef"
_LONGEST_KEPT = 1024
_SCOPE = re.compile(r"[^/\s]{1,200}/[0-9]{8}/(?:([a-z0-9-]{1,50})/)?([A-Za-z0-9_.-]{1,64})/aws4_request\Z", re.ASCII)


class Signed(NamedTuple):
    """Whom the signature is for. All empty = unsigned."""

    signing_name: str = ""
    region: str = ""
    presigned: bool = False


UNSIGNED = Signed()


def read_signature(headers: Mapping[str, str], query: Sequence[tuple[str, str]]) -> Signed | Refused:
    """The credential scope of a request. Its signature is not verified here."""
    authorization = headers.get("authorization")
    if authorization is not None:
        if query and any(name.lower() in SIGNING for name, _ in query):
            return _incomplete("the request is signed in its headers and in its URL")
        before, mark, signature = authorization.rpartition("Signature=")
        if len(before) <= _LONGEST_KEPT and signature and not signature.strip(_HEX):
            common = _common(before + mark)
            if common is not None:
                return common
        found = _HEADER.match(authorization)
        if found is None:
            return _other_scheme(authorization)
        return _scope(found[1], found[2], presigned=False)
    if not query:
        return UNSIGNED
    signing: dict[str, str] = {}
    for name, value in query:
        lower = name.lower()
        if lower in SIGNING:
            if lower in signing:
                return _incomplete(f"the parameter {name} stands there twice")
            signing[lower] = value
        elif name in OLD_SIGNING:
            return _incomplete("the URL is signed with Signature Version 2; presign it with version 4")
    if not signing:
        return UNSIGNED
    if not all(signing.get(name) for name in ("x-amz-algorithm", "x-amz-credential", "x-amz-signature")):
        return _incomplete("the URL has parameters of a signature, but not all of them")
    return _scope(signing["x-amz-algorithm"], signing["x-amz-credential"], presigned=True)


@lru_cache(maxsize=256)
def _common(text: str) -> Signed | None:
    """The credential scope in an Authorization header up to its signature: the same for what a client signs alike."""
    found = _COMMON.match(text)
    return None if found is None else Signed(found[2], found[1])


def _scope(algorithm: str, credential: str, *, presigned: bool) -> Signed | Refused:
    found = _SCOPE.match(credential)
    if found is None or algorithm not in (_PLAIN, _ASYMMETRIC) or (found[1] is None) != (algorithm == _ASYMMETRIC):
        return _incomplete("the credential scope is not that of a signature of version 4")
    return Signed(signing_name=found[2], region=found[1] or "", presigned=presigned)


def _other_scheme(authorization: str) -> Refused:
    scheme = authorization.partition(" ")[0].lower()
    if scheme == "bearer":
        return _incomplete("calls that are authorised by a bearer token are not forwarded")
    if scheme == "aws":
        return _incomplete("the request is signed with Signature Version 2; use version 4")
    return _incomplete("the Authorization header is no signature of version 4")


def _incomplete(why: str) -> Refused:
    return Refused(why, 403, "IncompleteSignature")
