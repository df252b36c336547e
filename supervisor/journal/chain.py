"""What a journal line is: canonical JSON, the hash over it, and the link to the line before.

`hash` is the hex SHA-256 over the RFC 8785 canonical JSON of the line without `hash`; `prev` is the hash of the line
before, 64 zeros for the first; `seq` counts from 0.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from supervisor.model.codec import Json, canonical

GENESIS: Final = "0" * 64


def sealed(fields: Json, *, seq: int, time: str, prev: str) -> tuple[Json, bytes]:
    """The line for a record's `fields`, with its number, time, link and hash: as an object and as it is written.

    `fields` is not changed. The text is encoded once: keys are sorted, so the hash is put where it belongs, between
    the keys before it and those after it (`prev`, `seq` and `time` are always after it).
    """
    line = {**fields, "seq": seq, "time": time, "prev": prev}
    before = canonical({key: value for key, value in line.items() if key < "hash"})[:-1]
    after = canonical({key: value for key, value in line.items() if key > "hash"})[1:]
    if len(before) > 1:
        before += ","
    bare = (before + after).encode("utf-8", "surrogatepass")
    line["hash"] = found = sha256(bare).hexdigest()
    cut = len(before.encode("utf-8", "surrogatepass"))
    return line, b'%b"hash":"%b",%b\n' % (bare[:cut], found.encode(), bare[cut:])


def line_hash(line: Json) -> str:
    """The hash that `line` must carry."""
    bare = {key: value for key, value in line.items() if key != "hash"}
    return sha256(canonical(bare).encode("utf-8", "surrogatepass")).hexdigest()
