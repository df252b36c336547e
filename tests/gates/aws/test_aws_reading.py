"""Bodies that are read whole: their limits, and that every byte of a limit is one byte of a body."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol

from supervisor.gates.aws.reading import BODIES_LIMIT, BODY_LIMIT, Budget, TooLarge, read_whole
from tests.gates.aws.bulk import Bulk, bulk_cloud
from tests.gates.aws.conftest import Made
from tests.gates.network.stage import read_until

MIB = 1024 * 1024


@pytest.fixture
def bulk() -> Iterator[Bulk]:
    """A cloud that keeps nothing."""
    with bulk_cloud() as cloud:
        yield cloud


def test_a_large_body_is_counted_once(gate: Made, bulk: Bulk) -> None:
    """A body of 40 MiB is under the limit of one, and what it took is there for the next."""
    stage = gate(upstream=bulk.url)
    client, archive = stage.client("lambda"), bytes(30 * MIB)
    for _ in range(3):
        client.update_function_code(FunctionName="f", ZipFile=archive)
    assert [call.operation for call in stage.calls()] == ["UpdateFunctionCode"] * 3
    assert all(40 * MIB <= size < 41 * MIB for size, _ in bulk.taken) and len(bulk.taken) == 3


def test_a_body_above_the_limit_is_refused_unread(gate: Made, bulk: Bulk) -> None:
    """One byte more than the limit is too much before any of it is asked for, and takes nothing from the next."""
    stage = gate(upstream=bulk.url)
    head = (
        "POST / HTTP/1.1\r\nHost: dynamodb.eu-central-1.amazonaws.com\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n"
        f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {BODY_LIMIT + 1}\r\nExpect: 100-continue\r\n\r\n"
    )
    for _ in range(3):
        with stage.connect() as raw:
            raw.sendall(head.encode())
            assert read_until(raw, b"\r\n") == b"HTTP/1.1 413 Request Entity Too Large\r\n"
    stage.client("lambda").update_function_code(FunctionName="f", ZipFile=bytes(30 * MIB))
    assert len(bulk.taken) == 1


async def _reading(limit: int, announced: int | None, body: bytes, budget: Budget) -> tuple[bytes, list[str]]:
    reader = StreamReader(BaseProtocol(asyncio.get_running_loop()), 1 << 16)
    told: list[str] = []

    async def go_on() -> None:
        told.append("go on")
        reader.feed_data(body)
        reader.feed_eof()

    with budget.share() as share:
        if limit:
            share.take(limit)
        try:
            return await read_whole(reader, announced, share, go_on), told
        except TooLarge as error:
            return str(error).encode(), told


@pytest.mark.parametrize("announced", [5, None])
def test_a_body_is_read_once_it_may_be_sent(announced: int | None) -> None:
    """With and without an announced length the client is told to go on, and what it sends is the body."""
    assert asyncio.run(_reading(0, announced, b"12345", Budget())) == (b"12345", ["go on"])


def test_a_body_that_does_not_fit_is_not_asked_for() -> None:
    """Where the announced length is too much the client never hears to go on."""
    said, told = asyncio.run(_reading(BODY_LIMIT - 4, 5, b"12345", Budget()))
    assert b"72 MiB" in said and told == []


def test_an_unannounced_body_is_cut_off_at_the_limit() -> None:
    """What comes without a length is counted as it comes."""
    said, _ = asyncio.run(_reading(BODY_LIMIT - 4, None, b"12345", Budget()))
    assert b"72 MiB" in said


def test_everything_taken_is_given_back() -> None:
    """However a request ended, all bytes of the budget are there for the next one."""

    async def many() -> None:
        budget = Budget(10)
        for _ in range(3):
            assert (await _reading(0, 8, b"12345678", budget))[0] == b"12345678"
            assert b"too many" in (await _reading(0, 11, b"", budget))[0]
            with pytest.raises(asyncio.IncompleteReadError):
                await _reading(0, 8, b"1234", budget)

    asyncio.run(many())


def test_all_bodies_together_have_a_limit() -> None:
    """Two bodies that each fit do not fit together when the budget is less than both."""

    async def both() -> None:
        budget = Budget()
        with budget.share() as first, budget.share() as second:
            first.take(BODY_LIMIT)
            with pytest.raises(TooLarge, match="too many"):
                second.take(BODIES_LIMIT - BODY_LIMIT + 1)
            second.take(BODIES_LIMIT - BODY_LIMIT)

    asyncio.run(both())


def test_a_body_cut_short_is_no_body(gate: Made, bulk: Bulk) -> None:
    """A client that announces more than it sends has asked for nothing, and what it had announced is free again."""
    stage = gate(upstream=bulk.url)
    head = (
        "POST / HTTP/1.1\r\nHost: dynamodb.eu-central-1.amazonaws.com\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n"
        f"Content-Type: application/x-amz-json-1.0\r\nContent-Length: {60 * MIB}\r\n\r\n{{"
    )
    for _ in range(3):
        with stage.connect() as raw:
            raw.sendall(head.encode())
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(65536):
                continue
    stage.client("lambda").update_function_code(FunctionName="f", ZipFile=bytes(30 * MIB))
    assert len(stage.calls()) == 1
