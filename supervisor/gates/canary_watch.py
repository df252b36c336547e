"""The canaries of a running session: rounds of them on its event loop, over the socket that leads to the PID 1."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.canary import Canary, CanaryDesk, Rounds
from supervisor.gates.canary_kinds import AwsCanary, ExecCanary, FilesCanary, NetworkCanary, RouteCanary
from supervisor.model.event import GatesChecked

_LONGEST: Final = 64 * 1024
_AT_ONCE: Final = 64
"""Replies that are read before the loop goes on with something else."""


class CanaryWatch:
    """Starts a round at once and one each minute; lives on the running loop.

    `checked` is told the outcome of each round, and of the first failure at once. The caller closes `channel`.
    """

    def __init__(
        self,
        canaries: Sequence[Canary],
        desk: CanaryDesk,
        channel: socket.socket,
        checked: Callable[[GatesChecked], None],
    ) -> None:
        self._channel, self._checked = channel, checked
        self._rounds = Rounds(canaries, desk, self._send, self._told)
        self._loop = asyncio.get_running_loop()
        self._first = asyncio.Event()
        self._reading = False

    def start(self) -> None:
        """Begin the first round."""
        self._loop.add_reader(self._channel.fileno(), self._read)
        self._reading = True
        self._rounds.begin()

    async def proved(self) -> bool:
        """Wait for the end of the first round; whether every gate held."""
        await self._first.wait()
        return not self._rounds.failed

    def tick(self) -> None:
        """A tick of the session has passed."""
        if self._reading:
            self._read()  # what was said in time counts before the time does
            self._rounds.tick()

    def ran(self) -> None:
        """A program start that had to be refused was not: it replaced the cell's first process."""
        self._rounds.fail("exec", "a program start that had to be refused was not: it ran, and ended the cell")

    def stop(self) -> None:
        """No more rounds, and nothing is read any more."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._channel.fileno())

    def _send(self, message: bytes) -> bool:
        try:
            self._channel.send(message)
        except OSError:
            return False
        return True

    def _read(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                data = self._channel.recv(_LONGEST)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self.stop()  # the cell has ended; how is told elsewhere
                return
            self._rounds.reply(data)

    def _told(self, record: GatesChecked) -> None:
        self._checked(record)
        self._first.set()


def canaries_of(
    *, weakened: frozenset[str], port: int, variables: Mapping[str, str], hidden: str
) -> tuple[Canary, ...]:
    """The canaries of a session whose proxy is `port` of the cell and whose agent has these AWS `variables`.

    `hidden` is a file that the cell must not show. A gate that is weakened has none.
    """
    placeholder = Placeholder(
        variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], variables["AWS_SESSION_TOKEN"]
    )
    every: tuple[Canary, ...] = (
        ExecCanary(),
        RouteCanary(),
        NetworkCanary(port),
        AwsCanary(port, placeholder, variables["AWS_REGION"]),
        FilesCanary(hidden),
    )
    return tuple(canary for canary in every if canary.gate not in weakened)
