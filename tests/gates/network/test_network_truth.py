"""What was decided on is where it goes: hidden and second server names, other protocols, names and their addresses."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.gates.network.hello import Hello, Hellos, Opening, read_hello
from supervisor.gates.network.lookup import zone_here
from supervisor.gates.network.target import BadTarget, from_authority
from supervisor.model.request import Connect
from tests.gates.network.stage import ALLOW, DENY, Desk, Echo, Running, Server, Web, read_all, wait_for
from tests.gates.network.test_network_hello import client_hello, in_records

Start = Callable[..., Running]
Serve = Callable[..., Server]

ACCESS_DENIED = b"\x15\x03\x01\x00\x02\x02\x31"
CHANGE_CIPHER_SPEC = b"\x14\x03\x03\x00\x01\x01"
APPLICATION_DATA = b"\x17\x03\x03\x00\x05early"


def with_extension(hello: bytes, kind: int, content: bytes) -> bytes:
    """A ClientHello record with one more extension at its end."""
    body = hello[9:]
    at = 34
    at += 1 + body[at]
    at += 2 + int.from_bytes(body[at : at + 2])
    at += 1 + body[at]
    extensions = body[at + 2 :] + kind.to_bytes(2) + len(content).to_bytes(2) + content
    body = body[:at] + len(extensions).to_bytes(2) + extensions
    message = b"\x01" + len(body).to_bytes(3) + body
    return b"\x16\x03\x01" + len(message).to_bytes(2) + message


def names(data: bytes, size: int = 1 << 16) -> list[str | None]:
    """The server names of every hello in a stream that arrives in pieces of `size` bytes."""
    hellos = Hellos()
    found = [hello for at in range(0, len(data), size) for hello in hellos.feed(data[at : at + size])]
    assert all(hello.opening is Opening.TLS for hello in found)
    return [hello.server_name for hello in found]


# ── hellos ───────────────────────────────────────────────────────────────────────────────────────


def test_an_encrypted_hello_is_seen() -> None:
    """Encrypted Client Hello (extension 0xfe0d) is told from a plain one, in a hello that is otherwise the same."""
    plain = client_hello("site.example")
    hidden = with_extension(plain, 0xFE0D, b"\x00" * 40)
    assert read_hello(plain) == Hello(Opening.TLS, "site.example")
    assert read_hello(hidden) == Hello(Opening.TLS, "site.example", encrypted=True)
    assert read_hello(with_extension(plain, 0x0A0A, b"")) == Hello(Opening.TLS, "site.example")


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "between",
    [b"", CHANGE_CIPHER_SPEC, APPLICATION_DATA, CHANGE_CIPHER_SPEC + APPLICATION_DATA * 3, b"\x16\x03\x03\x00\x00"],
)
def test_a_second_hello_is_seen(between: bytes, size: int) -> None:
    """One that a server asked for, behind early data or not, whole or in records of one byte."""
    first, second = client_hello("site.example"), client_hello("other.example")
    assert names(first + between + second, size) == ["site.example", "other.example"]
    assert names(in_records(first, 7) + between + in_records(second, 1), size) == ["site.example", "other.example"]


def test_a_hello_around_another_record_is_seen() -> None:
    """Records that servers pass over in the middle of a hello hide nothing of it."""
    first, second = client_hello("site.example"), in_records(client_hello("other.example"), 40)
    record = len(second[: 5 + 40])
    stream = first + second[:record] + CHANGE_CIPHER_SPEC + second[record:]
    assert names(stream) == ["site.example", "other.example"]


def test_what_is_encrypted_is_no_hello() -> None:
    """Handshake records of TLS 1.2 that happen to begin like a hello hold nobody up."""
    first = client_hello("site.example")
    key_exchange = b"\x16\x03\x03\x00\x04\x10\x00\x00\x00"
    finished = b"\x16\x03\x03\x00\x28\x01" + bytes(range(200, 239))
    stream = first + key_exchange + CHANGE_CIPHER_SPEC + finished + APPLICATION_DATA
    assert names(stream) == ["site.example"]
    assert names(stream + client_hello("other.example")) == ["site.example", "other.example"]


@given(st.binary(max_size=400), st.integers(min_value=1, max_value=9))
def test_any_stream_is_followed(data: bytes, size: int) -> None:
    """Any bytes, in any pieces, give the same hellos, or are no TLS."""

    def told(pieces: int) -> list[Hello]:
        hellos, found = Hellos(), []
        for at in range(0, len(data), pieces):
            found += hellos.feed(data[at : at + pieces])
            if found and found[-1].opening is Opening.BROKEN:
                break
        return found

    assert told(size) == told(1 << 16)


def test_hidden_and_second_names_are_refused(running: Start, serve: Serve) -> None:
    """A hello that may hide another name never leaves; a later one for another host ends the connection."""
    received: list[bytes] = []

    class Keep(Echo):
        def handle(self) -> None:
            while data := self.connection.recv(65536):
                received.append(data)

    gate, server = running(), serve(Keep)
    hidden = with_extension(client_hello("site.example"), 0xFE0D, b"\x00" * 40)
    with gate.tunnel("site.example", server.port) as client:
        client.sendall(hidden)
        assert read_all(client) == ACCESS_DENIED
    wait_for(lambda: gate.desk.endings, "the end")
    assert "Encrypted Client Hello" in gate.desk.endings[0][1] and received == []
    first, second = client_hello("site.example"), client_hello("other.example")
    with gate.tunnel("site.example", server.port) as client:
        client.sendall(first)
        wait_for(lambda: b"".join(received) == first, "the first hello")
        client.sendall(CHANGE_CIPHER_SPEC + second)
        assert read_all(client) in (b"", b"<reset>")
    wait_for(lambda: len(gate.desk.endings) == 2, "the end")
    assert "the TLS hello is for other.example" in gate.desk.endings[1][1]
    assert b"".join(received) == first


def test_a_tunnel_that_stops_being_tls_ends(running: Start, serve: Serve) -> None:
    """What began as TLS carries nothing else behind its hello."""
    gate, server = running(), serve(Web)
    with gate.tunnel("site.example", server.port) as client:
        client.sendall(client_hello("site.example"))
        client.sendall(b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n")
        assert read_all(client) in (b"", b"<reset>")
    wait_for(lambda: gate.desk.endings, "the end")
    assert "began as TLS and is no more" in gate.desk.endings[0][1]


# ── other protocols ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("upgrade", [b"h2c", b"h2c, websocket", b"websocket\r\nUpgrade: h2c", b"TLS/1.0"])
def test_only_a_websocket_is_upgraded_to(running: Start, serve: Serve, upgrade: bytes) -> None:
    """HTTP/2 would carry requests for other hosts that nobody saw: the field is taken out, one request passes."""
    gate, web = running(), serve(Web)
    host = f"Host: site.example:{web.port}\r\n".encode()
    with gate.tunnel("site.example", web.port) as client:
        client.sendall(b"GET / HTTP/1.1\r\n" + host + b"Connection: Upgrade, HTTP2-Settings\r\n")
        client.sendall(b"HTTP2-Settings: AAMAAABk\r\nUpgrade: " + upgrade + b"\r\n\r\n")
        answer = read_all(client)
    seen = answer.partition(b"\r\n\r\n")[2].lower()
    assert seen.startswith(b"get / http/1.1\r\n")
    assert b"upgrade" not in seen and b"http2-settings" not in seen


@pytest.mark.parametrize(
    "request_",
    [
        b"GET http://site.example:%d/ HTTP/1.1\r\nHost: site.example:%d\r\n\r\n"
        b"GET http://other.example:%d/ HTTP/1.1\r\nHost: other.example\r\n\r\n",
        b"POST http://site.example:%d/ HTTP/1.1\r\nHost: site.example:%d\r\nContent-Length: 0\r\n\r\n"
        b"GET http://other.example:%d/ HTTP/1.1\r\n\r\n",
        b"POST http://site.example:%d/ HTTP/1.1\r\nHost: site.example:%d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        b"GET http://other.example:%d/ HTTP/1.1\r\n\r\n",
    ],
)
def test_one_request_a_connection(running: Start, serve: Serve, request_: bytes) -> None:
    """What is pipelined behind an allowed request reaches nobody."""
    gate, web = running(), serve(Web)
    answer = gate.say(request_ % ((web.port,) * 3))
    assert b"other.example" not in answer
    wait_for(lambda: gate.desk.endings, "the end")
    assert "a second request" in gate.desk.endings[0][1]
    assert [action.host for action in gate.desk.connects] == ["site.example"]


# ── names and addresses ──────────────────────────────────────────────────────────────────────────


def test_rules_about_addresses_count_after_the_look_up(running: Start, serve: Serve) -> None:
    """A name that was decided on unresolved is judged again by what it leads to, and denied there."""
    web = serve(Web)
    desk = Desk(lambda request: DENY if request.action.addresses else ALLOW)
    judged: list[Connect] = []

    def denied_there(wanted: Connect) -> bool:
        judged.append(wanted)
        return wanted.addresses == ("93.184.216.34",)

    gate = running(
        desk,
        resolver=lambda host, port: ("93.184.216.34",),
        may_look_up=lambda host, port: False,
        denied_there=denied_there,
    )
    answer = gate.say(f"GET http://site.example:{web.port}/ HTTP/1.1\r\nHost: site.example:{web.port}\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert [action.addresses for action in desk.connects] == [(), ("93.184.216.34",)]
    assert [wanted.zone for wanted in judged] == ["public"]
    wait_for(lambda: desk.endings, "the first decision's end")
    assert desk.endings[0][1] == "leads to an address that is denied"


def test_a_judgement_that_fails_denies(running: Start) -> None:
    """Where it cannot be told whether rules deny the address, nothing is dialled."""

    def fails(wanted: Connect) -> bool:
        raise RuntimeError("the session is gone")

    desk = Desk(lambda request: DENY if request.action.addresses else ALLOW)
    gate = running(
        desk,
        resolver=lambda host, port: ("93.184.216.34",),
        may_look_up=lambda host, port: False,
        denied_there=fails,
    )
    assert gate.say("GET http://site.example/ HTTP/1.1\r\nHost: site.example\r\n\r\n").startswith(b"HTTP/1.1 403 ")
    assert any("could not be judged again" in fault for fault in desk.faults)


@pytest.mark.parametrize(
    ("address", "zone"),
    [
        ("0.0.0.0", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::", "loopback"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::127.0.0.1", "loopback"),
        ("10.255.255.255", "private"),
        ("100.64.0.1", "private"),
        ("192.0.0.8", "private"),
        ("198.18.0.1", "private"),
        ("224.0.0.251", "private"),
        ("255.255.255.255", "private"),
        ("169.254.0.1", "link-local"),
        ("fe80::1%lo", "link-local"),
        ("fec0::1", "private"),
        ("fd00::1", "private"),
        ("ff02::1", "private"),
        ("169.254.169.254", "metadata"),
        ("169.254.170.2", "metadata"),
        ("::ffff:169.254.169.254", "metadata"),
        ("64:ff9b::a9fe:a9fe", "metadata"),
        ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b:1::a9fe:a9fe", "metadata"),
        ("2002:a9fe:a9fe::1", "metadata"),
        ("2002:7f00:1::", "loopback"),
        ("2001:0:a9fe:a9fe::1", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
    ],
)
def test_no_inner_address_looks_public(address: str, zone: str) -> None:
    """Mapped, translated, tunnelled and special addresses are where their packets end."""
    assert zone_here(address) == zone


@pytest.mark.parametrize(
    "authority",
    [
        "0x7f.0.0.1:80", "017700000001:80", "2852039166:80", "0xA9FEA9FE:80", "169.254.43518:80", "127.0.0.1..:80",
        "①②⑦.0.0.1:80", "１２７.0.0.1:80", "127。0。0。1:80", "localhost%00.example:80", "localhost\t:80",
        "[::1%25lo]:80", "[::1]:0", "[::1]:00080", "[v1.fe80]:443", "[]:443", "site.example:443:80",
        "site.example:４４３", "site.example:+443", "site.example:443 ", "http://site.example:443",
        "user:pass@site.example:443", "site.example@evil.example:443", "site.example#@evil.example:443",
        "site.example\\@evil.example:443", "site.example/.evil.example:443", "site.example?x:443",
        "раураl.example:443", "ex\u00adample.com:443", "exam\u200dple.com:443", "ⓔxample.com:443",
        "example.com\u3002:443", "xn--.example:443", "site..example:443", ".site.example:443", "-:443", "*:443",
    ],
)  # fmt: skip
def test_no_second_spelling_of_a_host(authority: str) -> None:
    """Numbers in other bases, look-alikes, control characters, user names and odd ports name nothing."""
    with pytest.raises(BadTarget):
        from_authority(authority)


@pytest.mark.parametrize("address", ["0.0.0.0", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "100.64.0.1"])
def test_a_name_that_leads_inside_is_told_as_such(running: Start, address: str) -> None:
    """What the desk is asked about is the least public zone of what the name resolves to, not its look."""
    gate = running(DENY, resolver=lambda host, port: ("93.184.216.34", address))
    gate.say("GET http://site.example/ HTTP/1.1\r\nHost: site.example\r\n\r\n")
    assert gate.desk.connects[0].zone in ("loopback", "private")


def test_a_refusal_in_a_tunnel_is_said_in_what_the_client_speaks(running: Start, serve: Serve) -> None:
    """A plain client reads the reason in its status line, a TLS client gets an alert and no reset."""
    gate, web = running(), serve(Web)
    with gate.tunnel("site.example", web.port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: other.example\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 400 the Host field names other.example")
    assert b"agent-supervise: " in answer
    assert web.connections == 1 and gate.desk.faults == []
