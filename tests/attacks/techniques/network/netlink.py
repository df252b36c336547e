"""Make oneself a way out: interfaces, addresses and routes by netlink, after asking which there are."""

# aims: outside
# control: none (it would change the routes of the developer's machine)
import socket
import struct

from attack import attempt, target, tried

RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE = 16, 20, 24
REQUEST_ACK_CREATE = 0x1 | 0x4 | 0x400


def ask(kind: int, body: bytes) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.settimeout(1)
        kernel.bind((0, 0))
        kernel.send(struct.pack("=IHHII", 16 + len(body), kind, REQUEST_ACK_CREATE, 1, 0) + body)
        answer = kernel.recv(4096)
        error = struct.unpack_from("=i", answer, 16)[0]
        print("answer:", kind, error, flush=True)
        assert error != 0, "it was done"


def attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


tried()
info = attribute(18, attribute(1, b"veth"))
attempt(ask, RTM_NEWLINK, struct.pack("=BBHiII", 0, 0, 0, 0, 0, 0) + attribute(3, b"way0\0") + info)
attempt(ask, RTM_NEWADDR, struct.pack("=BBBBi", 2, 8, 0, 0, 1) + attribute(2, socket.inet_aton("10.0.2.15")))
route = struct.pack("=BBBBBBBBI", 2, 0, 0, 0, 254, 3, 0, 1, 0) + attribute(4, struct.pack("=i", 1))
attempt(ask, RTM_NEWROUTE, route)
for protocol in (4, 6, 9, 10, 12, 15, 16):  # diagnosis, IPsec, audit, names, firewall, device events, generic
    attempt(lambda protocol=protocol: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol).close())
attempt(lambda: socket.create_connection(("10.0.2.2", int(target["tcp"])), 0.3))
