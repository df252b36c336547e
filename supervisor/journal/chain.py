"""What a journal line is: canonical JSON, the hash over it, and the link to the line before.

`hash` is the hex SHA-256 over the RFC 8785 canonical JSON of the line without `hash`; `prev` is the hash of the line
before, 64 zeros for the first; `seq` counts from 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from supervisor.model.codec import Json, canonical

GENESIS: Final = "0" * 64


def sealed(fields: Mapping[str, str], *, seq: int, time: str, prev: str) -> tuple[str, bytes]:
    """The line for a record's `fields` (each canonical JSON) with its number, time, link and hash; the hash first.

    Names and `time` are ASCII without anything to escape. The text is encoded once: keys are sorted, so the hash is put
    where it belongs, between the keys before it and those after it.
    """
    whole = [*fields.items(), ("seq", str(seq)), ("time", f'"{time}"'), ("prev", f'"{prev}"')]
    whole.sort()
    before = "".join([f'"{name}":{text},' for name, text in whole if name < "hash"])
    after = ",".join([f'"{name}":{text}' for name, text in whole if name > "hash"])
    # `prev`, `seq` and `time` always come after the hash.
    start, end = f"{{{before}".encode("utf-8", "surrogatepass"), f"{after}}}".encode("utf-8", "surrogatepass")
    found = sha256(start + end).hexdigest()
    return found, b'%b"hash":"%b",%b\n' % (start, found.encode(), end)


def line_hash(line: Json) -> str:
    """The hash that `line` must carry."""
    bare = {key: value for key, value in line.items() if key != "hash"}
    return sha256(canonical(bare).encode("utf-8", "surrogatepass")).hexdigest()
