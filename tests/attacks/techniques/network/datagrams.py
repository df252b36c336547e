"""Send datagrams to the process outside: plain, connected, broadcast and multicast."""

# aims: outside
# control: harms
import socket

from attack import attempt, target, tried

port = int(target["udp"])
tried()
for address in ("127.0.0.1", "0.0.0.0", "127.255.255.255", "255.255.255.255", "224.0.0.1", "239.255.255.250"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        attempt(sender.sendto, b"out", (address, port))
        attempt(sender.connect, (address, port))
        attempt(sender.send, b"out")
for address in ("::1", "ff02::1", "ff05::c"):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
        attempt(sender.sendto, b"out", (address, port))
