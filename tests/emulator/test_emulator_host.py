"""The host process: a crash costs a re-feed, a console costs nobody else anything."""

from __future__ import annotations

import json
import os
import resource
import socket
import struct
from pathlib import Path

import pytest

from supervisor.emulator.engine import Key, Mods
from supervisor.emulator.handle import CRASHES_BEFORE_GIVING_UP
from supervisor.emulator.sockets import connect
from supervisor.emulator.wire import HEAD, State, ToScreen, Unframer, pack
from tests.emulator.emulator_stage import Console, Stage, stage, until

pytestmark = pytest.mark.long


def lines(first: int, last: int) -> bytes:
    return b"".join(b"line %d\r\n" % number for number in range(first, last))


async def test_bytes_become_rows_and_keys_become_bytes(tmp_path: Path) -> None:
    """What a program prints is on the console; a key, a paste and an answer arrive at the program."""
    async with stage(tmp_path) as here:
        console = here.console()
        here.host.feed(b"hello \x1b[6n")
        await console.sees("hello")
        console.link.key(Key("c", Mods.CTRL))
        console.link.paste("pasted")
        await until(lambda: here.input.endswith(b"pasted"), "the paste")
        assert bytes(here.input) == b"\x1b[1;7R\x03pasted"


async def test_a_crash_costs_a_refeed(tmp_path: Path) -> None:
    """After SIGKILL the screen, the scrollback, the size and the title are as before, and no answer is given twice."""
    async with stage(tmp_path) as here:
        console = here.console()
        here.host.feed(b"\x1b]2;my title\x07\x1b[c" + lines(0, 60))
        here.host.resize(60, 9)
        here.host.feed(b"\x1b[?2004h\x1b[9;50Hcorner")
        before = await console.sees("corner")
        await here.parsed()
        answers, titles = bytes(here.input), len(here.events)
        await here.crash()
        await until(lambda: console.states[-2:] == ["lost", "here"] and console.text == before, "the same screen")
        assert console.frame is not None and (console.frame.columns, console.frame.rows) == (60, 9)
        console.link.scroll(1000)
        await console.sees("line 0")
        console.link.paste("x")
        await until(lambda: here.input.endswith(b"\x1b[201~"), "still in bracketed paste")
        assert bytes(here.input) == answers + b"\x1b[200~x\x1b[201~"
        assert [event["type"] for event in here.events[titles:]] == ["emulator", "emulator"]
        await until(lambda: console.events[-1] == {"type": "title", "text": "my title"}, "the title")


async def test_what_was_drawn_for_another_size_is_restored_at_that_size(tmp_path: Path) -> None:
    """Output is fed again at the size that it was made for, and only then is the window what it is now."""
    async with stage(tmp_path, 20, 4) as here:
        console = here.console()
        here.host.feed(b"\x1b[4;1Hbottom\x1b[1;1H" + b"x" * 25 + b"\x1b[2;1Hsecond")
        await console.sees("bottom")
        here.host.resize(30, 8)
        here.host.feed(b"!")
        before = await console.sees("second!")
        await here.crash()
        await until(lambda: console.states[-2:] == ["lost", "here"] and any(console.text), "a screen")
        await console.sees("second!")
        assert console.text == before


async def test_a_long_session_is_restored_from_a_snapshot(tmp_path: Path) -> None:
    """Of many megabytes only the end is kept, and with the snapshot before it that is enough, the title too."""
    async with stage(tmp_path) as here:
        here.host.feed(b"\x1b]2;old title\x07")
        for first in range(0, 900_000, 9_000):
            here.host.feed(lines(first, first + 9_000))
            await here.host.drain()
        await here.parsed()
        await until(lambda: here.host._tail._snapshot, "a snapshot")
        assert here.host._tail._kept < here.host._tail.fed / 2
        await here.crash()
        console = here.console()
        await console.sees("line 899999")
        console.link.scroll(5000)
        await console.sees("line 894995")
        await until(lambda: {"type": "title", "text": "old title"} in console.events, "the title")


