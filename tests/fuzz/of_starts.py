"""Readers of program starts: notifications, argument blocks, first lines, shell text, command lines, plans."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, cast

from supervisor.gates.exec.caller import Call, read_call
from supervisor.gates.exec.calls import _NOTIF, Gone, Memory, Note
from supervisor.gates.exec.golang import Reads, go_program
from supervisor.gates.exec.image import _interpreter
from supervisor.gates.exec.launched import _program
from supervisor.gates.exec.strings import Strings
from supervisor.model.effect import Effect
from supervisor.model.request import Exec
from supervisor.parse.argv import Certainty, compile_pattern, match_command
from supervisor.parse.aws_cli import AwsCommand, aws_command
from supervisor.parse.command import inner, shell_programs
from supervisor.parse.opaque import Opaque
from supervisor.parse.readings import readings
from supervisor.parse.terraform import PlanFacts, plan_facts
from supervisor.policy.irreversible import irreversible
from tests.fuzz.reader import Reader

PAGE: Final = 4096
KEPT: Final = Strings()
"""Remembers what callers asked for before: that must change nothing."""
DESTROY: Final = compile_pattern("terraform destroy")
SHELLS = (
    b"terraform -chdir=infra destroy -auto-approve && echo done",
    b"for f in *; do rm -rf \"$f\"; done | xargs -0 env A=b sh -c 'aws s3 rm s3://$x'",
    b"cat <<'END' | sudo -u root bash\nkubectl delete ns prod\nEND\n",
    b'x=$(git push --force); [[ -n ${x:-y} ]] || eval "$x"',
    b"find . -name '*.py' -exec python3 -c 'import os; os.system(\"terraform destroy\")' {} \\;",
)
WORDS = (
    b"$(",
    b"`",
    b"<<E\n",
    b"&&",
    b"|",
    b"${",
    b"eval ",
    b"terraform destroy",
    b"sudo ",
    b"\\\n",
    b"''",
    b"--",
    b"-c ",
)


class _Image(Memory):
    """Memory that is these bytes, from page 16 on."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, tid: int, address: int, length: int) -> bytes:
        at = address - 16 * PAGE
        if tid == 99:
            raise Gone
        if not 0 <= at < len(self._data):
            raise OSError(14, "Bad address")
        return self._data[at : at + length]

    def gather(self, tid: int, spans: Sequence[tuple[int, int]]) -> bytes:
        pieces = []
        for address, length in spans:
            at = address - 16 * PAGE
            if not (at >= 0 and at + length <= len(self._data)):
                return b""
            pieces.append(self._data[at : at + length])
        return b"".join(pieces)


def notification(data: bytes) -> None:
    """What a caller wrote into its registers and memory is a call, an errno for it, or a caller that is gone.

    It is the same whether or not something like it was read before.
    """
    head, memory = data[: _NOTIF.size].ljust(_NOTIF.size, b"\0"), data[_NOTIF.size :]
    id_, tid, _, number, _, _, *args = _NOTIF.unpack(head)
    for nr in (number, 322, 59):
        note = Note(id_, tid, nr, cast("tuple[int, int, int, int, int, int]", tuple(args)))
        read = [_read(memory, note, strings) for strings in (Strings(), KEPT, KEPT)]
        assert read[0] == read[1] == read[2]


def _read(memory: bytes, note: Note, strings: Strings) -> Call | str:
    try:
        call = read_call(_Image(memory), note, 322, strings)
    except (OSError, Gone) as error:
        return repr(error)
    assert all(b"\0" not in word for word in (call.path, *call.argv, *call.env))
    return call


def _noted() -> bytes:
    base = 16 * PAGE
    strings = b"/usr/bin/terraform\0terraform\0destroy\0A=b\0"
    starts = [base + 64 + at for at in (0, 19, 29, 37)]
    arrays = struct.pack("8Q", starts[1], starts[2], 0, starts[3], 0, 0, 0, 0)
    args = (starts[0], base, base + 24, 0, 0, 0)
    return _NOTIF.pack(1, 7, 0, 59, 0xC000003E, 0, *args) + arrays + strings


