"""Large bodies through the gate: whole, in flat memory, and no faster than the other side takes them."""

from __future__ import annotations

import hashlib
import http.client
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.gates.aws.bulk import PIECE, Bulk, bulk_cloud, digest, pieces
from tests.gates.aws.gate_stage import Stage, aws_stage
from tests.gates.network.stage import ALLOW, wait_for

MIB = 1024 * 1024
LARGE = 1024 * MIB
STALLED = 256 * MIB
GROWTH = 48 * MIB
"""More than two streams through the gate, the client's and the cloud's buffers and the allocator's slack need."""


@pytest.fixture
def bulk() -> Iterator[Bulk]:
    """A cloud that keeps nothing."""
    with bulk_cloud() as cloud:
        yield cloud


@pytest.fixture
def stage(bulk: Bulk) -> Iterator[Stage]:
    """A gate in front of it that allows everything."""
    with aws_stage(bulk.url, ALLOW) as made:
        yield made


def _signed(stage: Stage, method: str, key: str, **headers: str) -> tuple[str, dict[str, str]]:
    """Target and headers of a call by the session's placeholder, as a client has them before its body."""
    operation = {"GET": "get_object", "PUT": "put_object"}[method]
    url = stage.client("s3").generate_presigned_url(operation, Params={"Bucket": "bulk", "Key": key})
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}", {"Host": parts.netloc, **headers}


def _peak() -> int:
    """Bytes of this process's memory at its highest since `_from_here` (proc_pid_status(5), VmHWM)."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024


def _from_here() -> int:
    """Forget the highest so far (proc_pid_clear_refs(5)) and return what is there now."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError as error:
        pytest.skip(f"the peak of memory cannot be set back here: {error}")
    return _peak()


def _put(stage: Stage, key: str, size: int) -> int:
    target, headers = _signed(stage, "PUT", key, **{"Content-Length": str(size)})
    link = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=60)
    try:
        link.putrequest("PUT", target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            link.putheader(name, value)
        link.endheaders()
        for piece in pieces(size):
            link.send(piece)
        answer = link.getresponse()
        answer.read()
        return answer.status
    finally:
        link.close()


def _get(stage: Stage, size: int) -> tuple[int, str]:
    target, headers = _signed(stage, "GET", f"object-{size}")
    link = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=60)
    hashed, length = hashlib.sha256(), 0
    buffer = memoryview(bytearray(MIB))
    try:
        link.request("GET", target, headers=headers)
        answer = link.getresponse()
        while count := answer.readinto(buffer):
            hashed.update(buffer[:count])
            length += count
        return length, hashed.hexdigest()
    finally:
        link.close()


def test_a_large_object_goes_up_and_down_in_flat_memory(stage: Stage, bulk: Bulk) -> None:
    """A gigabyte comes through unchanged both ways, and at no time is more than a small part of it held."""
    _put(stage, "warm", MIB)
    before = _from_here()
    assert _put(stage, "object", LARGE) == 200
    got = _get(stage, LARGE)
    assert _peak() - before < GROWTH
    assert bulk.taken[1:] == [got] == [digest(LARGE)]


def test_an_upload_waits_for_the_cloud(stage: Stage, bulk: Bulk) -> None:
    """While the cloud does not read, the client cannot send more than the buffers on the way hold."""
    bulk.reads.clear()
    target, headers = _signed(stage, "PUT", "slow", **{"Content-Length": str(STALLED)})
    head = f"PUT {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    before, sent = _from_here(), 0
    with stage.connect() as raw:
        raw.sendall(head.encode())
        raw.settimeout(0.5)
        with suppress(TimeoutError):
            while sent < STALLED:
                sent += raw.send(PIECE)
        assert sent < GROWTH
        assert _peak() - before < GROWTH
        bulk.reads.set()
        raw.settimeout(60)
        while sent < STALLED:
            sent += raw.send(PIECE[: STALLED - sent])
        assert raw.recv(1000).startswith(b"HTTP/1.1 200")
    assert bulk.taken[0][0] == STALLED


def test_a_download_waits_for_the_client(stage: Stage, bulk: Bulk) -> None:
    """While the client does not read, the cloud cannot send more than the buffers on the way hold."""
    target, headers = _signed(stage, "GET", f"object-{STALLED}")
    head = f"GET {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    before = _from_here()
    with stage.connect() as raw:
        raw.sendall(head.encode())
        wait_for(lambda: bulk.written > 0, "the cloud began to answer")
        while not _stands_still(bulk):
            assert bulk.written < GROWTH
        assert _peak() - before < GROWTH
        left = STALLED
        buffer = bytearray(MIB)
        data = raw.recv(65536)
        left -= len(data) - data.index(b"\r\n\r\n") - 4
        while left > 0:
            left -= raw.recv_into(buffer)
        assert left == 0


def _stands_still(bulk: Bulk) -> bool:
    """Whether the cloud gets nothing written for half a second."""
    bulk.more.clear()
    return not bulk.more.wait(0.5)


def test_a_body_that_is_not_the_signed_one_never_ends_at_the_cloud(stage: Stage, bulk: Bulk) -> None:
    """A streamed body whose hash was signed is cut off before its end where it is another, and that is told."""
    s3 = stage.client("s3", config=Config(s3={"payload_signing_enabled": True}))

    def forge(request: object, **_: object) -> None:
        request.body = b"y" * (4 * MIB)  # type: ignore[attr-defined]

    s3.meta.events.register("before-send.s3.PutObject", forge)
    with pytest.raises(ClientError, match="XAmzContentSHA256Mismatch"):
        s3.put_object(Bucket="bulk", Key="k", Body=b"x" * (4 * MIB))
    wait_for(lambda: bulk.taken, "the cloud saw the end")
    assert bulk.taken[0][0] < 4 * MIB


def test_many_large_bodies_at_once_stay_small(stage: Stage, bulk: Bulk) -> None:
    """Eight uploads and eight downloads at once are each their own, and share a bounded memory."""
    size = 16 * MIB
    before = _from_here()
    with ThreadPoolExecutor(16) as pool:
        ups = [pool.submit(_put, stage, f"k{number}", size) for number in range(8)]
        downs = [pool.submit(_get, stage, size) for _ in range(8)]
        assert [one.result() for one in ups] == [200] * 8
        assert [one.result() for one in downs] == [digest(size)] * 8
    assert bulk.taken == [digest(size)] * 8
    assert _peak() - before < 8 * size
