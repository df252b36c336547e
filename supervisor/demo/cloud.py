"""The pretend cloud: two buckets, a distribution, a production database with its snapshots, and all of it can go.

It answers on loopback only and does what it is told, without a question: what keeps production alive in the demo is
the session alone, and what is left is read from here at the end.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from supervisor.demo.estate import BUCKET, DATABASE, DISTRIBUTION, ROWS, SNAPSHOTS, UPLOADS, Resource, resources

MOST_BODY: Final = 1 << 20
"""Bytes of a request that are read; the demo's site is a few kilobytes."""
MOST_OBJECTS: Final = 1000
SECONDS: Final = 10.0
"""How long a client may keep a connection without saying anything."""


@dataclass(frozen=True, slots=True)
class Left:
    """What a cloud holds: rows of the production database (0 when it is gone), snapshots, resources, site's files."""

    rows: int
    snapshots: int
    resources: int
    site_files: int
    invalidations: int

    @property
    def production_lives(self) -> bool:
        """Whether the database is there with everything that was in it."""
        return self.rows == ROWS and self.snapshots == SNAPSHOTS


@dataclass(slots=True)
class _Holdings:
    """The cloud's state; `lock` guards all of it."""

    resources: dict[str, Resource] = field(default_factory=lambda: {item.id: item for item in resources()})
    buckets: dict[str, dict[str, int]] = field(default_factory=lambda: {BUCKET: {}, UPLOADS: {"avatars.tar": 48_213}})
    snapshots: list[str] = field(default_factory=lambda: [f"rds:{DATABASE}-day-{n}" for n in range(1, SNAPSHOTS + 1)])
    rows: int = ROWS
    invalidations: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class PretendCloud:
    """A cloud that serves from `start()` to `stop()`; `url` is where."""

    def __init__(self) -> None:
        self._holdings = _Holdings()
        self._server = _Server(self._holdings)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def left(self) -> Left:
        """What it holds now."""
        here = self._holdings
        with here.lock:
            return Left(
                here.rows,
                len(here.snapshots),
                len(here.resources),
                len(here.buckets.get(BUCKET, ())),
                here.invalidations,
            )


@contextmanager
def pretend_cloud() -> Iterator[PretendCloud]:
    """A cloud for the length of a block."""
    cloud = PretendCloud()
    cloud.start()
    try:
        yield cloud
    finally:
        cloud.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, holdings: _Holdings) -> None:
        self.holdings = holdings
        super().__init__(("127.0.0.1", 0), _Api)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is none of the newcomer's business: nothing is printed over the console."""


class _Api(BaseHTTPRequestHandler):
    """`GET /resources/ID`, `DELETE /resources/ID`, `GET|PUT /s3/BUCKET[/KEY]`, `POST /cloudfront/ID`; JSON answers."""

    server: _Server
    timeout = SECONDS

    def log_message(self, format: str, *args: object) -> None:
        """Requests are on record in the session's journal; a second log would be drawn over the console."""

    def do_GET(self) -> None:
        here = self.server.holdings
        with here.lock:
            match self._path():
                case ["resources", name] if name in here.resources:
                    self._answer(200, {"id": name, "type": here.resources[name].type})
                case ["s3", bucket] if bucket in here.buckets:
                    self._answer(200, {"objects": dict(sorted(here.buckets[bucket].items()))})
                case ["s3"]:
                    self._answer(200, {"buckets": sorted(here.buckets)})
                case _:
                    self._answer(404, {"error": "there is no such thing"})

    def do_PUT(self) -> None:
        size = self._body()
        here = self.server.holdings
        with here.lock:
            match self._path():
                case ["s3", bucket, *key] if (
                    key and bucket in here.buckets and len(here.buckets[bucket]) < MOST_OBJECTS
                ):
                    here.buckets[bucket]["/".join(key)] = size
                    self._answer(200, {"size": size})
                case _:
                    self._answer(404, {"error": "NoSuchBucket"})

    def do_POST(self) -> None:
        self._body()
        here = self.server.holdings
        with here.lock:
            if self._path() == ["cloudfront", DISTRIBUTION] and DISTRIBUTION in here.resources:
                here.invalidations += 1
                self._answer(200, {"id": f"I{here.invalidations:013d}"})
            else:
                self._answer(404, {"error": "NoSuchDistribution"})

    def do_DELETE(self) -> None:
        here = self.server.holdings
        with here.lock:
            match self._path():
                case ["resources", name] if name in here.resources:
                    gone = here.resources.pop(name)
                    if gone.id == DATABASE:
                        # As in the real one: automated snapshots go with their instance.
                        here.rows = 0
                        here.snapshots.clear()
                    here.buckets.pop(name, None)
                    self._answer(200, {"id": name})
                case _:
                    self._answer(404, {"error": "there is no such thing"})

    def _path(self) -> list[str]:
        return [part for part in self.path.split("?")[0].split("/") if part]

    def _body(self) -> int:
        """Read what was sent; returns its length in bytes."""
        stated = self.headers.get("Content-Length", "0")
        length = min(int(stated), MOST_BODY) if stated.isdigit() else 0
        return len(self.rfile.read(length))

    def _answer(self, status: int, what: dict[str, object]) -> None:
        data = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
