"""Send heads that never end or are larger than anybody keeps, so that what is at their end is not looked at."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 20
from attack import tried
from proxied import SITE, TCP, say

good, bad = f"127.0.0.1:{SITE}".encode(), f"127.0.0.1:{TCP}".encode()
tried()
say(
    b"GET http://"
    + good
    + b"/ HTTP/1.1\r\nHost: "
    + good
    + b"\r\n"
    + b"X: y\r\n" * 20000
    + b"Host: "
    + bad
    + b"\r\n\r\n"
)
say(b"GET http://" + good + b"/" + b"a" * 100000 + b" HTTP/1.1\r\nHost: " + good + b"\r\n\r\n")
say(b"CONNECT " + b"a" * 100000 + b"." + bad + b" HTTP/1.1\r\n\r\n")
say(b"A" * 300000)
say(b"CONNECT " + bad + b" HTTP/1.1\r\nX: " + b"a" * 32000 + b"\r\nHost: " + bad + b"\r\n\r\n")
