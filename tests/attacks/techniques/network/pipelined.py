"""Send a second request behind an allowed one, in one piece, late, and inside its tunnel."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 20
import time

from attack import tried
from proxied import SITE, TCP, dial, read, say, through

good, bad = f"127.0.0.1:{SITE}", f"127.0.0.1:{TCP}"
first = f"GET http://{good}/ HTTP/1.1\r\nHost: {good}\r\nConnection: keep-alive\r\n\r\n".encode()
second = f"GET http://{bad}/ HTTP/1.1\r\nHost: {bad}\r\n\r\n".encode()
tunnelled = f"GET / HTTP/1.1\r\nHost: {good}\r\n\r\n".encode()
tried()
say(first + second)
say(first, second)
say(first + f"CONNECT {bad} HTTP/1.1\r\nHost: {bad}\r\n\r\n".encode() + second)
through(good, tunnelled + second)
with dial() as connection:
    connection.sendall(first)
    time.sleep(0.1)
    try:
        connection.sendall(second)
    except OSError:
        pass
    print("late:", read(connection)[-200:])
say(
    f"CONNECT {good} HTTP/1.1\r\nHost: {good}\r\n\r\n".encode()
    + f"CONNECT {bad} HTTP/1.1\r\nHost: {bad}\r\n\r\n".encode()
)
