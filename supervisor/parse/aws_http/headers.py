"""A request's headers as they stood on the wire, and which of them may change what the operation is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from supervisor.parse.aws_http.request import Refused

LONGEST_HEADERS = 128 * 1024
MOST_HEADERS = 256

# Headers that any operation may have; every other `x-amz-` header must be in its model, since it could change what the
# operation is (as `x-amz-copy-source` does).
GENERAL = frozenset(
    "x-amz-date x-amz-security-token x-amz-target x-amz-content-sha256 x-amz-user-agent x-amz-decoded-content-length "
    "x-amz-trailer x-amz-sdk-checksum-algorithm x-amz-te x-amz-region-set x-amz-s3session-token "
    "x-amz-api-version x-amz-glacier-version".split()
)
CHECKSUM = "x-amz-checksum-"

# Names of headers (RFC 9110, 5.6.2), one a line.
_NAMES = re.compile(r"[\n!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")
_IN_VALUES = bytes(range(0x20, 0x7F)) + b"\t"
# May be repeated: a list on several lines is the same as on one (RFC 9110, 5.3), and none of them selects anything.
_LISTS = frozenset(
    "accept accept-encoding accept-language cache-control via forwarded x-forwarded-for cookie "
    "x-amz-object-attributes x-amz-optional-object-attributes".split()
)
# A client's names come again and again; longer ones than any client's are not worth the memory.
_LONGEST_KEPT = 1024


class Headers(NamedTuple):
    """`values` by names in lower case; `telling` are the names that may change what the operation is."""

    values: dict[str, str]
    telling: tuple[str, ...]


class _Names(NamedTuple):
    lowered: tuple[str, ...]
    telling: tuple[str, ...]
    repeated: bool


def read_headers(headers: Iterable[tuple[str, str]]) -> Headers | Refused:
    """The headers of a request, each once. Refused is what two readers could take for different headers."""
    pairs = list(headers)
    given = dict(pairs)
    if len(given) != len(pairs):
        return _on_several_lines(pairs)
    names = _checked("\n".join(given), "".join(given.values()), len(given))
    if isinstance(names, Refused):
        return names
    if names.repeated:
        return _on_several_lines(pairs)
    # Only spaces and tabs are left to strip.
    return Headers(dict(zip(names.lowered, map(str.strip, given.values()), strict=True)), names.telling)


def telling(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names (in lower case) that may change what the operation is."""
    return tuple([name for name in names if name.startswith("x-amz-") and name not in GENERAL])


def _on_several_lines(pairs: Sequence[tuple[str, str]]) -> Headers | Refused:
    """As `read_headers`, where a name comes more than once."""
    names = _checked("\n".join([name for name, _ in pairs]), "".join([value for _, value in pairs]), len(pairs))
    if isinstance(names, Refused):
        return names
    found: dict[str, str] = {}
    for name, (_, text) in zip(names.lowered, pairs, strict=True):
        value = text.strip()
        if name in found and name not in _LISTS:
            return Refused(f"the header {name} stands there twice")
        found[name] = f"{found[name]},{value}" if name in found else value
    return Headers(found, telling(found))


def _checked(names: str, values: str, count: int) -> _Names | Refused:
    """The names, which stand one a line, when they and the values have no character that they cannot have."""
    if count > MOST_HEADERS or len(names) + len(values) > LONGEST_HEADERS:
        return Refused("the request's headers are too long", 431, "RequestHeaderSectionTooLarge")
    read = _kept_names(names, count) if len(names) <= _LONGEST_KEPT else _read_names(names, count)
    if read is None:
        return Refused("a header's name has characters that it cannot have")
    if not values.isascii() or values.encode("ascii").translate(None, _IN_VALUES):
        return Refused("a header's value has control characters or such outside ASCII")
    return read


def _read_names(names: str, count: int) -> _Names | None:
    if not count:
        return _Names((), (), repeated=False)
    lowered = tuple(names.lower().split("\n"))
    if _NAMES.match(names) is None or len(lowered) != count or "" in lowered:
        return None
    return _Names(lowered, telling(lowered), len(set(lowered)) != count)


_kept_names = lru_cache(maxsize=256)(_read_names)
