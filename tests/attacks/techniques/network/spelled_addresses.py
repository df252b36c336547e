"""Ask the proxy for loopback in every spelling: decimal, octal, hexadecimal, short, mapped, translated, tunnelled."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 20
from attack import tried
from proxied import TCP, say

tried()
for host in (
    "2130706433", "017700000001", "0x7f000001", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1", "0177.0.0.0x1", "127.0.0.1.",
    "0", "0.0.0.0", "00.00.00.00", "127.0.0.257", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::1%25lo]", "[::1%lo]", "[::]", "127。0。0。1", "①②⑦.0.0.1",
    "１２７.0.0.1", "%31%32%37.0.0.1", "127.0.0.1%00.example.com", "127.0.0.1\x00.example.com", "127.000.000.001",
):  # fmt: skip
    say(f"CONNECT {host}:{TCP} HTTP/1.1\r\nHost: {host}:{TCP}\r\n\r\nGET / HTTP/1.1\r\n\r\n".encode())
    say(f"GET http://{host}:{TCP}/ HTTP/1.1\r\nHost: {host}:{TCP}\r\n\r\n".encode())
