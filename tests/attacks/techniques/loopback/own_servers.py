"""Serve and connect inside, over every family: it must work there, and lead nowhere else."""

# aims: outside
# control: none (outside it leads to this host)
import os
import socket
import threading

from attack import breach, target, tried

tried()
for family, address in (
    (socket.AF_INET, "127.0.0.1"),
    (socket.AF_INET, "0.0.0.0"),
    (socket.AF_INET6, "::1"),
    (socket.AF_INET6, "::"),
):
    try:
        server = socket.create_server((address, int(target["tcp"])), family=family, reuse_port=False)
    except OSError as error:
        breach(f"a server at {address} cannot be had: {error}")
        continue
    threading.Thread(target=lambda server=server: server.accept()[0].sendall(b"mine"), daemon=True).start()
    with socket.create_connection((address.replace("0.0.0.0", "127.0.0.1"), int(target["tcp"])), 3) as client:
        if client.recv(10) != b"mine":
            breach(f"{address} leads elsewhere")
    server.close()
with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
    server.bind("server.sock")
    server.listen(1)
    client.connect("server.sock")
    os.unlink("server.sock")
with (
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server,
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
):
    server.bind(("127.0.0.1", int(target["udp"])))
    client.sendto(b"mine", ("127.0.0.1", int(target["udp"])))
    server.settimeout(3)
    if server.recv(10) != b"mine":
        breach("datagrams lead elsewhere")
