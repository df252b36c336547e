"""The program in the pane: copied into a workspace, run by a bare Python, told by single keys what to do next.

`python pane_program.py FOLDER`. Each `g` starts the next job of FOLDER/jobs.json; what came of it is put into
FOLDER/done-N.json. A job is {"do": "absorb", "stream": NAME, "bytes": N} or {"do": "echo", "load": LOAD}.
"""

import fcntl
import json
import os
import select
import struct
import sys
import termios
import time
import tty
from pathlib import Path

CHUNK = 1 << 16
MARK = b"\x1b[7;13H\x1b[6n"
MARKED = b"\x1b[7;13R"
RESET = b"\x1bc\x1b[2J\x1b[H"
REDRAWS = 30
LINES = 100
TOKEN = b"<key-%05d>"


def put(data):
    """All of it to the terminal; a terminal's write may be short."""
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


def typed(seconds=0.0):
    """What was typed or answered within that time."""
    return os.read(0, CHUNK) if select.select([0], [], [], seconds)[0] else b""


def size():
    """(columns, rows)."""
    rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8)))
    return columns, rows


def absorb(job, folder):
    """Write the stream again and again, then wait until the terminal says where its cursor stands."""
    stream = (Path(folder) / (job["stream"] + ".stream")).read_bytes()
    stream *= max(1, -(-CHUNK // len(stream)))
    left = rounds = -(-job["bytes"] // len(stream))
    heard = b""
    before = time.perf_counter()
    while left:
        left -= 1
        for at in range(0, len(stream), CHUNK):
            put(stream[at : at + CHUNK])
            heard = (heard + typed())[-64:]
    put(MARK)
    while MARKED not in heard:
        heard = (heard + typed(30.0))[-64:]
    return {"seconds": time.perf_counter() - before, "bytes": rounds * len(stream)}


def ink(turn, rows):
    """A frame of an Ink app: the cursor up, every line erased and written again."""
    lines = [
        f"\x1b[2K\x1b[3{1 + (turn + y) % 7}m●\x1b[39m step {turn:06d}.{y:02d} \x1b[2mreads and writes\x1b[22m"
        for y in range(rows)
    ]
    return (f"\x1b[{rows}A\r" + "\r\n".join(lines) + "\r\n").encode()


def echo(job, folder):
    """Each `x` is answered with its number until `q`: in the top row above the load, in every line of a flood."""
    flood = (Path(folder) / "scroll.stream").read_bytes()[:CHUNK].split(b"\r\n")[:-1]
    _, rows = size()
    lines = min(30, rows - 3)
    if job["load"] != "flood":
        put(f"\x1b[2;{rows}r\x1b[2;1H".encode() + b"\r\n" * lines)
    count = turn = 0
    due = time.perf_counter()
    while True:
        if job["load"] == "flood":
            start = (turn * LINES) % (len(flood) - LINES)
            turn += 1
            put(b"".join(b"%b %b\r\n" % (TOKEN % count, line) for line in flood[start : start + LINES]))
            keys = typed()
        elif job["load"] == "redraw":
            keys = typed(max(0.0, due - time.perf_counter()))
            if time.perf_counter() >= due:
                due += 1 / REDRAWS
                turn += 1
                put(ink(turn, lines))
        else:
            keys = typed(30.0)
        for key in keys:
            if key == ord("q"):
                return {"keys": count}
            if key == ord("x"):
                count += 1
                if job["load"] != "flood":
                    put(b"\x1b7\x1b[1;1H\x1b[0m" + TOKEN % count + b"\x1b8")


def main(folder):
    """Until the last job is done."""
    jobs = json.loads((Path(folder) / "jobs.json").read_text())
    tty.setraw(0)
    put(RESET)
    done(folder, "ready", {"size": size()})
    for number, job in enumerate(jobs):
        while b"g" not in typed(60.0):
            pass
        came = absorb(job, folder) if job["do"] == "absorb" else echo(job, folder)
        put(RESET)
        while typed(0.1):
            pass
        done(folder, str(number), came)
    typed(600.0)


def done(folder, name, came):
    """A result that is whole as soon as it is there."""
    path = Path(folder) / f"done-{name}.new"
    path.write_text(json.dumps(came))
    path.rename(path.with_suffix(".json"))


if __name__ == "__main__":
    main(sys.argv[1])
