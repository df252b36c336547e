"""The way to an issuer: TLS that is checked, a proxy where there is one, and bounds on every answer."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from supervisor.errors import UsageError
from supervisor.identity.oidc.failures import IdentityError, Why
from supervisor.identity.oidc.wire import MOST_BYTES, Wire, place

JSON = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"a": 1}\n'


@dataclass
class Peer:
    """A server of one canned answer, behind TLS or as a proxy in front of that."""

    port: int
    folder: Path
    answer: bytes = JSON
    seen: list[bytes] = field(default_factory=list)

    def talk(self, connection: socket.socket, *, proxy: bool) -> None:
        """One connection: the proxy's CONNECT, TLS, the request, the answer."""
        connection.settimeout(10)
        with connection:
            if proxy:
                self.seen.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.folder / "ca.pem", self.folder / "key.pem")
            with context.wrap_socket(connection, server_side=True) as secure:
                self.seen.append(secure.recv(65536))
                secure.sendall(self.answer)


def vouch(folder: Path) -> None:
    """A certificate for `localhost` that vouches for itself, and its key, in files."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    (folder / "ca.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@contextmanager
def peer(folder: Path, *, proxy: bool = False) -> Iterator[Peer]:
    """A running one."""
    vouch(folder)
    listener = socket.create_server(("127.0.0.1", 0))
    made = Peer(listener.getsockname()[1], folder)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                made.talk(connection, proxy=proxy)
            except OSError:
                continue  # the client broke off

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def bundle(made: Peer) -> str:
    """The authority's certificate in a file."""
    return str(made.folder / "ca.pem")


def test_a_server_of_a_known_authority_is_asked(tmp_path: Path) -> None:
    """With the authority named the answer is read."""
    with peer(tmp_path) as made:
        answer = Wire(ca_bundle=bundle(made)).get(f"https://localhost:{made.port}/x?y=1")
        assert (answer.status, answer.members) == (200, {"a": 1})
        assert made.seen[0].startswith(b"GET /x?y=1 HTTP/1.1\r\n")


def test_a_server_of_an_unknown_authority_gets_nothing(tmp_path: Path) -> None:
    """A certificate that nobody vouches for ends the call before a byte of the request is sent."""
    with peer(tmp_path) as made:
        with pytest.raises(IdentityError) as refused:
            Wire().post(f"https://localhost:{made.port}/token", {"secret": "s3cret"})
        assert refused.value.why is Why.UNREACHABLE and "no trusted connection" in refused.value.what
        assert "ca_bundle" in refused.value.fix and not made.seen


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    """The right authority does not make it the right server."""
    with peer(tmp_path) as made:
        with pytest.raises(IdentityError) as refused:
            Wire(ca_bundle=bundle(made)).get(f"https://127.0.0.1:{made.port}/")
        assert "no trusted connection" in refused.value.what and not made.seen


def test_a_proxy_gets_the_host_and_nothing_else(tmp_path: Path) -> None:
    """Through a proxy the request is inside TLS; hosts that are excepted, and this machine, go without."""
    with peer(tmp_path, proxy=True) as made:
        environment = {"HTTPS_PROXY": f"http://127.0.0.1:{made.port}", "no_proxy": "direct.invalid"}
        wire = Wire(ca_bundle=bundle(made), environment=environment)
        with pytest.raises(IdentityError):
            wire.post("https://id.invalid/token", {"secret": "s3cret"})
        assert made.seen[0].startswith(b"CONNECT id.invalid:443 ") and b"s3cret" not in made.seen[0]
        before = len(made.seen)
        for url in ("https://direct.invalid/", "https://localhost:1/"):
            with pytest.raises(IdentityError):
                wire.get(url)
        assert len(made.seen) == before


def test_an_answer_without_end_is_cut(tmp_path: Path) -> None:
    """More than an issuer has to say is refused."""
    with peer(tmp_path) as made:
        made.answer = b"HTTP/1.1 200 OK\r\n\r\n" + b" " * (MOST_BYTES + 1)
        with pytest.raises(IdentityError) as refused:
            Wire(ca_bundle=bundle(made)).get(f"https://localhost:{made.port}/")
        assert "too large" in refused.value.what


@pytest.mark.parametrize(
    "answer", [b"", b"rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"], ids=str
)
def test_an_answer_that_is_none_grants_nothing(tmp_path: Path, answer: bytes) -> None:
    """A server that breaks off, or speaks something else, has said nothing."""
    with peer(tmp_path) as made:
        made.answer = answer
        try:
            got = Wire(ca_bundle=bundle(made), seconds=5).get(f"https://localhost:{made.port}/")
        except IdentityError as error:
            assert error.why is Why.UNREACHABLE
        else:
            assert got.body is None


def test_an_authority_that_cannot_be_read_is_told() -> None:
    """A bundle that is not there is an error with its place."""
    with pytest.raises(UsageError) as refused:
        Wire(ca_bundle="/nowhere/ca.pem").get("https://id.invalid/")
    assert refused.value.where == "/nowhere/ca.pem"


def test_places_have_no_query() -> None:
    """What is told of an address has no code or token of its query in it."""
    assert place("https://h/callback?code=secret") == "https://h/callback"
