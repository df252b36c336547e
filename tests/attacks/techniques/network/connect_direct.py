"""Connect to the process outside by TCP, at every address that may be this host."""

# aims: outside
# control: harms
import socket

from attack import attempt, target, tried

port = int(target["tcp"])
addresses = ["127.0.0.1", "127.0.0.2", "0.0.0.0", "localhost", "10.0.2.2", "172.17.0.1", "192.168.65.2"]
addresses += [socket.gethostname(), "host.docker.internal", "gateway.docker.internal", "_gateway"]
tried()
for address in addresses:
    attempt(lambda address=address: socket.create_connection((address, port), 0.3).recv(100))
