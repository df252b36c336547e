"""Leave by the sockets of virtual machines, which no network namespace holds: to the host, the hypervisor, ourselves."""

# aims: outside
# control: none (a connection to the hypervisor is seen by nobody here)
import socket

from attack import attempt, loot, target, tried

tried()
for family in (40, 31, 29, 42):  # vsock, Bluetooth, CAN, Qualcomm's IPC router
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW):
        made = attempt(socket.socket, family, kind, 0)
        if made is None:
            continue
        loot(f"a socket of family {family}")
        for peer in (0, 1, 2, 3):
            attempt(made.connect, (peer, int(target["tcp"])))
