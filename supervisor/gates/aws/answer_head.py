"""The head of the cloud's answer: read strictly, because what it says of its body is where the next answer begins."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from multidict import CIMultiDict

LONGEST_HEAD: Final = 64 * 1024
_MOST_LINES: Final = 256
_STATUS: Final = re.compile(r"HTTP/1\.([01]) ([1-5][0-9]{2})(?: ([^\0\r\n]*))?")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH: Final = re.compile(r"[0-9]{1,15}")


class NotHttp(ValueError):
    """What came is no answer in HTTP/1.1; the text says what is wrong with it."""


class Ends(Enum):
    """What an answer's body ends by (RFC 9112, section 6.3)."""

    AT_ONCE = "it has none"
    LENGTH = "its length"
    CHUNKS = "its last chunk"
    CLOSE = "the connection's end"


@dataclass(frozen=True, slots=True)
class AnswerHead:
    """`headers` in the order of the wire, bytes that are not UTF-8 as surrogates; `length` is in bytes.

    `stays` says whether the connection may be used again after the body.
    """

    status: int
    reason: str
    headers: CIMultiDict[str]
    ends: Ends
    length: int
    stays: bool


def read_answer_head(head: bytes, method: str) -> AnswerHead:
    """Read the lines before the empty one, in answer to a request by `method`. Raises `NotHttp`."""
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    status = _STATUS.fullmatch(first)
    if status is None:
        raise NotHttp("it does not begin with a status line")
    if len(lines) > _MOST_LINES:
        raise NotHttp("it has too many headers")
    headers: CIMultiDict[str] = CIMultiDict()
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name) or "\n" in value or "\r" in value or "\0" in value:
            raise NotHttp("one of its headers is none")
        headers.add(name, value.strip(" \t"))
    code = int(status[2])
    ends, length = _body(headers, method, code)
    closes = "close" in headers.get("Connection", "").lower()
    stays = status[1] == "1" and not closes and ends is not Ends.CLOSE
    return AnswerHead(code, status[3] or "", headers, ends, length, stays)


def _body(headers: CIMultiDict[str], method: str, status: int) -> tuple[Ends, int]:
    codings = headers.getall("Transfer-Encoding", ())
    lengths = set(headers.getall("Content-Length", ()))
    if len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)) or (codings and lengths):
        raise NotHttp("it does not tell one length")
    if method == "HEAD" or status < 200 or status in (204, 304):
        return Ends.AT_ONCE, 0
    if codings:
        if len(codings) > 1 or codings[0].lower() != "chunked":
            raise NotHttp("its transfer coding is not known here")
        return Ends.CHUNKS, 0
    if not lengths:
        return Ends.CLOSE, 0
    length = int(lengths.pop())
    return (Ends.LENGTH if length else Ends.AT_ONCE), length


class Chunks:
    """Takes an answer's chunks apart (RFC 9112, section 7.1); its trailers are thrown away."""

    def __init__(self) -> None:
        self._line = b""
        self._in_chunk = 0
        self._after_data = self._in_trailers = False
        self.is_over = False
        self.rest = b""
        """What came after the end."""

    def feed(self, data: bytes) -> list[bytes]:
        """The data in what arrived. Raises `NotHttp`."""
        pieces = []
        position = 0
        while position < len(data) and not self.is_over:
            if self._in_chunk:
                piece = data[position : position + self._in_chunk]
                pieces.append(piece)
                position += len(piece)
                self._in_chunk -= len(piece)
                self._after_data = not self._in_chunk
                continue
            end = data.find(b"\n", position)
            self._line += data[position : end + 1 if end >= 0 else len(data)]
            if len(self._line) > LONGEST_HEAD:
                raise NotHttp("a line between its chunks is too long")
            if end < 0:
                break
            position = end + 1
            line, self._line = self._line, b""
            self._read(line)
        if self.is_over:
            self.rest = data[position:]
        return pieces

    def _read(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            raise NotHttp("a line between its chunks does not end as one")
        text = line[:-2]
        if self._after_data:
            if text:
                raise NotHttp("a chunk is longer than it says")
            self._after_data = False
        elif self._in_trailers:
            self.is_over = not text
        else:
            size = text.partition(b";")[0].strip(b" \t")
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,15}", size):
                raise NotHttp("a chunk does not begin with its size")
            self._in_chunk = int(size, 16)
            self._in_trailers = not self._in_chunk
