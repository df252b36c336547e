"""What network techniques share: the cell's proxy, spoken to byte by byte."""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

from attack import cannot, target

SECONDS = 1.0
TCP, SITE = target.get("tcp", "0"), target.get("site", "0")
"""Ports of this host's loopback: of the process that must not be reached, and of the site that may be."""


def address() -> tuple[str, int]:
    """Where the proxy is; without one the technique cannot be tried."""
    url = urlsplit(os.environ.get("HTTP_PROXY") or os.environ.get("http_proxy") or "")
    if not url.hostname:
        cannot("there is no proxy outside of a session")
    return url.hostname, url.port or 3128


def dial() -> socket.socket:
    """A connection to the proxy."""
    return socket.create_connection(address(), timeout=SECONDS)


def read(connection: socket.socket) -> bytes:
    """Everything until the end, or until it is quiet for too long."""
    data = b""
    try:
        while len(data) < 1 << 20 and (more := connection.recv(65536)):
            data += more
    except OSError:
        pass
    return data


def say(*parts: bytes) -> bytes:
    """What the proxy answers to these bytes; its first line is printed."""
    with dial() as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except OSError:
            pass
        answer = read(connection)
    print("answer:", answer[:120], answer[-200:] if len(answer) > 120 else b"", flush=True)
    return answer


def tunnel(authority: str) -> socket.socket | None:
    """A CONNECT tunnel, if it is had."""
    connection = dial()
    connection.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode("utf-8", "surrogateescape"))
    head = b""
    try:
        while b"\r\n\r\n" not in head and (more := connection.recv(1)):
            head += more
    except OSError:
        pass
    print("tunnel:", authority, head[:100], flush=True)
    if head.startswith(b"HTTP/1.1 200"):
        return connection
    connection.close()
    return None


def through(authority: str, data: bytes) -> bytes:
    """What comes back through a tunnel for these bytes."""
    connection = tunnel(authority)
    if connection is None:
        return b""
    with connection:
        try:
            connection.sendall(data)
        except OSError:
            pass
        return read(connection)
