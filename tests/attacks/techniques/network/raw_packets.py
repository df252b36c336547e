"""Write the packets oneself: raw IP with a datagram for the process outside in it, and frames on every interface."""

# aims: outside
# control: harms (root)
import os
import socket
import struct

from attack import attempt, target, tried

port = int(target["udp"])
loopback = socket.inet_aton("127.0.0.1")
datagram = struct.pack("!HHHH", 40000, port, 8 + 3, 0) + b"out"
packet = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(datagram), 1, 0, 64, 17, 0, loopback, loopback) + datagram


def raw() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sender:
        sender.sendto(packet, ("127.0.0.1", 0))


def framed(name: str) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800)) as sender:
        sender.bind((name, 0))
        sender.send(bytes(12) + b"\x08\x00" + packet)


def pinged() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sender:
        sender.sendto(b"\x08\x00\x00\x00out", ("127.0.0.1", 0))


tried()
attempt(raw)
attempt(pinged)
for name in os.listdir("/sys/class/net") if os.path.isdir("/sys/class/net") else ("lo", "eth0"):
    attempt(framed, name)
