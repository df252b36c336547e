"""Speak other proxy protocols to the proxy: SOCKS 4 and 5, the PROXY preamble, TLS, FTP and Gopher URLs, lower case."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 30
import struct

from attack import tried
from proxied import TCP, say

port = struct.pack("!H", int(TCP))
bad = f"127.0.0.1:{TCP}".encode()
tried()
say(b"\x04\x01" + port + b"\x7f\x00\x00\x01user\x00")
say(b"\x04\x01" + port + b"\x00\x00\x00\x01user\x00localhost\x00")
say(b"\x05\x01\x00", b"\x05\x01\x00\x01\x7f\x00\x00\x01" + port)
say(b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nCONNECT " + bad + b" HTTP/1.1\r\n\r\n")
say(b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x7f\x00\x00\x01\x7f\x00\x00\x01\x00\x01" + port)
say(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00")
for line in (
    b"GET ftp://",
    b"GET gopher://",
    b"GET file:///",
    b"GET ws://",
    b"connect ",
    b"CONNECT\t",
    b"TRACE http://",
    b"GET CONNECT ",
):
    say(line + bad + b"/ HTTP/1.1\r\nHost: " + bad + b"\r\n\r\n")
say(b"CONNECT " + bad + b"\r\n\r\n")
say(b"CONNECT " + bad + b" HTTP/0.9\r\n\r\n")
say(b"CONNECT " + bad + b" HTTP/2\r\n\r\n")
