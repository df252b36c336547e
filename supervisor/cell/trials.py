"""What the cell's first process tries on request, so that each gate is shown to hold from inside of it.

Requests come and replies go on a socket that only the session and PID 1 hold. Requests: `start N WORD`, `say N PORT
BYTES`, `reach N HOST PORT`, `see N PATH`; a reply repeats the verb and N and adds errno numbers (0 = it worked) or what
was answered. PID 1 itself makes the program starts: signals of the cell do not reach it, it needs no room for another
process, and if one of them is not refused, PID 1 becomes `PROGRAM`, which ends, and everything in the cell with it.
"""

from __future__ import annotations

import _socket
import errno
import os
import select
import struct

PROGRAM = "/run/agent-supervise/canary"
"""Where `program` lies in a cell: nobody in there can change it, so the exec gate need not look at its content."""
LET_RUN = 86
"""The exit code of a PID 1 whose program start was not refused."""
MOST_BYTES = 8192
_MOST_TALKS = 8
_CODE = {
    # mov eax, 231 (exit_group); mov edi, 86; syscall
    "x86_64": (62, bytes.fromhex("b8e7000000") + b"\xbf" + struct.pack("<I", LET_RUN) + b"\x0f\x05"),
    # mov x8, #94 (exit_group); mov x0, #86; svc 0
    "aarch64": (183, struct.pack("<3I", 0xD2800BC8, 0xD2800000 | LET_RUN << 5, 0xD4000001)),
}


def program(machine: str) -> bytes:
    """The smallest program that ends with `LET_RUN` (elf(5)); empty for a machine that no cell is built for."""
    if machine not in _CODE:
        return b""
    number, code = _CODE[machine]
    base, head = 0x400000, 64 + 56
    size = head + len(code)
    elf = struct.pack(
        "<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, number, 1, base + head, 64, 0, 0, 64, 56, 1, 0, 0, 0
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000)
    return elf + segment + code


class Trials:
    """Serves one socket and the conversations that were asked for, in PID 1's own loop; nothing here ever waits.

    Made before the filter is in force. `poll` is PID 1's; `serve` is called for what it reports.
    """

    def __init__(self) -> None:
        ours, theirs = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        self._channel = ours
        self._outward = theirs.detach()
        self._file = os.open(PROGRAM, os.O_RDONLY | os.O_CLOEXEC)
        self._talks: dict[int, _Talk] = {}

    def outward(self) -> int:
        """The session's end of the socket, to be passed out and closed here."""
        return self._outward

    def watch(self, poll: select.poll) -> None:
        """Have requests reported from now on."""
        self._poll = poll
        poll.register(self._channel.fileno(), select.POLLIN)

    def owns(self, number: int) -> bool:
        """Whether a descriptor that was reported is one of these."""
        return number == self._channel.fileno() or number in self._talks

    def serve(self, number: int) -> bool:
        """Do what is due; false when the session is gone."""
        talk = self._talks.get(number)
        if talk is not None:
            if talk.step():
                self._drop(talk)
                self._reply(talk.told())
            else:
                self._poll.modify(number, talk.awaits)
            return True
        try:
            message = self._channel.recv(MOST_BYTES * 2)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not message:
            return False
        verb, _, rest = message.partition(b" ")
        doing = {b"start": self._start, b"say": self._say, b"reach": self._reach, b"see": self._see}.get(verb)
        count, _, rest = rest.partition(b" ")
        if doing is not None and count.isdigit():
            doing(count, rest)
        return True

    # ── what is tried ────────────────────────────────────────────────────────────────────────────

    def _start(self, count: bytes, word: bytes) -> None:
        """Start a program by both system calls that there are for it."""
        found = []
        forms: tuple[tuple[str | int, bytes], ...] = ((PROGRAM, b"execve"), (self._file, b"execveat"))
        for file, form in forms:
            try:
                os.execve(file, [b"canary", word, form], {})
            except OSError as error:
                found.append(error.errno or errno.EIO)
        self._reply(b"start %s %s" % (count, b" ".join(b"%d" % number for number in found)))

    def _say(self, count: bytes, rest: bytes) -> None:
        """Say something to a port of the cell; the answer is told up to its end."""
        port, _, words = rest.partition(b" ")
        self._open(count, b"say", "127.0.0.1", int(port) if port.isdigit() else 0, words)

    def _reach(self, count: bytes, rest: bytes) -> None:
        """Open a connection around the gates."""
        host, _, port = rest.partition(b" ")
        self._open(count, b"reach", host.decode("ascii", "replace"), int(port) if port.isdigit() else 0, b"")

    def _see(self, count: bytes, path: bytes) -> None:
        """Open a file that the cell must not show."""
        number = 0
        try:
            os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY))
        except OSError as error:
            number = error.errno or errno.EIO
        self._reply(b"see %s %d" % (count, number))

    # ── conversations ────────────────────────────────────────────────────────────────────────────

    def _open(self, count: bytes, verb: bytes, host: str, port: int, words: bytes) -> None:
        if len(self._talks) >= _MOST_TALKS:
            # Those that never got an answer make room: the session has given them up.
            self._drop(next(iter(self._talks.values())))
        family = _socket.AF_INET6 if ":" in host else _socket.AF_INET
        try:
            sock = _socket.socket(family, _socket.SOCK_STREAM)
        except OSError as error:
            self._reply(b"%s %s %d " % (verb, count, error.errno or errno.EIO))
            return
        talk = _Talk(sock, verb, count, words)
        if talk.begin((host, port)):
            self._reply(talk.told())
            sock.close()
            return
        self._talks[sock.fileno()] = talk
        self._poll.register(sock.fileno(), talk.awaits)

    def _drop(self, talk: _Talk) -> None:
        number = talk.sock.fileno()
        self._poll.unregister(number)
        del self._talks[number]
        talk.sock.close()

    def _reply(self, data: bytes) -> None:
        try:
            self._channel.send(data)
        except OSError:
            return  # It is full or gone: a canary without an answer has failed.


class _Talk:
    """One connection of PID 1: what is still to be said, and what was answered."""

    def __init__(self, sock: _socket.socket, verb: bytes, count: bytes, words: bytes) -> None:
        self.sock, self._verb, self._count, self._words = sock, verb, count, words
        self._answer, self._error, self._connected = b"", 0, False
        sock.setblocking(False)

    @property
    def awaits(self) -> int:
        """What `poll` is to report."""
        return select.POLLIN if self._connected and not self._words else select.POLLOUT

    def begin(self, address: tuple[str, int]) -> bool:
        """Connect; true when it is over already."""
        try:
            self.sock.connect(address)
        except BlockingIOError:
            return False
        except OSError as error:
            self._error = error.errno or errno.EIO
            return True
        return self.step()

    def step(self) -> bool:
        """Go on; true when it is over."""
        try:
            if not self._connected:
                self._error = self.sock.getsockopt(_socket.SOL_SOCKET, _socket.SO_ERROR)
                if self._error or self._verb == b"reach":
                    return True
                self._connected = True
            if self._words:
                self._words = self._words[self.sock.send(self._words) :]
            more = self.sock.recv(MOST_BYTES - len(self._answer))
        except BlockingIOError:
            return False
        except OSError as error:
            self._error = error.errno or errno.EIO
            return True
        self._answer += more
        return not more or len(self._answer) >= MOST_BYTES

    def told(self) -> bytes:
        """The reply."""
        return b"%s %s %d %s" % (self._verb, self._count, self._error, self._answer)
