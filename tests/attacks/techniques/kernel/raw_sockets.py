"""Sockets that leave around every proxy: raw, packet, vsock, netlink and others."""

# aims: host
# control: harms (root)
import socket

from attack import attempt, breach, tried

tried()
for family, kind, protocol in (
    (socket.AF_INET, socket.SOCK_RAW, 1),
    (socket.AF_INET6, socket.SOCK_RAW, 58),
    (socket.AF_PACKET, socket.SOCK_RAW, 3),
    (socket.AF_NETLINK, socket.SOCK_RAW, 16),
    (socket.AF_NETLINK, socket.SOCK_RAW, 15),
    (40, socket.SOCK_STREAM, 0),
    (38, socket.SOCK_SEQPACKET, 0),
    (31, socket.SOCK_RAW, 1),
    (29, socket.SOCK_RAW, 1),
    (44, socket.SOCK_RAW, 0),
    (15, socket.SOCK_RAW, 2),
):
    if attempt(socket.socket, family, kind, protocol) is not None:
        breach(f"family {family}, kind {kind}, protocol {protocol}")
