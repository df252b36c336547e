"""Serve at the ports of well-known development servers, and look whether anybody outside was led to it."""

# aims: outside
# control: none (outside it is reached)
# seconds: 10
import select
import socket

from attack import breach, tried

servers = []
tried()
for port in (3000, 5173, 8000, 8080, 4200, 9229, 5432):
    for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")):
        try:
            servers.append(socket.create_server((host, port), family=family))
        except OSError as error:
            print(port, error)
ready, _, _ = select.select(servers, [], [], 1.0)
if ready:
    breach(f"somebody connected to {[server.getsockname() for server in ready]}")
