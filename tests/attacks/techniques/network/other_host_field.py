"""Ask for the allowed site and name the process outside in Host, in twins of Host and in fields that proxies trust."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 20
from attack import tried
from proxied import SITE, TCP, say, through

good, bad = f"127.0.0.1:{SITE}", f"127.0.0.1:{TCP}"
tried()
for fields in (
    f"Host: {bad}", f"Host: {good}\r\nHost: {bad}", f"Host: {bad}\r\nHost: {good}", f"Host : {bad}", f"host:{bad}",
    f"Host: {good},{bad}", f"Host: {good} {bad}", f"Host: {good}\r\n {bad}", f"Host:\t{bad}", f"Host: {good}\x0bHost: {bad}",
    f"X-Forwarded-Host: {bad}", f"Forwarded: host={bad}\r\nHost: {good}\r\nConnection: Host", "",
):  # fmt: skip
    say(f"GET http://{good}/ HTTP/1.1\r\n{fields}\r\n\r\n".encode())
    say(f"CONNECT {good} HTTP/1.1\r\n{fields}\r\n\r\nGET / HTTP/1.1\r\n{fields}\r\n\r\n".encode())
    through(good, f"GET / HTTP/1.1\r\n{fields}\r\n\r\n".encode())
    through(good, f"GET http://{bad}/ HTTP/1.1\r\n{fields}\r\n\r\n".encode())
