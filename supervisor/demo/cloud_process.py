"""The process of the demo's AWS: moto behind a socket that listens already, until its standard input ends."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from dataclasses import asdict
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from supervisor.demo.cloud import LEFT
from supervisor.demo.holdings import Holdings


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Requests are on record in the session's journal; a second log would be drawn over the console."""


def main(listening: int, *, seeded: bool) -> None:
    """Fill it, answer on the descriptor `listening`, and tell what is left as often as it is asked."""
    logging.disable(logging.CRITICAL)
    app = DomainDispatcherApplication(create_backend_app)
    # Ours first, on a port of its own: whoever waits on the other one sees it only once it is filled.
    own = _serve(make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet))
    holdings = Holdings(f"http://127.0.0.1:{own.port}")
    if seeded:
        holdings.seed()
    _serve(make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet, fd=listening))
    for line in sys.stdin.buffer:
        if line == LEFT:
            print(json.dumps(asdict(holdings.left())), flush=True)
    os._exit(0)  # nothing that it holds is of use to anybody now, and taking it apart takes seconds


def _serve(server: BaseWSGIServer) -> BaseWSGIServer:
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


if __name__ == "__main__":
    main(int(sys.argv[1]), seeded="--empty" not in sys.argv[2:])
