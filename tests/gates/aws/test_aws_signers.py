"""Signers that are not botocore's, and a server that is not ours: both sides of the gate agree with them."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import boto3
import pytest
from moto.server import ThreadedMotoServer

from supervisor.gates.aws.bodies import BadBody
from supervisor.gates.aws.carried import body_of
from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.aws.sigv4 import ChunkSigner, NeedsBody, Payload, Signed, sign, verify

PLACEHOLDER = Placeholder.create()


@pytest.fixture(scope="module")
def moto() -> Iterator[int]:
    """The port of a stand-in for AWS."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield server.get_host_and_port()[1]
    finally:
        server.stop()


def one_request(listener: socket.socket, seen: list[bytes]) -> None:
    """Take one request, answer it, keep what was sent."""
    client, _ = listener.accept()
    with client:
        client.settimeout(10)
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), 0
        )
        while len(body) < length:
            body += client.recv(65536)
        seen += [head, body]
        client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


CURLS = {
    "s3 get": ("s3", ["http://{}/bkt/a/b"]),
    "s3 query": ("s3", ["http://{}/bkt?acl="]),
    "dynamodb": ("dynamodb", ["-d", "{{}}", "-H", "X-Amz-Target: DynamoDB_20120810.ListTables", "http://{}/"]),
    "sts": ("sts", ["-d", "Action=GetCallerIdentity&Version=2011-06-15", "http://{}/"]),
    "lambda": ("lambda", ["http://{}/2015-03-31/functions/"]),
}


@pytest.mark.parametrize("case", CURLS)
def test_curl(case: str) -> None:
    """What curl signs by itself with the placeholder is accepted."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    service, arguments = CURLS[case]
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=one_request, args=(listener, seen), daemon=True)
        thread.start()
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        command = [curl, "-sS", "-q", "--noproxy", "*", "--max-time", "10", "--user"]
        command += [f"{PLACEHOLDER.access_key}:{PLACEHOLDER.secret_key}"]
        command += [
            "--aws-sigv4",
            f"aws:amz:eu-central-1:{service}",
            "-H",
            f"X-Amz-Security-Token: {PLACEHOLDER.token}",
        ]
        command += ["-H", f"X-Amz-Content-Sha256: {hashlib.sha256(b'').hexdigest()}"] if service == "s3" else []
        ran = subprocess.run(
            [*command, *(argument.format(where) for argument in arguments)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        thread.join(10)
    lines = seen[0].decode().split("\r\n")
    method, target, _ = lines[0].split(" ")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
    found = verify(method, target, headers, None, PLACEHOLDER, datetime.now(UTC))
    if isinstance(found, NeedsBody):
        found = verify(method, target, headers, hashlib.sha256(seen[1]).hexdigest(), PLACEHOLDER, datetime.now(UTC))
    assert isinstance(found, Signed), found
    assert found.scope.service == service


def client_body(signer: ChunkSigner, data: bytes, size: int, trailer: bytes) -> list[bytes]:
    """The chunks of a client that signs them."""
    parts = []
    for chunk in [*(data[at : at + size] for at in range(0, len(data), size)), b""]:
        signature = signer.chunk(hashlib.sha256(chunk).hexdigest()).encode()
        parts.append(b"%x;chunk-signature=%b\r\n%b" % (len(chunk), signature, chunk + b"\r\n" if chunk else b""))
    if trailer:
        signature = signer.trailer(hashlib.sha256(trailer + b"\n").hexdigest()).encode()
        parts.append(b"%b\r\nx-amz-trailer-signature:%b\r\n" % (trailer, signature))
    return [*parts, b"\r\n"]


@pytest.mark.parametrize("trailer", [b"", b"x-amz-checksum-crc32:AAAAAA=="])
@pytest.mark.parametrize("is_right", [True, False])
def test_signed_chunks_to_moto(moto: int, trailer: bytes, is_right: bool) -> None:
    """An upload in signed chunks arrives whole under other credentials, or, if a chunk was changed, not at all."""
    options = {"endpoint_url": f"http://127.0.0.1:{moto}", "region_name": "us-east-1"}
    s3 = boto3.client("s3", **options, aws_access_key_id="a", aws_secret_access_key="b")
    key = f"{len(trailer)}-{is_right}"
    s3.create_bucket(Bucket="bkt")
    data = bytes(range(256)) * 800
    kind = Payload.CHUNKS_SIGNED_TRAILER if trailer else Payload.CHUNKS_SIGNED
    headers = [("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", str(len(data)))]
    if trailer:
        headers.append(("x-amz-trailer", "x-amz-checksum-crc32"))
    now = datetime.now(UTC)
    theirs = sign("PUT", f"http://gate/bkt/{key}", headers, kind.value, PLACEHOLDER, "s3", "us-east-1", now)
    signed = verify("PUT", f"/bkt/{key}", theirs.headers, None, PLACEHOLDER, now)
    assert isinstance(signed, Signed)
    parts = client_body(ChunkSigner(signed.key, signed.signature), data, 65536, trailer)
    if not is_right:
        parts[2] = parts[2].replace(b"\x00\x01\x02", b"\x00\x01\x03", 1)
    length = sum(map(len, parts))
    upstream = f"http://127.0.0.1:{moto}/bkt/{key}"
    ours = sign("PUT", upstream, headers, kind.value, Placeholder.create(), "s3", "us-east-1", now)
    body = body_of(signed, ours, headers, length)
    connection = http.client.HTTPConnection("127.0.0.1", moto, timeout=10)
    connection.putrequest("PUT", f"/bkt/{key}", skip_host=True, skip_accept_encoding=True)
    for name, value in (*ours.headers, ("content-length", str(length))):
        connection.putheader(name, value)
    connection.endheaders()
    try:
        for part in parts:
            connection.send(body.feed(part))
        connection.send(body.close())
    except BadBody:
        assert not is_right
        # As much as the server will ever see: it says what it makes of that, or just hangs up.
        connection.sock.shutdown(socket.SHUT_WR)
        with suppress(http.client.HTTPException, OSError):
            assert connection.getresponse().status >= 400
        connection.close()
        assert "Contents" not in s3.list_objects_v2(Bucket="bkt", Prefix=key)
        return
    assert is_right
    assert connection.getresponse().status == 200
    connection.close()
    assert s3.get_object(Bucket="bkt", Key=key)["Body"].read() == data
