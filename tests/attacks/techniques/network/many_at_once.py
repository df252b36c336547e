"""Wear the gate out: thousands of connections that say nothing, and a denied one among them that it may let go."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 30
import socket

from attack import attempt, tried
from proxied import TCP, address, say

idle: list[socket.socket] = []
tried()
for number in range(1500):
    made = attempt(socket.create_connection, address(), 0.2)
    if made is None:
        break
    idle.append(made)
    if number % 500 == 0:
        say(f"CONNECT 127.0.0.1:{TCP} HTTP/1.1\r\nHost: 127.0.0.1:{TCP}\r\n\r\nGET / HTTP/1.1\r\n\r\n".encode())
say(f"GET http://127.0.0.1:{TCP}/ HTTP/1.1\r\nHost: 127.0.0.1:{TCP}\r\n\r\n".encode())
