"""A request's head as it stood on the wire: target, query and headers, taken apart and checked for tricks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

from supervisor.parse.aws_http.headers import read_headers
from supervisor.parse.aws_http.request import Refused

LONGEST_TARGET = 32 * 1024
MOST_PARAMETERS = 1000

_METHODS = frozenset(("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"))
# RFC 3986 `pchar` and `/`, without `;` (which some servers end a segment at).
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,=:@/-]*+(?:%[0-9A-Fa-f]{2}[A-Za-z0-9._~!$&'()*+,=:@/-]*+)*+\Z")
_QUERY = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@/?-]*+(?:%[0-9A-Fa-f]{2}[A-Za-z0-9._~!$&'()*+,=:@/?-]*+)*+\Z")
# Encoded, what needs no encoding (RFC 3986, 2.3) but for the tilde, which old encoders took for special.
_NEEDLESS = re.compile(r"%(?:2[dDeE]|3[0-9]|4[1-9A-Fa-f]|5[0-9Aa]|5[fF]|6[1-9A-Fa-f]|7[0-9Aa])")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CHARSET = re.compile(r"charset\s*=[\s\"']*([^\s\"';]*)", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")


class Head(NamedTuple):
    """`path` is still encoded; `query` is decoded, in order; `headers` have names in lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    telling: tuple[str, ...]
    """The names of those headers that may change what the operation is."""
    host: str
    """Empty when the request names none, which is then the one that it came to."""
    content_type: str
    """Without parameters, in lower case; empty when there is none."""
    has_body: bool
    """The headers announce a body that is not empty."""


def read_head(method: str, target: str, headers: Iterable[tuple[str, str]]) -> Head | Refused:
    """The head of a request whose target has origin form or absolute form (RFC 9112, 3.2)."""
    if method not in _METHODS:
        return Refused("the method is none that AWS uses", 405, "MethodNotAllowed")
    read = read_headers(headers)
    if isinstance(read, Refused):
        return read
    found, telling = read
    host = found.get("host", "")
    if len(target) > LONGEST_TARGET:
        return Refused("the request's path and query are too long", 414, "InvalidURI")
    if not target.startswith("/"):
        scheme, mark, rest = target.partition("://")
        if not mark or scheme.lower() not in ("http", "https"):
            return Refused("the request target is neither a path nor a URL", code="InvalidURI")
        named, slash, rest = rest.partition("/")
        if not slash:
            named, slash, rest = named.partition("?")
        if host and host.lower() != named.lower():
            return Refused("the Host header and the request target name different hosts")
        host = named
        target = "/" + (slash if slash == "?" else "") + rest
    path, mark, raw_query = target.partition("?")
    query: tuple[tuple[str, str], ...] = ()
    if raw_query:
        parsed = read_pairs(raw_query)
        if isinstance(parsed, Refused):
            return parsed
        query = parsed
    if _PATH.match(path) is None:
        return Refused("the path has characters that must be encoded, or an encoding cut short", code="InvalidURI")
    if "%" in path and _NEEDLESS.search(path) is not None:
        return Refused("the path encodes letters, digits or dots, which need no encoding", code="InvalidURI")
    length = found.get("content-length")
    encoding = found.get("transfer-encoding")
    if length is not None and not (length.isdecimal() and len(length) < 16):
        return Refused("the Content-Length header is no number")
    if encoding is not None and (length is not None or encoding.lower() != "chunked"):
        return Refused("the request's framing is ambiguous: Transfer-Encoding beside another length")
    content_type = found.get("content-type", "")
    if content_type:
        content_type = content_type.partition(";")[0].rstrip().lower()
    has_body = encoding is not None or (length is not None and length.strip("0") != "")
    return Head(method, path, query, found, telling, host, content_type, has_body)


def read_pairs(text: str, most: int = MOST_PARAMETERS) -> tuple[tuple[str, str], ...] | Refused:
    """The names and values of a query or a form, decoded; `+` is a space."""
    if _QUERY.match(text) is None:
        why = "`;` between parameters" if ";" in text else "characters that must be encoded, or an encoding cut short"
        return Refused(f"the parameters have {why}", code="InvalidURI")
    parts = text.split("&")
    if len(parts) > most:
        return Refused("the request has too many parameters")
    pairs = []
    encoded = "%" in text or "+" in text
    for part in parts:
        name, _, value = part.partition("=")
        if encoded:
            decoded_name, decoded_value = decode_form(name), decode_form(value)
            if decoded_name is None or decoded_value is None:
                return Refused("a parameter is not UTF-8", code="InvalidURI")
            name, value = decoded_name, decoded_value
            if not name.isprintable():
                return Refused("a parameter's name has control characters", code="InvalidURI")
        if not name:
            return Refused("a parameter has no name", code="InvalidURI")
        pairs.append((name, value))
    return tuple(pairs)


def decode_form(text: str) -> str | None:
    """Percent-encoded text with `+` for spaces; `None` when it is not UTF-8."""
    if "+" in text:
        text = text.replace("+", " ")
    return decode(text)


def decode(text: str) -> str | None:
    """Percent-encoded text; `None` when it is not UTF-8."""
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return None


def encode(text: str, safe: str = "") -> str:
    """The one canonical encoding (SigV4's): everything but letters, digits and `-._~`."""
    return quote(text, safe=safe)


def foreign_charset(headers: Mapping[str, str]) -> bool:
    """True when the content type says that the body is text in another encoding than UTF-8."""
    found = _CHARSET.search(headers.get("content-type", ""))
    return found is not None and found[1].lower() not in ("utf-8", "utf8", "us-ascii")


def shown(name: str) -> str:
    """A name that a client wrote, for people to read: short, in ASCII, and in quotes unless it is a plain word."""
    if len(name) > 80:
        name = name[:77] + "..."
    return name if _WORD.match(name) else ascii(name)


def has_control(text: str) -> bool:
    """True when decoded text has control characters."""
    return not text.isprintable() and _CONTROL.search(text) is not None


def has_dot_segment(text: str) -> bool:
    """True when decoded text has `.` or `..` between slashes, also if something decodes it once more."""
    if "." not in text and "%" not in text:
        return False
    if "%" not in text and "/" not in text and "\\" not in text:
        return text in (".", "..")
    again = decode(text) if "%" in text else text
    for reading in (text, again or ""):
        segments = reading.replace("\\", "/").split("/")
        if "." in segments or ".." in segments:
            return True
    return False
