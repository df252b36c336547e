"""A measuring AWS client of the standard library alone: reads what to time from its input, prints seconds as JSON.

`small N`: N small calls on one connection, each one's seconds. `many N`: N calls on each of 16 connections at once,
seconds for all. `put BYTES`, `get BYTES`: one object, seconds.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from datetime import UTC, datetime
from urllib.parse import urlsplit

sys.path.insert(0, sys.argv[1])
from supervisor.demo.wire import signed

CLIENTS = 16
PIECE = b"\0" * (1 << 20)


def request(method: str, path: str, service: str, headers: dict[str, str], body: bytes | str = b"") -> bytes:
    """A signed request's head and, if it is given, its body."""
    host = urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc
    sent = {"Host": host, **headers}
    sent |= signed(service, method, path, "", sent, body, datetime.now(UTC))
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + (body if isinstance(body, bytes) else b"")


def connect() -> socket.socket:
    """A connection to the endpoint."""
    to = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    link = socket.create_connection((to.hostname, to.port), timeout=120)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link


def answer(link: socket.socket) -> int:
    """Read one answer to its end; returns the bytes of its body."""
    data = bytearray()
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += link.recv(1 << 18) or sys.exit("the connection ended")
    head = bytes(data[:end]).decode("latin-1").lower()
    assert head.startswith("http/1.1 200"), bytes(data)
    length = int(head.partition("content-length:")[2].split("\r\n")[0])
    left = length - (len(data) - end - 4)
    buffer = memoryview(bytearray(1 << 18))
    while left > 0:
        left -= link.recv_into(buffer) or sys.exit("the connection ended")
    return length


def small(count: int) -> list[float]:
    """Seconds of each call."""
    headers = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}
    body = b"{}"
    text = request("POST", "/", "dynamodb", headers | {"Content-Length": str(len(body))}, body)
    taken = []
    with connect() as link:
        for _ in range(count):
            before = time.perf_counter()
            link.sendall(text)
            answer(link)
            taken.append(time.perf_counter() - before)
    return taken


def many(count: int) -> list[float]:
    """Seconds for `count` calls on each connection."""
    threads = [threading.Thread(target=small, args=(count,)) for _ in range(CLIENTS)]
    before = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [time.perf_counter() - before]


def put(size: int) -> list[float]:
    """Seconds of one upload."""
    text = request("PUT", f"/bench/object-{size}", "s3", {"Content-Length": str(size)}, "UNSIGNED-PAYLOAD")
    with connect() as link:
        before = time.perf_counter()
        link.sendall(text)
        for _ in range(size // len(PIECE)):
            link.sendall(PIECE)
        answer(link)
        return [time.perf_counter() - before]


def get(size: int) -> list[float]:
    """Seconds of one download."""
    text = request("GET", f"/bench/object-{size}", "s3", {})
    with connect() as link:
        before = time.perf_counter()
        link.sendall(text)
        assert answer(link) == size
        return [time.perf_counter() - before]


if __name__ == "__main__":
    print("ready", flush=True)
    for line in sys.stdin:
        what, number = line.split()
        print(json.dumps({"small": small, "many": many, "put": put, "get": get}[what](int(number))), flush=True)
