"""What the gate itself says to an HTTP client: a status line that people read in their tool's error, and a body."""

from __future__ import annotations

from supervisor.model.visible import visible

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_REASON_LIMIT = 200


def refusal(status: int, message: str) -> bytes:
    """A whole response with `message` as reason phrase (cut to 200 characters) and as body."""
    line = visible(message)
    shown = line if len(line) <= _REASON_LIMIT else f"{line[:_REASON_LIMIT]}... ({len(line)} characters)"
    reason = shown.encode("ascii", "replace").decode("ascii")
    body = f"agent-supervise: {line}\n".encode("utf-8", "replace")
    head = (
        f"HTTP/1.1 {status} {reason}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body
