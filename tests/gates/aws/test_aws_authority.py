"""Tools that trust a session's authority trust it for AWS's names, and for nothing else."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from supervisor.gates.aws import authority as authority_module
from supervisor.gates.aws.authority import NotOurs, SessionAuthority
from supervisor.gates.network.cloud import is_cloud_endpoint

HOST = "my.bucket.s3.eu-central-1.amazonaws.com"
LEAF = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


@pytest.fixture
def authority() -> SessionAuthority:
    """An authority of now."""
    return SessionAuthority("20261125-abc", datetime.now(UTC))


@pytest.fixture
def bundle(authority: SessionAuthority, tmp_path: Path) -> Path:
    """Its certificate in a file, as tools want it."""
    path = tmp_path / "bundle.pem"
    path.write_text(authority.pem)
    return path


@contextmanager
def server(context: ssl.SSLContext) -> Iterator[int]:
    """Answers every TLS connection on a port of loopback with `200 ok` and the ALPN protocol."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            plain.settimeout(10)
            with suppress(OSError), context.wrap_socket(plain, server_side=True) as client:
                client.recv(65536)
                body = (client.selected_alpn_protocol() or "none").encode()
                client.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
                with suppress(OSError):
                    client.unwrap()
            plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def trusting(bundle: Path) -> ssl.SSLContext:
    """A client as strict as Python's newest default."""
    context = ssl.create_default_context(cafile=str(bundle))
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def fetched(port: int, context: ssl.SSLContext, host: str) -> tuple[str, str | None]:
    """TLS version, and what the server said its ALPN protocol is."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=host) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        return client.version() or "", answer.rpartition(b"\r\n")[2].decode()


@pytest.mark.parametrize(
    "host",
    [
        HOST,
        "sts.amazonaws.com",
        "a_b.s3.amazonaws.com",
        "s3.cn-north-1.amazonaws.com.cn",
        "x.lambda-url.eu-west-1.on.aws",
    ],
)
def test_python(authority: SessionAuthority, bundle: Path, host: str) -> None:
    """A Python client that trusts the authority, as strictly as it can, reaches an AWS host."""
    with server(authority.context_for(host)) as port:
        assert fetched(port, trusting(bundle), host) == ("TLSv1.3", "none")


def test_alpn_and_versions(authority: SessionAuthority, bundle: Path) -> None:
    """HTTP/1.1 is all that is agreed on, TLS 1.2 the oldest that is spoken."""
    client = trusting(bundle)
    client.set_alpn_protocols(["h2", "http/1.1"])
    with server(authority.context_for(HOST)) as port:
        assert fetched(port, client, HOST)[1] == "http/1.1"
        client.maximum_version = ssl.TLSVersion.TLSv1_2
        assert fetched(port, client, HOST)[0] == "TLSv1.2"
    assert authority.context_for(HOST).minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_no_tickets(authority: SessionAuthority, bundle: Path, version: ssl.TLSVersion) -> None:
    """After the handshake the server has nothing to say: what makes the socket readable is an answer."""
    context = trusting(bundle)
    context.minimum_version = context.maximum_version = version
    inside, outside = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_side = authority.context_for(HOST).wrap_bio(inside, outside, server_side=True)
    client_side = context.wrap_bio(outside, inside, server_hostname=HOST)
    finished: set[str] = set()
    for _ in range(10):
        for name, side in (("client", client_side), ("server", server_side)):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
                finished.add(name)
    assert finished == {"client", "server"}
    assert client_side.session is None or not client_side.session.has_ticket
    with pytest.raises(ssl.SSLWantReadError):
        client_side.read(1)
    assert outside.pending == 0


NOT_OURS = [
    "example.com",
    "amazonaws.com.example.com",
    "notamazonaws.com",
    "127.0.0.1",
    "::1",
    "localhost",
    "",
    ".",
    "*.amazonaws.com",
    "s3.amazonaws.com.",
    "S3.amazonaws.com",
    "s3..amazonaws.com",
    "-a.amazonaws.com",
    "a b.amazonaws.com",
    "a\0.amazonaws.com",
    "example.com\0.amazonaws.com",
    "ü.amazonaws.com",
    "a/b.amazonaws.com",
    f"{'a' * 64}.amazonaws.com",
    "a." * 125 + "amazonaws.com",
    "s3.amazonaws.com\n",
]


@pytest.mark.parametrize("host", NOT_OURS)
def test_other_hosts(authority: SessionAuthority, host: str) -> None:
    """No certificate is issued for what is not the plain name of an AWS host."""
    with pytest.raises(NotOurs):
        authority.context_for(host)


def forged(
    authority: SessionAuthority, san: x509.GeneralName | None, *, common_name: str = "x", is_ca: bool = False
) -> LEAF:
    """A certificate signed with the authority's key by somebody who got hold of it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(authority._certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    if san is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([san]), critical=False)
    return builder.sign(authority._key, SHA256()), key


