"""An OPA server as a condition: what its answers mean, and that nobody who is slow, gone or false allows anything."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from supervisor.model.condition import Condition
from supervisor.model.effect import Effect
from supervisor.policy.scope import OpaServer, Source
from supervisor.rego.conditions import Conditions
from supervisor.rego.opa import Opa
from supervisor.rego.opa_token import token_of
from tests.core.desk import START
from tests.rego.stage import ALLOWED, Answering, answering, asked, rego, result, under

PATIENCE = 60.0


def put(server: OpaServer, document: str = '{"a":1}') -> Condition:
    """What the server says to an input."""
    with closing(Opa(server, lambda _: "")) as opa:
        return opa.ask(document)


@pytest.mark.parametrize(
    ("status", "body", "effect", "because"),
    [
        (200, b'{"result": true}', Effect.ALLOW, ""),
        (200, b'{"result": {"effect": "ask", "because": "so"}}', Effect.ASK, "so"),
        (200, b"{}", Effect.DENY, "`decision` is undefined"),
        (200, b'{"decision_id": "x"}', Effect.DENY, "`decision` is undefined"),
        (200, b'{"result": null}', Effect.DENY, "is null"),
        (200, b'{"result": [true]}', Effect.DENY, "is a list"),
        (200, b"true", Effect.DENY, "no object"),
        (200, b"<html>", Effect.DENY, "no JSON"),
        (200, b"\xff", Effect.DENY, "no JSON"),
        (201, b'{"result": true}', Effect.DENY, "answered 201"),
        (302, b'{"result": true}', Effect.DENY, "answered 302"),
        (
            401,
            b'{"code": "unauthorized", "message": "request rejected"}',
            Effect.DENY,
            "answered 401: request rejected",
        ),
        (500, b'{"message": "\\u001b[2J"}', Effect.DENY, "answered 500: "),
        (200, b'{"result": true, "x": "' + b"a" * (1 << 20) + b'"}', Effect.DENY, "longer than 1 MiB"),
    ],
)
def test_only_an_answer_of_the_document_counts(status: int, body: bytes, effect: Effect, because: str) -> None:
    """Undefined, another status, another form, too much: each denies in words, also where unreachable would ask."""
    with answering(lambda _: (status, body)) as server:
        made = put(server.opa(unreachable=Effect.ASK))
    assert made.effect is effect and because in made.because and "\x1b" not in made.because
    assert made.by.endswith("/v1/data/a/decision")


@pytest.mark.parametrize("unreachable", [Effect.ASK, Effect.DENY])
def test_who_is_not_reached_leaves_what_the_scope_names(unreachable: Effect) -> None:
    """Nobody listens, or the connection ends without an answer: ask or deny, and a line that says so."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        nobody = OpaServer(f"http://127.0.0.1:{port}/v1/data/a", Source("t.yaml", 1), unreachable=unreachable)
        made = put(nobody)
    assert made.effect is unreachable and made.fault and "was not reached" in made.because
    with answering(lambda _: (0, b"")) as server:
        made = put(server.opa(unreachable=unreachable))
    assert made.effect is unreachable and made.fault


def test_unreachable_never_allows() -> None:
    """Whatever a scope value says that no file can say."""
    made = put(OpaServer("http://127.0.0.1:1/v1/data/a", Source("t.yaml", 1), unreachable=Effect.ALLOW))
    assert made.effect is Effect.ASK


