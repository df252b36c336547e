"""Is a request signed with this session's placeholder credentials? Only who holds them is served."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum

from supervisor.gates.aws import canonical
from supervisor.gates.aws.authorization import Bad, Claim, Fault, NotAccepted, read, timestamp
from supervisor.gates.aws.canonical import Headers
from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.aws.signing_key import Scope, SigningKey

SKEW = timedelta(minutes=5)
"""How far the time of a signature may be from ours, as at AWS."""


class Payload(Enum):
    """What a signature says about the body (header `x-amz-content-sha256`)."""

    LITERAL = "the SHA-256 of the body"
    UNSIGNED = "UNSIGNED-PAYLOAD"
    CHUNKS_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    CHUNKS_SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    CHUNKS_SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"


_KINDS = {kind.value: kind for kind in Payload if kind is not Payload.LITERAL}


@dataclass(frozen=True, slots=True)
class Signed:
    """A request whose signature is right.

    `payload_hash` is what was signed for the body: its SHA-256 in hexadecimal (`payload` is `LITERAL`; a body that
    was not hashed yet must be compared with it while it passes) or the sentinel. `key` and `signature` are where the
    signatures of its chunks begin.
    """

    scope: Scope
    signature: str
    payload: Payload
    payload_hash: str
    key: SigningKey
    is_presigned: bool
    signed_headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NeedsBody:
    """All is well so far, but the signature covers the body's hash, which only the body tells: ask again with it."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class Unsigned:
    """The request carries no signature at all."""


def verify(
    method: str,
    target: str,
    headers: Headers,
    payload_hash: str | None,
    placeholder: Placeholder,
    now: datetime,
    *,
    skew: timedelta = SKEW,
) -> Signed | NeedsBody | Unsigned | Bad:
    """Check a request against the placeholder; total, never raises.

    `target` is the request target of the wire (origin or absolute form, with whatever prefix of ours it has),
    `payload_hash` the SHA-256 of the body in hexadecimal if it was read already, `now` is aware of its zone.
    """
    try:
        lower = [(name.lower(), value) for name, value in headers]
        return _verify(method, target, lower, payload_hash, placeholder, now, skew)
    except NotAccepted as refusal:
        return refusal.bad


def _verify(
    method: str,
    target: str,
    headers: Headers,
    payload_hash: str | None,
    placeholder: Placeholder,
    now: datetime,
    skew: timedelta,
) -> Signed | NeedsBody | Unsigned:
    path, query = _split(target, headers)
    claim = read(query, headers)
    if claim is None:
        return Unsigned()
    _check_key(claim, headers, placeholder)
    when = _check_time(claim, headers, now, skew)
    _check_headers(claim, headers)
    payload = _payload(claim, headers, payload_hash)
    if payload is None:
        return NeedsBody(claim.scope)
    key = SigningKey.derive(placeholder.secret_key, claim.scope, when)
    expected = key.request(
        canonical.request(
            method,
            canonical.path(path, claim.scope.service),
            canonical.query(claim.pairs),
            canonical.headers(headers, claim.signed_headers),
            claim.signed_headers,
            payload,
        )
    )
    if not hmac.compare_digest(expected, claim.signature):
        raise NotAccepted(
            Fault.MISMATCH,
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
        )
    return Signed(
        claim.scope,
        claim.signature,
        _KINDS.get(payload, Payload.LITERAL),
        payload,
        key,
        claim.expires is not None,
        claim.signed_headers,
    )


def _split(target: str, headers: Headers) -> tuple[str, str]:
    """Path and query; an absolute target must name the host that is signed."""
    if not canonical.is_sendable(target) or "#" in target:
        raise NotAccepted(Fault.MALFORMED, "Couldn't parse the specified URI.")
    if not target.startswith("/"):
        start, slashes, rest = target.partition("://")
        authority = re.split(r"[/?]", rest, maxsplit=1)[0]
        scheme = start.lower()
        if not slashes or scheme not in {"http", "https"} or not authority or "@" in authority:
            raise NotAccepted(Fault.MALFORMED, "Couldn't parse the specified URI.")
        if _without_port(scheme, authority) != _without_port(scheme, _one(headers, "host") or ""):
            raise NotAccepted(Fault.MALFORMED, "The request target names another host than the Host header")
        target = rest[len(authority) :]
    path, _, query = target.partition("?")
    return path or "/", query


def _without_port(scheme: str, authority: str) -> str:
    return authority.lower().removesuffix(":80" if scheme == "http" else ":443")


def _one(headers: Headers, name: str) -> str | None:
    """The value of a header that may be there only once, `None` if it is not. Raises `NotAccepted`."""
    values = [value.strip(" \t") for found, value in headers if found == name]
    if len(values) > 1:
        raise NotAccepted(Fault.MALFORMED, f"The header {name} is there more than once")
    return values[0] if values else None


