"""The agent of the attacks' sessions: runs the techniques that it is told on standard input, one after the other.

A line of JSON in is `{"name", "command", "folder", "seconds", "environment", "clear"}`, one out is `{"name",
"code", "output"}`. The same program runs the controls outside. With `clear`, what a technique left running is ended.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
MOST_OUTPUT = 1 << 17
TIMED_OUT = 124


def children() -> list[int]:
    """What runs below us: daemons that left their parents come to us, who are the subreaper."""
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return [int(word) for word in file.read().split()]


def clear() -> None:
    """End everything that a technique left behind."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            left = children()
        except OSError:  # CONFIG_PROC_CHILDREN is not in every kernel
            return
        if not left:
            return
        for pid in left:
            for send in (os.kill, os.killpg):
                try:
                    send(pid, signal.SIGKILL)
                except OSError:
                    pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def run(order: dict) -> dict:
    """One technique, to its end or its time limit."""
    os.makedirs(order["folder"], exist_ok=True)
    output = b""
    try:
        process = subprocess.Popen(
            order["command"],
            cwd=order["folder"],
            env={**os.environ, **order["environment"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return {"name": order["name"], "code": 127, "output": str(error)}
    end = os.pidfd_open(process.pid)
    deadline = time.monotonic() + order["seconds"]
    ended, waiting = False, [process.stdout, end]
    while not ended and (left := deadline - time.monotonic()) > 0:
        # Its end counts, not that of the pipe: a daemon may hold it open.
        ready, _, _ = select.select(waiting, [], [], left)
        if process.stdout in ready:
            data = os.read(process.stdout.fileno(), 65536)
            output = kept(output + data)
            if not data:
                waiting.remove(process.stdout)
        ended = end in ready
    if not ended:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except OSError:
            pass
        process.kill()
    os.close(end)
    code = process.wait() if ended else TIMED_OUT
    while ready_again(process.stdout) and (data := os.read(process.stdout.fileno(), 65536)):
        output = kept(output + data)
    process.stdout.close()
    return {"name": order["name"], "code": code, "output": output.decode("utf-8", "replace")}


def kept(output: bytes) -> bytes:
    """The beginning and the end of what is too much."""
    return output if len(output) <= MOST_OUTPUT else output[: MOST_OUTPUT // 2] + output[-MOST_OUTPUT // 2 :]


def ready_again(file) -> bool:
    """Whether there is something to read at once."""
    return bool(select.select([file], [], [], 0)[0])


def main() -> None:
    """Until standard input ends."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGTSTP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        done = run(order)
        if order["clear"]:
            clear()
        print(json.dumps(done), flush=True)


if __name__ == "__main__":
    main()