async def test_output_that_comes_while_there_is_no_host_is_not_lost(tmp_path: Path) -> None:
    """What the program prints between crash and restart is on the screen afterwards."""
    async with stage(tmp_path) as here:
        console = here.console()
        here.host.feed(b"before ")
        await console.sees("before")
        os.kill(here.pid, 9)
        here.host.feed(b"meanwhile ")
        await until(lambda: here.count("restarted"), "a restart")
        here.host.feed(b"after")
        await console.sees("before meanwhile after")


async def test_a_host_that_keeps_crashing_forgets_and_then_gives_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What crashes it again and again is forgotten; if that does not help the session goes on without a picture."""
    monkeypatch.setattr("supervisor.emulator.handle.CRASHES_BEFORE_FORGETTING", 2)
    monkeypatch.setattr("supervisor.emulator.handle.CRASHES_BEFORE_GIVING_UP", 3)
    async with stage(tmp_path) as here:
        console = here.console()
        here.host.feed(b"poison")
        await console.sees("poison")
        for _ in range(2):
            await here.crash()
        here.host.feed(b"fresh")
        await console.sees("fresh")
        assert "poison" not in "".join(console.text)
        os.kill(here.pid, 9)
        await until(lambda: here.count("failed"), "giving up")
        assert here.host.failed and not here.host.full and CRASHES_BEFORE_GIVING_UP == 12
        here.host.feed(b"x" * (1 << 20))
        await here.host.drain()


async def test_a_late_console_gets_everything_at_once(tmp_path: Path) -> None:
    """A console that attaches late has screen, title and scrollback with its first frame."""
    async with stage(tmp_path) as here:
        here.host.feed(b"\x1b]2;title\x07" + lines(0, 100) + b"here")
        await here.parsed()
        await until(lambda: {"type": "title", "text": "title"} in here.events, "the title")
        console = here.console()
        await until(lambda: console.frame, "a frame")
        assert console.text == ["line 95", "line 96", "line 97", "line 98", "line 99", "here"]
        assert console.frame is not None and console.frame.history == 95
        assert console.events == [{"type": "title", "text": "title"}]
        console.link.scroll(95)
        assert (await console.sees("line 0"))[0] == "line 0"


async def test_a_console_that_draws_nothing_holds_nobody_up(tmp_path: Path) -> None:
    """A stuck console gets no more frames; the program's flood is taken and another console sees its end."""
    async with stage(tmp_path) as here:
        stuck, other = here.console(), here.console()
        stuck.draws = False
        await until(lambda: stuck.frames and other.frames, "first frames")
        for first in range(0, 100_000, 5_000):
            here.host.feed(lines(first, first + 5_000))
            await here.host.drain()
        await other.sees("line 99999")
        assert stuck.frames == 1
        stuck.draws = True
        stuck.link.drawn()
        await stuck.sees("line 99999")


async def test_two_consoles_look_at_different_places(tmp_path: Path) -> None:
    """One looks back while the other is live; a key of the one that looks back brings it to the live screen."""
    async with stage(tmp_path) as here:
        one, two = await looking_back(here), here.console()
        here.host.feed(b"live")
        await two.sees("live")
        assert "live" not in "".join(one.text)
        one.link.key(Key("a", text="a"))
        await one.sees("live")
        assert one.back == 0 and bytes(here.input) == b"a"


async def looking_back(here: Stage) -> Console:
    """A console that looks ten rows back."""
    console = here.console()
    here.host.feed(lines(0, 50))
    await console.sees("line 49")
    console.link.scroll(10)
    await until(lambda: console.back == 10, "looking back")
    return console


@pytest.mark.parametrize("change", [b"\x1b[?1049h\x1b[Hnew picture", b"\x1b[3J\x1b[Hnew picture"])
async def test_a_place_that_is_gone_gives_the_live_screen_back(tmp_path: Path, change: bytes) -> None:
    """Whoever looks back when the scrollback ends, or a full-screen program starts, sees the live screen again."""
    async with stage(tmp_path) as here:
        one, two = await looking_back(here), here.console()
        here.host.feed(change)
        await two.sees("new picture")
        two.link.scroll(3)
        await one.sees("new picture")
        here.host.feed(b" goes on")
        await one.sees("new picture goes on")
        assert one.back == 0 and here.count("restarted") == 0