def _check_key(claim: Claim, headers: Headers, placeholder: Placeholder) -> None:
    if not _equal(claim.access_key, placeholder.access_key):
        raise NotAccepted(
            Fault.KEY,
            "The AWS access key Id you provided is not this session's: use the credentials of the environment",
        )
    token = _one(headers, "x-amz-security-token")
    if claim.token is not None and token is not None:
        raise NotAccepted(Fault.MALFORMED, "The security token is in the query and in a header")
    if not _equal(claim.token if token is None else token, placeholder.token):
        raise NotAccepted(Fault.TOKEN, "The security token included in the request is invalid.")


def _equal(told: str | None, true: str) -> bool:
    return told is not None and hmac.compare_digest(told.encode("utf-8", "surrogateescape"), true.encode())


def _check_time(claim: Claim, headers: Headers, now: datetime, skew: timedelta) -> str:
    """Returns the time of signing as it was signed."""
    text = claim.timestamp
    if not text:
        text = _date(_one(headers, "x-amz-date"), _one(headers, "date"), claim.signed_headers)
    try:
        when = _moment(text)
    except ValueError:
        raise NotAccepted(Fault.MALFORMED, "Date must be in ISO8601 'basic format', as 20150830T123600Z") from None
    if claim.scope.date != text[:8]:
        raise NotAccepted(
            Fault.MISMATCH, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"
        )
    if when - now > skew:
        raise NotAccepted(Fault.SKEWED, f"Signature not yet current: {text} is later than our clock allows")
    if claim.expires is None and now - when > skew:
        raise NotAccepted(Fault.SKEWED, f"Signature expired: {text} is earlier than our clock allows")
    if claim.expires is not None and now - when > timedelta(seconds=claim.expires):
        raise NotAccepted(Fault.EXPIRED, "Request has expired")
    return text


def _moment(text: str) -> datetime:
    """The time that a timestamp, whose form was checked, stands for (`strptime` takes ten times as long)."""
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    return datetime(year, month, day, int(text[9:11]), int(text[11:13]), int(text[13:15]), tzinfo=UTC)


def _date(amz_date: str | None, date: str | None, signed: tuple[str, ...]) -> str:
    if amz_date is not None:
        return timestamp(amz_date)
    if date is None or "date" not in signed:
        raise NotAccepted(Fault.MALFORMED, "Authorization header requires a signed X-Amz-Date or Date header")
    # Only one spelling of RFC 9110 (and botocore's zone): others could mean another time to AWS than to us.
    text = re.sub(r" [+-]0000\Z", " GMT", date)
    try:
        when = parsedate_to_datetime(text)
        if format_datetime(when, usegmt=True) == text:
            return when.strftime("%Y%m%dT%H%M%SZ")
    except ValueError:
        return timestamp(date)
    raise NotAccepted(Fault.MALFORMED, "Date must be an HTTP date in GMT")


def _check_headers(claim: Claim, headers: Headers) -> None:
    if "host" not in claim.signed_headers or _one(headers, "host") is None:
        raise NotAccepted(Fault.UNSIGNED_HEADER, "'Host' must be a header of the request and of SignedHeaders.")
    sent = {name for name, _ in headers}
    if lacking := [name for name in claim.signed_headers if name not in sent]:
        raise NotAccepted(Fault.MISMATCH, f"The request lacks headers that were signed: {', '.join(lacking)}")
    unsigned = sorted(name for name in sent if name.startswith("x-amz-") and name not in claim.signed_headers)
    if unsigned:
        raise NotAccepted(
            Fault.UNSIGNED_HEADER,
            f"There were headers present in the request which were not signed: {', '.join(unsigned)}",
        )


def _payload(claim: Claim, headers: Headers, payload_hash: str | None) -> str | None:
    """What was signed for the body; `None` = its hash, which is not known yet."""
    told = _one(headers, "x-amz-content-sha256")
    if claim.payload is not None:
        if told is not None and told != claim.payload:
            raise NotAccepted(Fault.MALFORMED, "The payload's hash is in the query and in a header, and differs")
        told = claim.payload
    if told is None:
        if not canonical.is_s3(claim.scope.service):
            return payload_hash
        if claim.expires is not None:
            return Payload.UNSIGNED.value
        raise NotAccepted(Fault.PAYLOAD, "Missing required header for this request: x-amz-content-sha256")
    if told in _KINDS:
        return told
    if told == "STREAMING-AWS4-HMAC-SHA256-EVENTS":
        raise NotAccepted(Fault.PAYLOAD, "Signed event streams to AWS (two-way calls) are not accepted by the aws gate")
    if not re.fullmatch(r"[0-9a-f]{64}", told):
        raise NotAccepted(
            Fault.PAYLOAD,
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING-... form that the aws gate knows, or a valid "
            "sha256 value.",
        )
    if payload_hash is not None and not hmac.compare_digest(told, payload_hash):
        raise NotAccepted(Fault.PAYLOAD, "The provided 'x-amz-content-sha256' header does not match what was computed.")
    return told
