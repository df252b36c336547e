"""An OPA server as a condition: `POST` of the input to a document of its data API, and what its answer means.

Whoever is not reached (no connection, no answer in time) leaves the decision that the scope names. Everything else
that is no answer denies: an undefined document has no `result` (the OPA REST API), an error of a policy is a 500.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from supervisor.model.condition import Condition
from supervisor.model.effect import Effect
from supervisor.model.visible import visible
from supervisor.policy.rego_output import failed, read_output, undefined
from supervisor.policy.scope import OpaServer

MOST_BYTES: Final = 1 << 20
TokenOf = Callable[[OpaServer], str]


class Opa:
    """One document of one server. From any thread; connections are kept for the next input."""

    def __init__(self, server: OpaServer, token_of: TokenOf) -> None:
        self._server, self._token_of = server, token_of
        parts = urlsplit(server.url)
        self._host, self._port, self._secure = parts.hostname or "", parts.port, parts.scheme == "https"
        # Without it an error in a builtin is merely undefined, and a deny that needs it does not come about.
        self._path = f"{parts.path}?strict-builtin-errors=true"
        self._idle: list[http.client.HTTPConnection] = []
        self._lock, self._closed = threading.Lock(), False

    def ask(self, document: str) -> Condition:
        """What it says to an input. Never raises."""
        by = self._server.url
        try:
            status, body = self._post(f'{{"input":{document}}}'.encode("utf-8", "replace"))
        except ssl.SSLError as error:
            return failed(by, f"the server cannot be trusted: {visible(str(error))}")
        except ValueError as error:
            return failed(by, visible(str(error)))
        except (OSError, http.client.HTTPException) as error:
            return self._unreachable(error)
        except Exception as error:
            return failed(by, f"asking it broke: {visible(f'{type(error).__name__}: {error}')}")
        if status != 200:
            return failed(by, f"the server answered {status}{_message(body)}")
        try:
            answer = json.loads(body)
        except ValueError:
            return failed(by, "the server's answer is no JSON")
        if not isinstance(answer, dict):
            return failed(by, "the server's answer is no object")
        found = read_output(by, answer["result"]) if "result" in answer else undefined(by)
        logged = answer.get("decision_id", "")
        return _logged(found, logged if isinstance(logged, str) else "")

    def _unreachable(self, error: Exception) -> Condition:
        late = isinstance(error, TimeoutError)
        why = f"no answer within {self._server.timeout} ms" if late else visible(str(error) or type(error).__name__)
        effect = max(self._server.unreachable, Effect.ASK)
        return Condition(effect, self._server.url, f"the server was not reached: {why}", fault=True)

    def _post(self, body: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"}
        if token := self._token_of(self._server):
            headers["Authorization"] = f"Bearer {token}"
        until = time.monotonic() + self._server.timeout / 1000
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        if kept is not None:
            try:
                return self._exchange(kept, body, headers, until)
            except TimeoutError:
                raise
            except (OSError, http.client.HTTPException):
                pass  # a server closes what was idle: once more on a new one
        return self._exchange(self._connect(until), body, headers, until)

    def close(self) -> None:
        """Close what is kept."""
        with self._lock:
            self._closed = True
            left, self._idle = self._idle, []
        for connection in left:
            connection.close()

    def _connect(self, until: float) -> http.client.HTTPConnection:
        left = max(0.001, until - time.monotonic())
        if not self._secure:
            return http.client.HTTPConnection(self._host, self._port, timeout=left)
        trust = ssl.create_default_context(cafile=self._server.ca or None)
        return http.client.HTTPSConnection(self._host, self._port, timeout=left, context=trust)

    def _exchange(
        self, connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str], until: float
    ) -> tuple[int, bytes]:
        try:
            self._in_time(connection, until)
            connection.request("POST", self._path, body, headers)
            self._in_time(connection, until)
            response = connection.getresponse()
            parts, size = [], 0
            # Piece by piece: a server that sends a byte now and then is late all the same.
            while part := response.read1(64 << 10):
                size += len(part)
                if size > MOST_BYTES:
                    raise ValueError("its answer is longer than 1 MiB")
                parts.append(part)
                self._in_time(connection, until)
        except BaseException:
            connection.close()
            raise
        response.close()
        with self._lock:
            keep = not response.will_close and not self._closed
            if keep:
                self._idle.append(connection)
        if not keep:
            connection.close()
        return response.status, b"".join(parts)

    @staticmethod
    def _in_time(connection: http.client.HTTPConnection, until: float) -> None:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if connection.sock is not None:
            connection.sock.settimeout(left)


def _message(body: bytes) -> str:
    try:
        said = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f": {visible(str(said))[:200]}"


def _logged(condition: Condition, decision_id: str) -> Condition:
    return replace(condition, logged=visible(decision_id)[:80]) if decision_id else condition