async def test_forgetting_gives_the_live_screen_back(tmp_path: Path) -> None:
    """A player that seeks back while somebody looks at the scrollback shows what it plays."""
    async with stage(tmp_path) as here:
        console = await looking_back(here)
        here.host.reset()
        here.host.feed(b"from the start")
        await console.sees("from the start")
        assert here.count("restarted") == 0


async def test_a_new_size_reaches_who_looks_back(tmp_path: Path) -> None:
    """The scrollback is shown at the window's new size at once."""
    async with stage(tmp_path) as here:
        console = await looking_back(here)
        here.host.resize(30, 8)
        await until(lambda: console.frame is not None and console.frame.rows == 8, "the new size")


async def test_a_held_screen_is_shown_after_a_second_at_the_latest(tmp_path: Path) -> None:
    """A synchronised update hides its halves, and a program that never ends one cannot hide its screen for ever."""
    async with stage(tmp_path) as here:
        console = here.console()
        here.host.feed(b"whole")
        await console.sees("whole")
        here.host.feed(b"\x1b[?2026h\x1b[Hhalf.")
        await here.parsed()
        assert console.text[0] == "whole"
        await console.sees("half.")


async def test_a_size_report_is_given_after_a_restart_too(tmp_path: Path) -> None:
    """A program that asked to be told of sizes in band is told of a new one by the restarted host."""
    async with stage(tmp_path) as here:
        here.host.feed(b"\x1b[?2048h")
        await until(lambda: here.input, "the first report")
        await here.parsed()
        await here.crash()
        here.host.resize(50, 10)
        await until(lambda: b"\x1b[48;10;50;160;400t" in here.input, f"the second report in {here.input!r}")
        assert here.input.count(b"\x1b[48;") == 2


GARBAGE = {
    "noise": os.urandom(64).replace(b"\0", b"\1") + b"\xff" * 64,
    "too long": HEAD.pack(ToScreen.PASTE, 0xFFFFFFFF),
    "unknown kind": pack(0, b"x"),
    "short mouse": pack(ToScreen.MOUSE, b"\1"),
    "short scroll": pack(ToScreen.SCROLL, b""),
    "odd mouse": pack(ToScreen.MOUSE, struct.pack("!BBBhh", 9, 1, 0, 1, 1)),
    "no text": pack(ToScreen.PASTE, b"\xff\xfe"),
    "no json": pack(ToScreen.KEY, b"{"),
    "no object": pack(ToScreen.KEY, b"[]"),
    "no key": pack(ToScreen.KEY, b'{"key": 7}'),
    "unknown key": pack(ToScreen.KEY, b'{"key": "hyperdrive"}'),
    "half a character": pack(ToScreen.KEY, b'{"key": "a", "text": "\\ud800"}'),
    "nested": pack(ToScreen.KEY, b"[" * 200_000),
    "a number without end": pack(ToScreen.KEY, b'{"key": "a", "mods": ' + b"9" * 10_000 + b"}"),
}


async def test_garbage_costs_its_own_connection_only(tmp_path: Path) -> None:
    """A console that breaks the protocol is hung up on; the host, the program and the other console go on."""
    async with stage(tmp_path) as here:
        console = here.console()
        here.host.feed(b"good")
        await console.sees("good")
        for name, garbage in GARBAGE.items():
            bad = connect(here.path)
            try:
                bad.setblocking(True)
                bad.sendall(garbage)
                bad.setblocking(False)
                await until(lambda: _hung_up(bad), name)  # noqa: B023
            finally:
                bad.close()
        console.link.key(Key("x", text="x"))
        await until(lambda: here.input == b"x", "a key of the other console")
        here.host.feed(b" and on")
        await console.sees("good and on")
        assert here.count("restarted") == 0


def _hung_up(sock: socket.socket) -> bool:
    try:
        return not sock.recv(1 << 16)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


