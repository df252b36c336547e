"""Ask the proxy for names that lead back to this host: its own, those of hosts files, local ones, dots behind them."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 20
import socket

from attack import tried
from proxied import TCP, say

tried()
names = ["localhost", "localhost.", "LOCALHOST", "localhost.localdomain", "ip6-localhost", "x.localhost", "_gateway"]
names += [socket.gethostname(), f"{socket.gethostname()}.local", "host.docker.internal", "127.0.0.1.nip.io"]
names += ["localhost..", ".localhost", "localhost%2eexample.com", "1.0.0.127.in-addr.arpa", "metadata", "instance-data"]
for name in names:
    say(f"CONNECT {name}:{TCP} HTTP/1.1\r\nHost: {name}:{TCP}\r\n\r\n".encode())
