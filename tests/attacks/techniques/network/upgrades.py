"""Turn an allowed request into another protocol that carries requests for other hosts: h2c, websocket, TLS."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 20
from attack import tried
from proxied import SITE, TCP, say, through

good, bad = f"127.0.0.1:{SITE}", f"127.0.0.1:{TCP}"
frame = b"\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x00"
hidden = f"GET /hidden HTTP/1.1\r\nHost: {bad}\r\n\r\n".encode()
tried()
for fields in (
    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nConnection: Upgrade, HTTP2-Settings",
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    "Upgrade: websocket, h2c\r\nConnection: Upgrade",
    "Upgrade: TLS/1.2\r\nConnection: Upgrade",
    "Upgrade: HTTP/2.0\r\nConnection: Upgrade",
):
    say(f"GET http://{good}/ HTTP/1.1\r\nHost: {good}\r\n{fields}\r\n\r\n".encode(), hidden)
    through(good, f"GET / HTTP/1.1\r\nHost: {good}\r\n{fields}\r\n\r\n".encode() + hidden)
preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
say(preface + frame)
through(good, preface + frame)