@pytest.mark.parametrize("pieces", [0, 1000])
def test_a_slow_server_is_late(pieces: int) -> None:
    """It says nothing, or a byte now and then: after its time it is not waited for."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            link, _ = listener.accept()
            with link:
                link.recv(65536)
                if pieces:
                    link.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(pieces):
                    if over.wait(0.02):
                        return
                    try:
                        link.sendall(b" ")
                    except OSError:
                        return
                over.wait(PATIENCE)

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1/data/a"
        made = put(OpaServer(url, Source("t.yaml", 1), timeout=200, unreachable=Effect.ASK))
        over.set()
        thread.join()
    assert made.effect is Effect.ASK and "no answer within 200 ms" in made.because


def test_it_is_asked_as_opa_wants_to_be() -> None:
    """The input under its key, strict errors, JSON; the decision's id comes back for the server's log."""
    with answering(lambda _: result(True, decision_id="d-1")) as server:
        made = put(server.opa(), '{"a":"é\\n"}')
        path, headers, body = server.seen[0]
    assert path == "/v1/data/a/decision?strict-builtin-errors=true"
    assert headers["Content-Type"] == "application/json" and "Authorization" not in headers
    assert body == {"input": {"a": "é\n"}}
    assert made.logged == "d-1"


def test_a_connection_is_kept_and_made_anew() -> None:
    """One for many inputs; where the server has closed it meanwhile, another one."""
    with answering(lambda _: result(True)) as server, closing(Opa(server.opa(), lambda _: "")) as opa:
        for _ in range(5):
            assert opa.ask("{}").effect is Effect.ALLOW
        assert server.connections == 1
        server.answers = lambda _: (0, b"") if server.connections == 1 else result(True)
        assert opa.ask("{}").effect is Effect.ALLOW
        assert server.connections == 2


def test_the_token_is_read_each_time(tmp_path: Path) -> None:
    """A renewed file is used at once; a token from a variable; one that is missing denies and sends nothing."""
    file = tmp_path / "token"
    with answering(lambda _: result(True)) as server:
        named = server.opa(token_file="~/token", unreachable=Effect.ASK)
        with closing(Opa(named, lambda one: token_of(one, {"HOME": str(tmp_path)}))) as opa:
            for token in ("first", "second"):
                file.write_text(token + "\n")
                assert opa.ask("{}").effect is Effect.ALLOW
            file.unlink()
            gone = opa.ask("{}")
        with closing(Opa(server.opa(token_env="T"), lambda one: token_of(one, {"T": "third"}))) as variable:
            assert variable.ask("{}").effect is Effect.ALLOW
        sent = [headers["Authorization"] for _, headers, _ in server.seen]
    assert sent == ["Bearer first", "Bearer second", "Bearer third"]
    assert gone.effect is Effect.DENY and "cannot be read" in gone.because


@pytest.mark.parametrize("token", ["", "two words", "a\r\nHost: b", "é"])
def test_what_is_no_token_is_not_sent(token: str) -> None:
    """Nothing of it can become another header."""
    server = OpaServer("https://opa.example/v1/data/a", Source("t.yaml", 1), token_env="T")
    with pytest.raises(ValueError, match="holds no token"):
        token_of(server, {"T": token})


def test_a_server_without_its_certificate_denies() -> None:
    """Whoever answers without TLS, or with another's certificate, is not heard; nor is that `unreachable`."""
    with answering(lambda _: result(True)) as server:
        url = server.opa().url.replace("http:", "https:")
        made = put(OpaServer(url, Source("t.yaml", 1), unreachable=Effect.ASK))
    assert made.effect is Effect.DENY and "cannot be trusted" in made.because


def test_files_and_servers_decide_together() -> None:
    """The strictest counts, and every obligation."""

    def says(given: Any) -> tuple[int, bytes]:
        return result({"effect": "ask", "because": given["request"]["gate"], "reason": True})

    with answering(says) as server:
        scope = under(rego("trial", 'decision := {"effect": "allow", "minutes": 5}'), opa=(server.opa(),))
        conditions = Conditions(scope)
        conditions.start()
        try:
            made = conditions.ask(asked(), ALLOWED, START).result(PATIENCE)
        finally:
            conditions.close()
    assert (made.effect, made.because, made.reason, made.minutes) == (Effect.ASK, "exec", True, 5)


def test_the_end_waits_for_no_server() -> None:
    """What is on its way is denied when the session ends."""
    over = threading.Event()

    def never(_: Any) -> tuple[int, bytes]:
        over.wait(PATIENCE)
        return result(True)

    with answering(never) as server:
        assert isinstance(server, Answering)
        conditions = Conditions(under(opa=(server.opa(timeout=60_000),)))
        conditions.start()
        futures = [conditions.ask(asked(), ALLOWED, START) for _ in range(20)]
        conditions.close()
        assert {future.result(1).because for future in futures} == {"the session has ended"}
        over.set()
    assert json.dumps([future.done() for future in futures]).count("true") == 20