def first_line(data: bytes) -> None:
    """A file's first bytes name an interpreter as the kernel reads it, or none; a loader's words name a program."""
    with suppress(OSError):
        words = _interpreter(data)
        assert words is None or (0 < len(words) <= 2 and all(b"\n" not in word for word in words))
    _program(tuple(data.split(b"\0")))
    assert isinstance(go_program(cast(Reads, data)), str)


def shell(data: bytes) -> None:
    """Shell text becomes starts, or something opaque; what is found is the same each time."""
    text = data.decode("utf-8", "surrogateescape")
    found = shell_programs(text, "/work")
    assert all(isinstance(start, Exec | Opaque) for start in found)
    assert shell_programs(text, "/work") == found


def command_line(data: bytes) -> None:
    """Any words are read, matched and looked into; nothing of it is certain of what is not there."""
    words = tuple(word.decode("utf-8", "surrogateescape") for word in data.split(b"\0"))
    start = Exec(f"/usr/bin/{words[0].rpartition('/')[2] or 'x'}", words, "/work", env=(("TF_CLI_ARGS", words[-1]),))
    assert readings(start)
    assert match_command(DESTROY, start) in Certainty
    assert all(isinstance(one, Exec | Opaque) for one in inner(start))
    assert isinstance(aws_command(words), AwsCommand | Opaque)
    assert isinstance(irreversible(start), tuple)
    with suppress(ValueError):
        compile_pattern(" ".join(words))


def plan(data: bytes) -> None:
    """A plan is understood, or opaque."""
    found = plan_facts(data.decode("utf-8", "replace"))
    assert isinstance(found, PlanFacts | Opaque)
    assert Effect.ASK  # an opaque plan asks: `policy.decide.opaque`


PLAN = (
    b'{"format_version":"1.2","terraform_version":"1.9.0","planned_values":{},"resource_changes":[{"address":"aws_db_instance.p",'
    b'"mode":"managed","type":"aws_db_instance","name":"p","provider_name":"aws","change":{"actions":["delete","create"],"before":{"id":"x"},"after":null}}]}'
)

READERS = (
    Reader(
        "notification and arguments", notification, (_noted(),), (b"\xff" * 8, b"\0" * 8, struct.pack("Q", 16 * PAGE))
    ),
    Reader(
        "first line of a program",
        first_line,
        (
            b"#!/usr/bin/env python3 -u\n",
            b"#! /bin/sh\n",
            b"\x7fELF\x02\x01" + bytes(58),
            b"\xff Go buildinf:" + bytes(2) + b"\x02" * 20,
            b"--library-path\0x\0/bin/true",
        ),
        (b"#!", b"\xff Go buildinf:", b"path\tcommand\n"),
    ),
    Reader("shell text", shell, SHELLS, WORDS, (b"$(", b"((", b"if a; then ", b"a|", b"{ ", b"case a in a) ")),
    Reader(
        "command line",
        command_line,
        (
            b"terraform\0-chdir=x\0destroy",
            b"env\0-S\0A=b terraform destroy",
            b"sh\0-c\0terraform destroy",
            b"aws\0--region\0x\0rds\0delete-db-instance\0--db-instance-identifier=prod",
            b"xargs\0-I\0{}\0sudo\0-u\0x\0rm\0{}",
        ),
        (b"\0", b"\0--\0", b"\0-c\0", b"=", b"$x", b"\0;\0"),
        (b"sudo\0", b"env\0", b"-\0"),
    ),
    Reader(
        "terraform plan",
        plan,
        (PLAN, PLAN.replace(b"delete", b"forget"), b'{"values": {}}'),
        (b'"delete"', b"null", b"[]", b"{}", b'"actions"', b"1e9", b"NaN"),
        (b'{"a":', b"["),
    ),
)