FORGED = {
    "another host": (x509.DNSName("example.com"), "x", "example.com"),
    "every host": (x509.DNSName("*.com"), "x", "example.com"),
    "an address": (x509.IPAddress(ip_address("127.0.0.1")), "x", "127.0.0.1"),
    "a common name": (None, "example.com", "example.com"),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged(authority: SessionAuthority, bundle: Path, case: str) -> None:
    """Even with the authority's key nobody makes a certificate for another host: Python and curl refuse it."""
    san, common_name, host = FORGED[case]
    context = authority_module._server_context(*forged(authority, san, common_name=common_name))
    with server(context) as port:
        client = ssl.create_default_context(cafile=str(bundle))
        with pytest.raises(ssl.SSLCertVerificationError):
            fetched(port, client, host)
        ran = run_curl(bundle, host, port)
        assert ran.returncode == 60, ran.stderr


def run_curl(bundle: Path, host: str, port: int) -> subprocess.CompletedProcess[str]:
    """curl asks for a host that is on this port."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    command = [curl, "-sS", "-q", "--noproxy", "*", "--max-time", "20", "--cacert", str(bundle)]
    command += ["--connect-to", f"::127.0.0.1:{port}", f"https://{host}/"]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_curl(authority: SessionAuthority, bundle: Path) -> None:
    """curl, which offers HTTP/2 too, reaches an AWS host by HTTP/1.1."""
    with server(authority.context_for(HOST)) as port:
        ran = run_curl(bundle, HOST, port)
    assert (ran.returncode, ran.stdout) == (0, "http/1.1"), ran.stderr


_NODE = """
const tls = require("tls"), fs = require("fs");
const [port, host, ca] = process.argv.slice(1);
const asked = {host: "127.0.0.1", ALPNProtocols: ["h2", "http/1.1"]};
const socket = tls.connect({...asked, port, servername: host, ca: fs.readFileSync(ca)});
socket.on("secureConnect", () => { console.log(socket.alpnProtocol); socket.destroy(); });
socket.on("error", (error) => { console.log(error.code); process.exitCode = 1; });
"""


def test_node(authority: SessionAuthority, bundle: Path) -> None:
    """Node reaches an AWS host; a certificate forged for another one it refuses."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    bad = authority_module._server_context(*forged(authority, x509.DNSName("example.com")))
    said = []
    for context, host in ((authority.context_for(HOST), HOST), (bad, "example.com")):
        with server(context) as port:
            command = [node, "-e", _NODE, str(port), host, str(bundle)]
            ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
            said.append((ran.returncode, ran.stdout.strip()))
    assert said == [(0, "http/1.1"), (1, "PERMITTED_SUBTREE_VIOLATION")] or (said[0], said[1][0]) == (
        (0, "http/1.1"),
        1,
    )


_GO = """package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"os"
)

func main() {
	pem, err := os.ReadFile(os.Args[1])
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	said := []string{}
	for at := 2; at < len(os.Args); at += 2 {
		config := &tls.Config{RootCAs: roots, ServerName: os.Args[at], NextProtos: []string{"h2", "http/1.1"}}
		connection, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[at+1], config)
		if err != nil {
			said = append(said, err.Error())
			continue
		}
		said = append(said, connection.ConnectionState().NegotiatedProtocol)
		connection.Close()
	}
	json.NewEncoder(os.Stdout).Encode(said)
}
"""


@pytest.mark.real
def test_go(authority: SessionAuthority, bundle: Path, tmp_path: Path) -> None:
    """Go, as terraform's backend and provider use it, reaches an AWS host; forged certificates it refuses."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("go is not installed")
    source = tmp_path / "client.go"
    source.write_text(_GO)
    hosts: list[tuple[str, ssl.SSLContext]] = [(HOST, authority.context_for(HOST))]
    for san, common_name, host in FORGED.values():
        hosts.append((host, authority_module._server_context(*forged(authority, san, common_name=common_name))))
    with ExitStack() as stack:
        arguments: list[str] = []
        for host, context in hosts:
            arguments += [host, str(stack.enter_context(server(context)))]
        environment = {**os.environ, "GOFLAGS": "-mod=mod", "GO111MODULE": "off", "GOTOOLCHAIN": "local"}
        ran = subprocess.run(
            [go, "run", str(source), str(bundle), *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            env=environment,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert said[0] == "http/1.1"
    assert all("x509" in error for error in said[1:]), said


def test_authority_under_the_authority(authority: SessionAuthority, bundle: Path) -> None:
    """The authority may sign no other authority: what one would issue, even for AWS, is not trusted."""
    middle, middle_key = forged(authority, None, common_name="middle", is_ca=True)
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(middle.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(hours=1))
        .not_valid_after(datetime.now(UTC) + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("sts.amazonaws.com")]), critical=True)
        .sign(middle_key, SHA256())
    )
    roots = [x509.load_pem_x509_certificate(bundle.read_bytes())]
    verifier = x509.verification.PolicyBuilder().store(x509.verification.Store(roots))
    with pytest.raises(x509.verification.VerificationError):
        verifier.build_server_verifier(x509.DNSName("sts.amazonaws.com")).verify(leaf, [middle])


def test_constraints(authority: SessionAuthority) -> None:
    """The authority's own certificate says critically what it is good for, and ends with the day."""
    certificate = x509.load_pem_x509_certificate(authority.pem.encode())
    names = certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert names.critical
    permitted = [name.value for name in names.value.permitted_subtrees or []]
    assert "amazonaws.com" in permitted
    assert all(is_cloud_endpoint(name) for name in permitted)
    assert {str(name.value) for name in names.value.excluded_subtrees or []} == {"0.0.0.0/0", "::/0"}
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    assert certificate.not_valid_after_utc - datetime.now(UTC) < timedelta(days=1, seconds=1)
    assert "PRIVATE" not in authority.pem


def test_leaf_ends_with_the_session(tmp_path: Path) -> None:
    """Nothing that an authority issued outlives it: the client of a session that is over trusts nothing of it."""
    over = SessionAuthority("old", datetime.now(UTC) - timedelta(days=2))
    path = tmp_path / "old.pem"
    path.write_text(over.pem)
    with server(over.context_for(HOST)) as port, pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        fetched(port, ssl.create_default_context(cafile=str(path)), HOST)


def test_of_another_session(bundle: Path) -> None:
    """Who trusts one session's authority does not trust another's."""
    other = SessionAuthority("20261125-abc", datetime.now(UTC))
    with server(other.context_for(HOST)) as port, pytest.raises(ssl.SSLCertVerificationError):
        fetched(port, trusting(bundle), HOST)


def test_contexts_are_kept(authority: SessionAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host's certificate is made once; of hosts that nobody asks for any more the oldest are let go."""
    monkeypatch.setattr(authority_module, "_MOST_CONTEXTS", 3)
    first = authority.context_for("h1.amazonaws.com")
    for number in (2, 3):
        authority.context_for(f"h{number}.amazonaws.com")
    assert authority.context_for("h1.amazonaws.com") is first
    second = authority.context_for("h2.amazonaws.com")
    for number in (4, 5):
        authority.context_for(f"h{number}.amazonaws.com")
    assert authority.context_for("h2.amazonaws.com") is second
    assert authority.context_for("h1.amazonaws.com") is not first
    assert len(authority._contexts) == 3


def test_key_is_on_no_disk(authority: SessionAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a certificate writes no file and leaves no descriptor open."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = set(Path("/proc/self/fd").iterdir())
    authority.context_for(HOST)
    assert set(Path("/proc/self/fd").iterdir()) == before
    assert list(tmp_path.iterdir()) == []
    assert "PRIVATE" not in repr(vars(authority))


@pytest.mark.parametrize("session", ["", "x" * 500, "a\n,CN=amazonaws.com", "\0", "ü/ä"])
def test_session_names(session: str) -> None:
    """A session of any name has an authority."""
    assert SessionAuthority(session, datetime.now(UTC)).pem.startswith("-----BEGIN CERTIFICATE")
