"""Reach the process outside by protocols that filters forget: MPTCP, SCTP, DCCP, UDP-Lite, fast open, SMC."""

# aims: outside
# control: harms
import socket

from attack import attempt, target, tried

tcp, udp = ("127.0.0.1", int(target["tcp"])), ("127.0.0.1", int(target["udp"]))
MSG_FASTOPEN, AF_SMC = 0x20000000, 43


def connect(family: int, kind: int, protocol: int, address: tuple) -> None:
    with socket.socket(family, kind, protocol) as connection:
        connection.settimeout(0.3)
        connection.connect(address)


def fast_open() -> None:
    with socket.socket() as connection:
        connection.settimeout(0.3)
        connection.sendto(b"out", MSG_FASTOPEN, tcp)


tried()
for family, kind, protocol, address in (
    (socket.AF_INET, socket.SOCK_STREAM, 262, tcp),
    (socket.AF_INET6, socket.SOCK_STREAM, 262, ("::ffff:127.0.0.1", tcp[1])),
    (socket.AF_INET, socket.SOCK_STREAM, 132, tcp),
    (socket.AF_INET, socket.SOCK_SEQPACKET, 132, tcp),
    (socket.AF_INET, 6, 33, tcp),
    (socket.AF_INET, socket.SOCK_DGRAM, 136, udp),
    (AF_SMC, socket.SOCK_STREAM, 0, tcp),
    (AF_SMC, socket.SOCK_STREAM, 1, tcp),
):
    attempt(connect, family, kind, protocol, address)
attempt(fast_open)
