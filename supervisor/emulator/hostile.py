"""What text of the program may look like when it leaves the host: titles, links, clusters, rows."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from typing import Final

TITLE_LENGTH: Final = 200
BODY_LENGTH: Final = 400
LINK_LENGTH: Final = 2048
_UNSHOWN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SCHEME: Final = re.compile(rb"https?://[!-~]", re.IGNORECASE)
_UNSAFE: Final = re.compile(rb"[^!-~]|[;\\\"<>^`{|}]")
# Tag characters are invisible text on an emoji; terminals that do not know them print them apart.
_TAGS: Final = re.compile(rb"\xf3\xa0[\x80-\xbf][\x80-\xbf]")
_STATUS: Final = re.compile(r"[a-z]{1,16}\Z")
_BIG: Final = 999
_REPEAT: Final = re.compile(rb"\x1b\[0*([1-9]\d{3,})b")


def plain(text: str | bytes, length: int = TITLE_LENGTH) -> str:
    """Text without control, format, private-use and unassigned characters, cut to `length` characters."""
    if isinstance(text, bytes):
        text = text[: 4 * length].decode("utf-8", "replace")
    kept = (" " if char in "\t\n" else char for char in text[: 2 * length])
    return "".join(char for char in kept if unicodedata.category(char) not in _UNSHOWN)[:length].strip()


def link(uri: bytes) -> bytes:
    """`uri` as printable ASCII without anything that ends a control string; empty if it is not to be followed."""
    if len(uri) > LINK_LENGTH or not _SCHEME.match(uri):
        return b""
    return _UNSAFE.sub(lambda match: b"%%%02X" % match[0][0], uri)


def row_text(text: bytes) -> bytes:
    """A formatted row without the two kinds of character that the emulator lets through and terminals disagree on."""
    if b"\x7f" in text:
        text = text.replace(b"\x7f", b" ")
    if b"\xf3\xa0" in text:
        text = _TAGS.sub(b"", text)
    return text


def widest(cluster: str) -> int:
    """The most cells that a terminal could spend on a cluster that it does not join."""
    total = 0
    for char in cluster:
        if unicodedata.category(char) in ("Mn", "Me", "Cf"):
            total += char == "\ufe0f"
        else:
            total += 2 if unicodedata.east_asian_width(char) in "WF" else 1
    return total


def calm(data: bytes) -> bytes:
    """`data` with giant repeat counts (REP) cut down: with graphemes they can crash the emulator."""
    if not _REPEAT.search(data):
        return data
    return _REPEAT.sub(b"\x1b[%db" % _BIG, data)


def program_status(content: bytes) -> dict[str, object] | None:
    """OSC 7501 (Program Status Protocol): `state=blocked:app=…:kind=…:msg=BASE64` as an event; None if malformed."""
    fields: dict[str, str] = {}
    for part in content.decode("utf-8", "replace").split(":")[:16]:
        name, equals, value = part.partition("=")
        if equals:
            fields.setdefault(name, value)
    state = fields.get("state", "")
    if not _STATUS.match(state):
        return None
    try:
        message = base64.b64decode(fields.get("msg", "")[:4096], validate=True)
    except (binascii.Error, ValueError):
        message = b""
    return {
        "type": "status",
        "state": state,
        "app": plain(fields.get("app", ""), 64),
        "kind": plain(fields.get("kind", ""), 64),
        "message": plain(message, BODY_LENGTH),
    }
