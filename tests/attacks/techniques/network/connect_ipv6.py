"""Reach the process outside over IPv6: loopback, mapped, link-local with every scope."""

# aims: outside
# control: harms
import socket

from attack import attempt, target, tried


def reach(address: str, port: int, scope: int = 0) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as connection:
        connection.settimeout(0.3)
        connection.connect((address, port, 0, scope))


tcp, tcp6 = int(target["tcp"]), int(target["tcp6"])
tried()
for address in ("::1", "::", "fe80::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"):
    for port in (tcp6, tcp):
        for scope in (0, 1, 2, 3):
            attempt(reach, address, port, scope)