async def test_a_console_that_asks_and_never_reads_costs_no_time(tmp_path: Path) -> None:
    """A console whose frames pile up unread is left alone until it reads: the host does not spin for it."""
    async with stage(tmp_path, 200, 100) as here:
        deaf = connect(here.path)
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            for round_ in range(40):
                deaf.sendall(pack(ToScreen.NEXT))
                here.host.feed(b"\x1b[H" + b"%07d " % round_ * 2500)
                await here.parsed()
            seen = here.console()
            here.host.feed(b"\x1b[2J\x1b[Hend")
            await seen.sees("end")
            before = _seconds(here.pid)
            for number in range(20):
                here.host.feed(b"\x1b[H%d|" % number)
                await seen.sees(f"{number}|")
            assert _seconds(here.pid) - before < 0.3
        finally:
            deaf.close()


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_consoles_have_a_limit(tmp_path: Path) -> None:
    """The seventeenth console is turned away, and the sixteen stay."""
    async with stage(tmp_path) as here:
        consoles = [here.console() for _ in range(16)]
        await until(lambda: all(console.frame for console in consoles), "sixteen screens")
        late = here.console()
        await until(lambda: "lost" in late.states, "turned away")
        late.link.close()
        here.host.feed(b"all of you")
        for console in consoles:
            await console.sees("all of you")


async def test_the_end_is_told_with_the_last_screen(tmp_path: Path) -> None:
    """When the program has ended every console gets the last screen, then the end, and the socket is gone."""
    async with stage(tmp_path) as here:
        console = here.console()
        await until(lambda: console.frame, "a frame")
        console.draws = False
        here.host.feed(b"first")
        await console.sees("first")
        here.host.feed(b" last words")
        await here.host.close()
        await until(lambda: console.states[-1] == "closed", "the end")
        assert console.text[0] == "first last words"
        assert not here.path.exists() and here.pid == 0


async def test_only_this_user_reaches_the_screen(tmp_path: Path) -> None:
    """The screen's socket is for its owner, in a folder of any depth."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    async with stage(deep) as here:
        console = here.console()
        here.host.feed(b"deep")
        await console.sees("deep")
        assert here.path.stat().st_mode & 0o777 == 0o600


async def test_the_host_keeps_little(tmp_path: Path) -> None:
    """The process that parses hostile bytes writes no file and no core, and knows little of the environment."""
    async with stage(tmp_path) as here:
        console = here.console()
        await until(lambda: console.frame, "a frame")
        for limit in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
            assert resource.prlimit(here.pid, limit) == (0, 0)
        names = {item.partition(b"=")[0] for item in Path(f"/proc/{here.pid}/environ").read_bytes().split(b"\0")}
        assert names <= {b"", b"HOME", b"PYTHONPATH", b"PYTHONHOME", b"PYTHONUSERBASE", b"LD_LIBRARY_PATH"}
        assert Path(f"/proc/{here.pid}/cwd").readlink() == Path("/")


async def test_state_flags_reach_the_console(tmp_path: Path) -> None:
    """A console knows whether the program wants mouse, movement and focus, and has a screen of its own."""
    async with stage(tmp_path) as here:
        console = here.console()
        here.host.feed(b"\x1b[?1049h\x1b[?1003h\x1b[?1004h\x1b[?25lx")
        await console.sees("x")
        assert console.frame is not None
        wanted = State.ALTERNATE | State.MOUSE | State.MOTION | State.FOCUS
        assert console.frame.state & (wanted | State.CURSOR) == wanted


async def test_events_reach_session_and_console_as_text(tmp_path: Path) -> None:
    """A clipboard write, a bell and a hostile title are told to both, and none of it is a control character."""
    async with stage(tmp_path) as here:
        console = here.console()
        await until(lambda: console.frame, "a frame")
        here.host.feed("\x1b]52;c;aGk=\x07\x07\x1b]2;a\u009b[red]b\u202e\x1b\\".encode())
        wanted: list[dict[str, object]] = [
            {"type": "clipboard", "bytes": 2},
            {"type": "bell"},
            {"type": "title", "text": "a[red]b"},
        ]
        await until(lambda: all(event in console.events for event in wanted), "the events")
        assert all(event in here.events for event in wanted) and not here.input
        assert json.dumps(here.events).isprintable()


def test_a_frame_in_pieces_is_a_frame() -> None:
    """Frames are cut out of the stream wherever the reads end."""
    sent = pack(ord("k"), b"one") + pack(ord("p"), b"") + pack(ord("k"), b"three")
    cutter = Unframer()
    got = [frame for at in range(len(sent)) for frame in cutter.feed(sent[at : at + 1])]
    assert got == [(ord("k"), b"one"), (ord("p"), b""), (ord("k"), b"three")]
