"""The canary of each gate: what PID 1 is asked to try, and which outcome shows that the gate holds."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from supervisor.gates.aws.outgoing import sign
from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.canary import Outcome, Tried, Word
from supervisor.model.request import AwsCall, Connect, Exec
from supervisor.model.visible import visible

_FORMS: Final = {"execve", "execveat"}
_PORT: Final = 9
"""Of the discard service: nothing is there even if it is reached."""
_NOBODY: Final = "192.0.2.1"
"""An address for documentation (RFC 5737)."""
_UNREACHABLE: Final = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EPERM, errno.EACCES)


def _name(number: int) -> str:
    return os.strerror(number).lower() if number else "it worked"


def _numbers(reply: bytes) -> list[int]:
    words = reply.split()
    return [int(word) for word in words] if words and all(word.isdigit() for word in words) else []


@dataclass(frozen=True, slots=True)
class ExecCanary:
    """A program start that the kernel must hold and the gate refuse, by both system calls there are for it.

    One that is not refused replaces PID 1, which ends the cell at once: that one never comes back as a reply.
    """

    gate: str = "exec"
    shows: str = "a program start inside was held by the kernel and refused"

    def request(self, number: int, word: Word) -> bytes:
        """See `Canary`."""
        return b"start %d %s" % (number, word.text.encode())

    def judge(self, tried: Tried) -> tuple[Outcome, str]:
        """See `Canary`."""
        told = _numbers(tried.reply)
        seen = {action.argv[-1] for action in tried.asked if isinstance(action, Exec)}
        if len(told) != len(_FORMS) or 0 in told:
            return Outcome.FAILED, "the cell's first process told nothing that makes sense"
        if errno.ENOSYS in told:
            return Outcome.FAILED, "nobody listens to the kernel's reports of program starts"
        if set(told) == {errno.EACCES} and seen == _FORMS:
            return Outcome.HELD, ""
        return Outcome.UNCLEAR, f"a program start inside was not refused by the gate ({_name(told[0])})"


@dataclass(frozen=True, slots=True)
class NetworkCanary:
    """A connection through the proxy on `port` of the cell, to an address that nobody has."""

    port: int
    gate: str = "network"
    shows: str = "a connection from inside was refused by the proxy"

    def request(self, number: int, word: Word) -> bytes:
        """See `Canary`."""
        target = f"[{word.address}]:{_PORT}"
        head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"
        return b"say %d %d %s" % (number, self.port, head.encode())

    def judge(self, tried: Tried) -> tuple[Outcome, str]:
        """See `Canary`."""
        seen = any(isinstance(action, Connect) for action in tried.asked)
        return _told(tried, seen, "a connection from inside")


@dataclass(frozen=True, slots=True)
class RouteCanary:
    """A connection around the proxy, which must have no way at all."""

    gate: str = "network"
    shows: str = "there is no route but the proxy"

    def request(self, number: int, word: Word) -> bytes:
        """See `Canary`."""
        return b"reach %d %s %d" % (number, _NOBODY.encode(), _PORT)

    def judge(self, tried: Tried) -> tuple[Outcome, str]:
        """See `Canary`."""
        told = _numbers(tried.reply)
        if len(told) != 1:
            return Outcome.FAILED, "the cell's first process told nothing that makes sense"
        if told[0] in _UNREACHABLE:
            return Outcome.HELD, ""
        if told[0] in (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM):
            return Outcome.UNCLEAR, f"a connection around the proxy could not be tried: {_name(told[0])}"
        return Outcome.FAILED, f"there is a way out of the cell beside the proxy ({_name(told[0])})"


@dataclass(frozen=True, slots=True)
class AwsCanary:
    """A signed call for a bucket that nobody has, through the cell's `port`, in the name of the session's agent."""

    port: int
    placeholder: Placeholder
    region: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    gate: str = "aws"
    shows: str = "a signed AWS call from inside was refused in AWS's own form"

    def request(self, number: int, word: Word) -> bytes:
        """See `Canary`."""
        path = f"/{word.bucket}/canary"
        signed = sign(
            "GET",
            f"http://127.0.0.1:{self.port}{path}",
            (),
            sha256(b"").hexdigest(),
            self.placeholder,
            "s3",
            self.region,
            self.clock(),
        )
        head = "".join(f"{name}: {value}\r\n" for name, value in signed.headers)
        text = f"GET {path} HTTP/1.1\r\n{head}connection: close\r\n\r\n"
        return b"say %d %d %s" % (number, self.port, text.encode())

    def judge(self, tried: Tried) -> tuple[Outcome, str]:
        """See `Canary`."""
        seen = any(isinstance(action, AwsCall) for action in tried.asked)
        outcome, why = _told(tried, seen, "an AWS call from inside")
        if outcome is Outcome.HELD and b"<Code>AccessDenied</Code>" not in tried.reply:
            return Outcome.UNCLEAR, "an AWS call was not refused in AWS's own form"
        return outcome, why


@dataclass(frozen=True, slots=True)
class FilesCanary:
    """A file of the session's own, which the cell must not show under any name."""

    path: str
    gate: str = "files"
    shows: str = "the session's own record cannot be seen from inside"

    def request(self, number: int, word: Word) -> bytes:
        """See `Canary`."""
        return b"see %d %s" % (number, os.fsencode(self.path))

    def judge(self, tried: Tried) -> tuple[Outcome, str]:
        """See `Canary`."""
        told = _numbers(tried.reply)
        if len(told) != 1 or not told[0]:
            return Outcome.FAILED, "the session's own record can be read from inside"
        if told[0] in (errno.ENOENT, errno.ENOTDIR, errno.EACCES):
            return Outcome.HELD, ""
        return Outcome.UNCLEAR, f"a hidden file could not be tried: {_name(told[0])}"


def _told(tried: Tried, seen: bool, what: str) -> tuple[Outcome, str]:
    """What an answer over HTTP shows: the gate's refusal, that it takes no more, or that it lets things through."""
    number, _, answer = tried.reply.partition(b" ")
    status = answer[9:12]
    if number.isdigit() and int(number) not in (0, errno.ECONNRESET, errno.EPIPE):
        return Outcome.UNCLEAR, f"{what} had no answer: {_name(int(number))}"
    if not answer or status == b"503":
        return Outcome.FULL, f"{what} was turned away unread: the gate has its hands full"
    if status == b"403" and seen and tried.word.proof.encode() in answer:
        return Outcome.HELD, ""
    if status.startswith((b"1", b"2", b"3")) or status in (b"502", b"504"):
        return Outcome.FAILED, f"{what} was let through: {visible(status.decode('ascii', 'replace'))}"
    return Outcome.UNCLEAR, f"{what} was answered, but not by the gate's own word"
