"""Calls that are decided in the event loop's own turn: what lets them be, and that nothing else is different."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

from supervisor.errors import HostError
from supervisor.gates.protocol import HELD, Reply
from supervisor.model.decision import By, Verdict
from supervisor.model.effect import Effect
from supervisor.model.request import Request
from tests.gates.aws.bulk import bulk_cloud
from tests.gates.aws.gate_stage import Stage, aws_stage
from tests.gates.network.stage import ALLOW, DENY, Desk, wait_for

LOOP = "aws-gate"


class Watched(Desk):
    """A desk that keeps on which thread it was asked and told."""

    def __init__(self, reply: object = ALLOW) -> None:
        super().__init__(reply)
        self.threads: list[str] = []
        self.told: list[str] = []
        self.order: list[str] = []
        self.free = True

    def ask(self, request: Request, foretold: object = None) -> Reply:
        self.threads.append(threading.current_thread().name)
        self.order.append(f"ask {request.id}")
        return super().ask(request)

    def answered(self, request_id: str, status: int, *, aws_request_id: str = "", detail: str = "") -> None:
        self.told.append(threading.current_thread().name)
        self.order.append(f"answered {request_id}")
        super().answered(request_id, status, aws_request_id=aws_request_id, detail=detail)


@contextmanager
def _stage(reply: object = ALLOW) -> Iterator[tuple[Stage, Watched]]:
    desk = Watched(reply)
    with bulk_cloud() as bulk, aws_stage(bulk.url, desk=desk, is_free=lambda: desk.free) as stage:
        yield stage, desk


@pytest.fixture
def allowed() -> Iterator[tuple[Stage, Watched]]:
    """A gate through which the calls that the tests make went once."""
    with _stage() as (stage, desk):
        _read(stage)
        _write(stage)
        assert desk.threads != [] and LOOP not in desk.threads
        desk.threads.clear()
        yield stage, desk


def _read(stage: Stage) -> None:
    stage.client("dynamodb").list_tables()


def _write(stage: Stage) -> None:
    stage.client("dynamodb").update_item(TableName="t", Key={"k": {"S": "v"}})


@pytest.mark.parametrize("call", [_read, _write])
def test_what_was_allowed_at_once_is_decided_in_the_loop(
    allowed: tuple[Stage, Watched],
    call: object,
) -> None:
    """The second call of an operation needs no other thread: to be decided, signed, or put on record."""
    stage, desk = allowed
    call(stage)  # type: ignore[operator]
    call(stage)  # type: ignore[operator]
    assert desk.threads == [LOOP, LOOP]
    wait_for(lambda: len(desk.answers) == 4, "all answers are on record")
    assert [by for _, by in stage.broker.asked] == [By.POLICY] * 4
    assert [status for _, status, _, _ in desk.answers] == [200] * 4
    assert desk.order[-2:] == ["ask r4", "answered r4"]


@pytest.mark.parametrize("why", ["busy", "account", "tags", "asks"])
def test_what_may_have_to_wait_is_asked_off_the_loop(
    allowed: tuple[Stage, Watched], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A desk at work, an account that is not known, tags to look up, and what would ask a human: not in the loop."""
    stage, desk = allowed
    match why:
        case "busy":
            desk.free = False
        case "account":
            monkeypatch.setattr(stage.broker, "known_account", lambda: "")
        case "tags":
            stage.lookups.known = ((), ())
        case _:
            stage.effect[0] = Effect.ASK
    _write(stage)
    assert len(desk.threads) == 1 and desk.threads[0] != LOOP


def test_credentials_that_are_not_at_hand_are_waited_for_elsewhere(allowed: tuple[Stage, Watched]) -> None:
    """The decision may be made in the loop, but nobody mints credentials there."""
    stage, desk = allowed
    stage.broker.ready = False
    _read(stage)
    assert desk.threads == [LOOP]
    stage.broker.error = HostError("your SSO login has expired", fix="run aws sso login")
    with pytest.raises(ClientError, match="your SSO login has expired"):
        _read(stage)


def test_a_deny_is_a_deny_in_the_loop_too(allowed: tuple[Stage, Watched]) -> None:
    """What was allowed before and is denied now is not sent, and its operation leaves the loop."""
    stage, desk = allowed
    signed = len(stage.broker.asked)
    desk.reply = DENY
    for _ in range(2):
        with pytest.raises(ClientError, match="nothing here needs this host"):
            _read(stage)
    assert desk.threads[0] == LOOP and desk.threads[1] != LOOP
    assert len(stage.broker.asked) == signed


@pytest.mark.parametrize("broken", [RuntimeError("the desk broke"), "garbage"])
def test_a_fault_denies_in_the_loop_too(allowed: tuple[Stage, Watched], broken: object) -> None:
    """An exception or nonsense instead of a verdict denies and is on record."""
    stage, desk = allowed
    signed = len(stage.broker.asked)
    desk.reply = broken
    with pytest.raises(ClientError, match="could not decide"):
        _read(stage)
    assert desk.threads == [LOOP]
    assert len(stage.broker.asked) == signed
    assert any("the decision failed" in fault for fault in desk.faults)


def test_a_question_that_begins_in_the_loop_is_held(allowed: tuple[Stage, Watched]) -> None:
    """Where a human is asked after all the client waits for the answer, and nothing else waits with it."""
    stage, desk = allowed
    desk.reply = HELD
    with ThreadPoolExecutor() as pool:
        held = pool.submit(_read, stage)
        wait_for(lambda: len(desk.requests) == 3, "it was asked")
        desk.reply = ALLOW
        _write(stage)
        assert not held.done()
        stage.gate.deliver("r3", Verdict(Effect.ALLOW, By.HUMAN))
        held.result(timeout=20)
    assert desk.threads == [LOOP, LOOP]
    assert stage.broker.asked[-1][1] is By.HUMAN


def test_a_held_question_of_the_loop_is_withdrawn() -> None:
    """A client that hangs up takes back what it asked, wherever that began."""
    with _stage() as (stage, desk):
        _read(stage)
        desk.reply = HELD
        with stage.connect() as raw:
            raw.sendall(_request(stage))
            wait_for(lambda: len(desk.requests) == 2, "it was asked")
        wait_for(lambda: desk.withdrawn, "it was withdrawn")
        assert desk.withdrawn[0][0] == "r2" and desk.threads[1] == LOOP


def test_credentials_are_never_vended_from_the_loop() -> None:
    """What is refused whatever the answer is never takes the short way."""
    with _stage() as (stage, desk):
        for _ in range(2):
            with pytest.raises(ClientError, match="hands out credentials"):
                stage.client("sts").get_session_token()
        assert LOOP not in desk.threads


def _request(stage: Stage) -> bytes:
    """A signed ListTables as it stands on the wire."""
    seen: list[bytes] = []

    def keep(request: object, **_: object) -> None:
        lines = [f"{name}: {_text(value)}" for name, value in request.headers.items()]  # type: ignore[attr-defined]
        lines += [f"Host: 127.0.0.1:{stage.port}", "Content-Length: 2"]
        seen.append(("POST / HTTP/1.1\r\n" + "\r\n".join(dict.fromkeys(lines)) + "\r\n\r\n{}").encode())
        raise KeyboardInterrupt

    client = stage.client("dynamodb")
    client.meta.events.register("before-send.dynamodb.*", keep)
    with pytest.raises(KeyboardInterrupt):
        client.list_tables()
    return seen[0]


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
