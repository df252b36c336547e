"""The process that works conditions out: the Rego engine, apart from everything that it could break or read.

It is given nearly no environment, little memory, and a socket: first the modules, then one input after another. What
takes too long ends it, also where nobody is left to do that. Whatever it prints goes nowhere.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from supervisor.rego.wire import Closed, receive, send

MEMORY: Final = 512 << 20
"""Bytes in use above which it ends itself. The engine's allocator reserves far more: a limit of the kernel's on what is
reserved would keep it from starting."""
LOOK_SECONDS: Final = 0.05
IDLE_SECONDS: Final = 1.0
FAILED: Final = (
    "it failed: a function got what it cannot take (a regular expression: text that is not printable ASCII), "
    "or two rules give different values"
)
SECONDS: Final = 30
"""A backstop: whoever asked gave up long before."""
ANSWERS: Final = "agent_supervise_answers"


class Rules:
    """Modules, compiled; `entries` are the rules that can be asked for, as `package/rule`."""

    def __init__(self, modules: list[list[str]], entries: list[str]) -> None:
        import regopy  # type: ignore[import-untyped]

        self._engine = regopy.Interpreter()
        # Otherwise an error in a builtin is merely undefined, and a deny that needs it does not come about.
        self._engine.strict_built_in_errors = True
        self._entries = entries
        for number, (_, text) in enumerate(modules):
            try:
                self._engine.add_module(f"m{number}", text)
            except regopy.RegoError as error:
                raise Refused(str(error)) from error
        lines = [f"package {ANSWERS}"]
        lines += [f'answers["{number}"] := data.{entry.replace("/", ".")}' for number, entry in enumerate(entries)]
        self._engine.add_module("answers", "\n".join(lines) + "\n")
        try:
            self._bundle = self._engine.build(None, [f"{ANSWERS}/answers", *entries])
        except regopy.RegoError as error:
            raise Refused(str(error)) from error
        if not self._bundle.ok():
            raise Refused("the rules do not compile")

    def unknown(self, calls: list[str]) -> list[str]:
        """Which of these functions the engine does not have."""
        return [name for name in calls if not self._engine.is_builtin(name)]

    def answer(self, document: str) -> list[dict[str, Any]]:
        """For each entry an object of one key: `value`, `undefined` or `error`."""
        self._engine.set_input_term(document)
        whole = self._ask(f"{ANSWERS}/answers")
        if "value" in whole and isinstance(whole["value"], dict):
            found = whole["value"]
            numbers = map(str, range(len(self._entries)))
            return [{"value": found[number]} if number in found else {"undefined": True} for number in numbers]
        # One that fails takes the others with it: which one is it?
        return [self._ask(entry) for entry in self._entries]

    def _ask(self, entry: str) -> dict[str, Any]:
        try:
            text = str(self._engine.query_bundle_entrypoint(self._bundle, entry))
            if text == "undefined":
                return {"undefined": True}
            values = json.loads(text)["expressions"]
        except Exception:
            # `<error>`, and for a function that there is none of, or a recursion, not even that.
            return {"error": FAILED}
        return {"value": values[0]} if len(values) == 1 else {"undefined": True}


class Refused(Exception):
    """The modules do not compile; the text is the engine's."""


class MemoryLimit:
    """Ends this process when it has taken too much; looks only while something is worked out."""

    def __init__(self) -> None:
        self._busy = threading.Event()
        self._last = 0.0
        threading.Thread(target=self._look, daemon=True).start()

    def begin(self) -> None:
        """Something is worked out from now on."""
        self._last = time.monotonic()
        if not self._busy.is_set():
            self._busy.set()

    def _look(self) -> None:
        page = resource.getpagesize()
        with Path("/proc/self/statm").open("rb", buffering=0) as statm:
            while True:
                self._busy.wait()
                statm.seek(0)
                if int(statm.read(256).split()[1]) * page > MEMORY:
                    os._exit(1)
                if time.monotonic() - self._last > SECONDS + IDLE_SECONDS:
                    self._busy.clear()
                time.sleep(LOOK_SECONDS)


def serve(link: socket.socket) -> None:
    """Answer until the other end is gone."""
    memory = MemoryLimit()
    memory.begin()
    signal.alarm(SECONDS)
    start = json.loads(receive(link))
    try:
        rules = Rules(start["modules"], start["entries"])
    except Refused as error:
        send(link, json.dumps({"refused": str(error)}))
        return
    send(link, json.dumps({"unknown": rules.unknown(start["calls"])}))
    while True:
        signal.alarm(0)
        document = receive(link)
        memory.begin()
        signal.alarm(SECONDS)
        send(link, json.dumps(rules.answer(document), ensure_ascii=False))


def main() -> None:
    """Serve the socket that is handed over by its number."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import regopy

    regopy.set_default_log_level("None")
    link = socket.socket(fileno=int(sys.argv[1]))
    try:
        serve(link)
    except Closed:
        return


if __name__ == "__main__":
    main()
