"""Listen where the gate listens, to read what other programs of the cell send to it."""

# aims: outside
# control: none (there is no proxy outside of a session)
import socket

from attack import attempt, loot, tried
from proxied import address, dial

host, port = address()


def take(family: int, own: str, *options: int) -> None:
    listener = socket.socket(family, socket.SOCK_STREAM)
    for option in options:
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
    listener.bind((own, port))
    listener.listen(5)
    listener.settimeout(0.3)
    with dial() as client:
        client.sendall(b"CONNECT secret.example:443 HTTP/1.1\r\n")
        loot(("stolen", listener.accept()))


tried()
for own in ("127.0.0.1", "0.0.0.0", "127.0.0.2"):
    for options in ((), (socket.SO_REUSEADDR,), (socket.SO_REUSEPORT,), (socket.SO_REUSEADDR, socket.SO_REUSEPORT)):
        attempt(take, socket.AF_INET, own, *options)
attempt(take, socket.AF_INET6, "::", socket.SO_REUSEADDR)
