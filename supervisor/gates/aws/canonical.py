"""The canonical request of AWS Signature Version 4: one text for all spellings of a request that AWS holds equal.

Source: "Create a signed AWS API request" in the IAM User Guide, step 1.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote_from_bytes, unquote_to_bytes

EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

Headers = Sequence[tuple[str, str]]
"""Header names and values in the order of the wire; bytes that are not UTF-8 are carried as surrogates."""

_ENCODED_ONCE = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda"})
_NOT_SENT = re.compile(r"[^!-~]|%(?![0-9A-Fa-f]{2})")
_SPACES = re.compile(r"[ \t]+")


def is_s3(service: str) -> bool:
    """Does this signing name follow S3's own rules (path encoded once and not normalised, payload hash in a header)?"""
    return service in _ENCODED_ONCE


def is_sendable(target: str) -> bool:
    """Is it printable ASCII with whole percent escapes only, as a request target must be (RFC 3986 section 2)?"""
    return not _NOT_SENT.search(target)


def path(wire: str, service: str) -> str:
    """The canonical form of a path as it stands on the wire.

    S3's segments are decoded and encoded again (an encoded slash separates none); every other service's path is
    normalised (RFC 3986 section 5.2.4, empty segments too) and what the wire had is encoded once more.
    """
    if is_s3(service):
        return "/".join(quote_from_bytes(unquote_to_bytes(segment), safe="~") for segment in wire.split("/"))
    return quote_from_bytes(_normal(wire).encode("utf-8", "surrogateescape"), safe="/~")


def _normal(wire: str) -> str:
    segments: list[str] = []
    for segment in wire.split("/"):
        if segment == "..":
            if segments:
                segments.pop()
        elif segment and segment != ".":
            segments.append(segment)
    if not segments:
        return "/"
    is_open = wire.endswith(("/", "/.", "/.."))
    return "/" + "/".join(segments) + ("/" if is_open else "")


def query(pairs: Iterable[tuple[str, str]]) -> str:
    """The canonical form of a query, given as the percent-encoded names and values of the wire."""
    return "&".join(f"{name}={value}" for name, value in sorted((_again(name), _again(value)) for name, value in pairs))


def query_pairs(wire: str) -> list[tuple[str, str]]:
    """The names and values of a query as they stand on the wire; a name without `=` has an empty value."""
    return [(name, value) for name, _, value in (pair.partition("=") for pair in wire.split("&") if pair)]


def _again(wire: str) -> str:
    return quote_from_bytes(unquote_to_bytes(wire.replace("+", " ")), safe="~")


def decoded(wire: str) -> str:
    """The text of a percent-encoded name or value of a query; bytes that are not UTF-8 are carried as surrogates."""
    return unquote_to_bytes(wire.replace("+", " ")).decode("utf-8", "surrogateescape")


def headers(sent: Headers, signed: Sequence[str]) -> str:
    """The lines of the headers named in `signed` (sorted); those of one name are joined by commas.

    All names are in lower case.
    """
    values: dict[str, list[str]] = {name: [] for name in signed}
    for name, value in sent:
        if (known := values.get(name)) is not None:
            text = value.strip(" \t")
            known.append(_SPACES.sub(" ", text) if "  " in text or "\t" in text else text)
    return "".join(f"{name}:{','.join(values[name])}\n" for name in signed)


def request(method: str, path: str, query: str, headers: str, signed: Sequence[str], payload: str) -> str:
    """Put the parts together; returns the SHA-256 of the canonical request in hexadecimal."""
    text = "\n".join((method, path, query, headers, ";".join(signed), payload))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
