"""Readers between our own processes, which others may connect to: the control socket, the emulator host, the cell."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from supervisor.control.peers import Peer
from supervisor.control.server import ControlServer, _message
from supervisor.emulator.consoles import read_input
from supervisor.emulator.hostile import program_status
from supervisor.emulator.wire import Unframer, pack, unpack_frame
from supervisor.model.codec import Malformed
from tests.fuzz.reader import Reader

KEY = pack(ord("K"), b'{"key":"a","mods":0,"text":"a"}')


class _Server(ControlServer):
    """A control server whose session does nothing."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self._receipts = None

        def note(word: str) -> Any:
            def did(*_: object, **__: object) -> Any:
                self.done.append(word)
                return SimpleNamespace(escalation="e1", accepted=False, why="")

            return did

        self._runtime: Any = SimpleNamespace(shown=note("shown"), answer=note("answer"), end_grant=note("end_grant"))
        self._host: Any = SimpleNamespace(
            input=note("input"), resize=note("resize"), kill=note("kill"), grant_path=lambda *_, **__: ("", "no")
        )


def control(data: bytes) -> None:
    """A console's line is one thing to do, or it is hung up on with an error that the server knows."""
    server = _Server()
    for line in data.split(b"\n"):
        with suppress(ValueError, Malformed):
            message = _message(line)
            if message is not None:
                server._take(message, "c", Peer(1000, "dev", ()))
                server._grant_path(message, "dev")
    assert set(server.done) <= {"shown", "answer", "end_grant", "input", "resize", "kill"}


def emulator(data: bytes) -> None:
    """Frames are cut in any pieces alike; what a console says is an input or refused."""

    def frames(size: int) -> list[tuple[int, bytes]] | None:
        cutter, found = Unframer(1 << 16), []
        try:
            for at in range(0, len(data), size):
                found += list(cutter.feed(data[at : at + size]))
        except ValueError:
            return None
        return found

    whole = frames(max(len(data), 1))
    assert frames(5) == whole
    for kind, payload in whole or [(data[0] if data else 0, data[1:])]:
        with suppress(ValueError):
            read_input(kind, payload)
    with suppress(ValueError):
        unpack_frame(data)
    program_status(data)


def cell(data: bytes) -> None:
    """Files of the workspace that the session reads for its report say something, or nothing."""
    from supervisor.cell import leftbehind_texts as texts
    from supervisor.cell.leftbehind_walk import look_through

    text = data.decode("utf-8", "surrogateescape")
    for reads in (texts.git_config, texts.scripts, texts.attributes, texts.modules, texts.make, texts.common):
        assert isinstance(reads(text), tuple)
    with tempfile.TemporaryDirectory() as name:
        for path in (".git/config", "package.json", "Makefile", ".gitmodules", ".gitattributes"):
            (Path(name) / path).parent.mkdir(exist_ok=True)
            (Path(name) / path).write_bytes(data)
        look_through(name, seconds=5)


READERS = (
    Reader(
        "control socket",
        control,
        (
            b'{"type":"hello","console":"c","columns":80,"rows":24,"since":0}',
            b'{"type":"answer","answer":{"escalation":"e1","choice":"once","digest":"d"}}',
            b'{"type":"input","data":"aGk="}',
            b'{"type":"grant_path","path":"/x","write":true,"minutes":5}',
            b'{"type":"resize","columns":100,"rows":30}',
        ),
        (b'"answer":null', b"-1", b"1e400", b"true", b"[]", b"\\ud800", b'"kill"', b"9" * 5000),
        (b'{"a":', b"["),
    ),
    Reader(
        "emulator frames",
        emulator,
        (KEY, pack(ord("P"), b"paste"), pack(ord("N")) + KEY, pack(ord("M"), bytes(8))),
        (b"\xff\xff\xff\xff", b"\0\0\0\0", b"K", b"{}"),
    ),
    Reader(
        "files of the workspace",
        cell,
        (
            b"[core]\n\tfsmonitor = x\n[alias]\n  st = !sh\n",
            b'{"scripts": {"postinstall": "x"}}',
            b"include ../x\nall:\n\tx\n",
            b"*.c filter=x\n",
            b'[submodule "x"]\n\tpath = ..\n',
        ),
        (b"[include]\n", b"\\\n", b'"', b"!", b"${", b"= "),
        (b'{"scripts":', b"[a]\n"),
    ),
)
