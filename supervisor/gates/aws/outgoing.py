"""Signs what goes to AWS with real credentials (AWS Signature Version 4, in the Authorization header)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from supervisor.gates.aws import canonical
from supervisor.gates.aws.canonical import Headers
from supervisor.gates.aws.signing_key import ALGORITHM, ChunkSigner, Scope, SigningKey


class Credentials(Protocol):
    """What signs. botocore's credentials fit, and so does a placeholder (in tests)."""

    @property
    def access_key(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def token(self) -> str | None: ...


# Connections and proxies change these on the way (botocore.auth has the same list).
_NEVER_SIGNED = frozenset(
    "baggage connection expect keep-alive proxy-authenticate proxy-authorization te traceparent tracestate trailer "
    "transfer-encoding upgrade user-agent x-amzn-trace-id".split()
)
_REPLACED = frozenset({"authorization", "x-amz-date", "date", "x-amz-security-token", "x-amz-content-sha256", "host"})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The headers of a signed request, complete but for those of the connection, and where its chunks begin."""

    headers: tuple[tuple[str, str], ...]
    key: SigningKey
    signature: str

    def chunks(self) -> ChunkSigner:
        """The signer of its body's chunks."""
        return ChunkSigner(self.key, self.signature)


def sign(
    method: str,
    url: str,
    headers: Headers,
    payload_hash: str,
    credentials: Credentials,
    service: str,
    region: str,
    now: datetime,
) -> Outgoing:
    """Sign a request; `headers` are those to send, a signature among them is replaced.

    `url` is absolute and percent-encoded as it will be sent, `payload_hash` the SHA-256 of the body in hexadecimal or
    a sentinel (`UNSIGNED-PAYLOAD`, `STREAMING-...`), which stays in `x-amz-content-sha256`: without it S3 would store
    the chunks' framing. `service` is the signing name. Raises `ValueError` for a URL or header that cannot be sent.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.fragment or not canonical.is_sendable(url):
        raise ValueError(f"not a URL that can be signed: {url!r}")
    timestamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = [("host", _host(parts.scheme, parts.netloc)), ("x-amz-date", timestamp)]
    tells_hash = canonical.is_s3(service) or len(payload_hash) != 64
    for name, value in headers:
        lower = name.lower()
        if "\n" in value or "\r" in value or "\0" in value:
            raise ValueError(f"the value of header {lower} has a line break")
        if lower not in _REPLACED:
            sent.append((lower, value))
        tells_hash = tells_hash or lower == "x-amz-content-sha256"
    if credentials.token:
        sent.append(("x-amz-security-token", credentials.token))
    if tells_hash:
        sent.append(("x-amz-content-sha256", payload_hash))
    signed = tuple(sorted({name for name, _ in sent} - _NEVER_SIGNED))
    key = SigningKey.derive(credentials.secret_key, Scope(timestamp[:8], region, service), timestamp)
    signature = key.request(
        canonical.request(
            method,
            canonical.path(parts.path or "/", service),
            canonical.query(canonical.query_pairs(parts.query)),
            canonical.headers(sent, signed),
            signed,
            payload_hash,
        )
    )
    credential = f"{credentials.access_key}/{key.scope}"
    names = ";".join(signed)
    sent.append(("authorization", f"{ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"))
    return Outgoing(tuple(sent), key, signature)


def _host(scheme: str, authority: str) -> str:
    return authority.lower().removesuffix(":80" if scheme == "http" else ":443")
