"""Hide the real server name where only the server reads it: Encrypted Client Hello, and a second hello."""

# aims: outside
# control: none (there is no proxy outside of a session)
import ssl

from attack import attempt, tried
from proxied import SITE, through


def hello() -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    out = ssl.MemoryBIO()
    attempt(context.wrap_bio(ssl.MemoryBIO(), out).do_handshake)
    return out.read()


def extended(record: bytes, kind: int, content: bytes) -> bytes:
    body = record[9:]
    at = 34
    at += 1 + body[at]
    at += 2 + int.from_bytes(body[at : at + 2], "big")
    at += 1 + body[at]
    extensions = body[at + 2 :] + kind.to_bytes(2, "big") + len(content).to_bytes(2, "big") + content
    body = body[:at] + len(extensions).to_bytes(2, "big") + extensions
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


plain = hello()
name = b"other.example"
sni = (len(name) + 3).to_bytes(2, "big") + b"\x00" + len(name).to_bytes(2, "big") + name
tried()
for data in (extended(plain, 0xFE0D, b"\x00" * 60), extended(plain, 0, sni)):
    through(f"127.0.0.1:{SITE}", data)
