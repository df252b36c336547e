"""The AWS of a production: the demo's embedded one, which can be made whole again without another start."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from typing import Any, Final

from supervisor.demo.cloud import Left, quiet_environment
from supervisor.errors import HostError
from tests.e2e.headless import ROOT

_ASKED: Final = {"left": b"left\n", "again": b"again\n"}


class Cloud:
    """A process that answers at `url` until `stop`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.attacks.cloud"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("AGENT_SUPERVISE_DEBUG") else subprocess.DEVNULL,
            cwd=ROOT,
            env=quiet_environment(os.environ),
            start_new_session=True,
        )
        self.url = str(self._said())

    def left(self) -> Left:
        """What it holds now. Raises `HostError` where that cannot be told."""
        return Left(**self._asked("left"))

    def again(self) -> None:
        """Everything is as it was at first. Raises `HostError`."""
        self._asked("again")

    def stop(self) -> None:
        """Answer no more."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def _asked(self, what: str) -> Any:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(_ASKED[what])
            self._process.stdin.flush()
            said = self._said()
        except (OSError, ValueError) as error:
            raise HostError("the AWS of production is gone") from error
        if isinstance(said, str):
            raise HostError(f"the AWS of production is broken: {said}")
        return said

    def _said(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def main() -> None:
    """The process: says its URL, then answers on standard output what it is asked on its input."""
    from moto.moto_api._internal.models import moto_api_backend
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    from supervisor.demo.holdings import Holdings

    logging.disable(logging.CRITICAL)
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    url = f"http://127.0.0.1:{server.port}"
    holdings = Holdings(url)
    holdings.seed()
    print(json.dumps(url), flush=True)
    for line in sys.stdin.buffer:
        try:
            if line == _ASKED["again"]:
                moto_api_backend.reset()
                holdings.seed()
            said: object = asdict(holdings.left())
        except Exception as error:  # whatever was done to it, it can still be made whole
            said = f"{type(error).__name__}: {error}"
        print(json.dumps(said), flush=True)
    os._exit(0)  # nothing that it holds is of use to anybody now, and taking it apart takes seconds


if __name__ == "__main__":
    main()
