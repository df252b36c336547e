"""A scripted model on loopback: it speaks Anthropic's Messages API (streaming) and answers with prepared turns.

A turn is what the model says, or a shell command that it wants to run. What the agent sends back is kept.
"""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

KEY = "sk-ant-fake-000-for-tests-only-0000000000"


@dataclass(frozen=True)
class Say:
    """The model says this and ends its turn."""

    text: str


@dataclass(frozen=True)
class Run:
    """The model calls the tool that runs shell commands."""

    command: str


class Model:
    """Serves the turns in order to requests that carry tools; the last one again and again."""

    def __init__(self, *turns: Say | Run) -> None:
        self._turns, self._at, self._lock = turns, 0, threading.Lock()
        self.results: list[str] = []
        model = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
                if not self.path.split("?")[0].endswith("/messages"):
                    self._send("application/json", json.dumps({"input_tokens": 10}).encode())
                    return
                events = list(model.answer(body))
                if body.get("stream"):
                    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
                    self._send("text/event-stream", text.encode())
                else:
                    self._send("application/json", json.dumps(model.message(body)).encode())

            def do_GET(self) -> None:
                self._send("application/json", b"{}")

            do_HEAD = do_GET

            def _send(self, kind: str, data: bytes) -> None:
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None: ...

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def __enter__(self) -> Model:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """What ANTHROPIC_BASE_URL is set to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _block(self, body: dict[str, Any]) -> dict[str, Any]:
        for message in body.get("messages", []):
            content = message.get("content")
            for part in content if isinstance(content, list) else []:
                if part.get("type") == "tool_result" and (text := json.dumps(part.get("content"))) not in self.results:
                    self.results.append(text)
        tools = [tool.get("name", "") for tool in body.get("tools", [])]
        shell = next((name for name in tools if name.lower() == "bash"), "")
        if not shell:
            return {"type": "text", "text": "ok"}
        with self._lock:
            turn = self._turns[min(self._at, len(self._turns) - 1)]
            self._at += 1
            number = self._at
        if isinstance(turn, Say):
            return {"type": "text", "text": turn.text}
        words = {"command": turn.command, "description": "a step of the test"}
        return {"type": "tool_use", "id": f"toolu_{number:04}", "name": shell, "input": words}

    def message(self, body: dict[str, Any]) -> dict[str, Any]:
        """A whole answer."""
        block = self._block(body)
        return self._head(body) | {"content": [block], "stop_reason": _reason(block)}

    def answer(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The events of a streamed answer."""
        if not body.get("stream"):
            return
        block = self._block(body)
        yield {"type": "message_start", "message": self._head(body) | {"content": [], "stop_reason": None}}
        if block["type"] == "text":
            yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
            delta = {"type": "text_delta", "text": block["text"]}
        else:
            yield {"type": "content_block_start", "index": 0, "content_block": block | {"input": {}}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
        yield {"type": "content_block_stop", "index": 0}
        reason = {"stop_reason": _reason(block), "stop_sequence": None}
        yield {"type": "message_delta", "delta": reason, "usage": {"output_tokens": 10}}
        yield {"type": "message_stop"}

    @staticmethod
    def _head(body: dict[str, Any]) -> dict[str, Any]:
        usage = {"input_tokens": 10, "output_tokens": 1, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
        name = body.get("model", "scripted")
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": name,
            "stop_sequence": None,
            "usage": usage,
        }


def _reason(block: dict[str, Any]) -> str:
    return "tool_use" if block["type"] == "tool_use" else "end_turn"
