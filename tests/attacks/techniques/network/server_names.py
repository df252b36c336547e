"""Open a tunnel to the allowed site and ask in TLS for another name, for none, for two, or in pieces."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 20
import ssl

from attack import attempt, tried
from proxied import SITE, read, through, tunnel


def hello(name: str | None) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    out = ssl.MemoryBIO()
    attempt(context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake)
    return out.read()


good = f"127.0.0.1:{SITE}"
other = hello("other.example")
tried()
for data in (
    other,
    other[:5] + other[5:],
    b"\r\n" + other,
    b"GET / HTTP/1.0\r\n\r\n" + other,
    b"\x16\x03\x01\x00\x01\x01" + other,
):
    through(good, data)
message = other[5:]
through(good, b"".join(b"\x16\x03\x01\x00\x01" + message[at : at + 1] for at in range(len(message))))
connection = tunnel(good)
if connection is not None:
    with connection:
        for byte in other:
            try:
                connection.send(bytes([byte]))
            except OSError:
                break
        read(connection)
