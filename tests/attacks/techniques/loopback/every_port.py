"""Look for a way out behind every port of the cell's loopback, in both families."""

# aims: outside
# control: none (outside these are this host's own)
# seconds: 25
import socket

from attack import breach, target, tried
from proxied import address

own = {address()[1]}
tried()
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    for port in (
        *range(1, 12000),
        *range(30000, 61000, 7),
        int(target["tcp"]),
        int(target["tcp6"]),
        int(target["site"]),
    ):
        with socket.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(0.5)
            if (
                client.connect_ex((host, port)) == 0
                and port not in own
                and client.getsockname() != client.getpeername()
            ):
                breach(f"port {port} of {host} leads somewhere")
