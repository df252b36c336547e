"""Fold, break and end lines so that a field or a whole request is there for one reader and not for another."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 30
from attack import tried
from proxied import SITE, TCP, say, through

good, bad = f"127.0.0.1:{SITE}", f"127.0.0.1:{TCP}"
tried()
for head in (
    f"GET http://{good}/ HTTP/1.1\nHost: {good}\n\n", f"GET http://{good}/ HTTP/1.1\r\nHost: {good}\n\nGET http://{bad}/ HTTP/1.1\r\n\r\n",
    f"GET http://{good}/ HTTP/1.1\rHost: {bad}\r\nHost: {good}\r\n\r\n", f"GET http://{good}/ HTTP/1.1\r\n Host: {bad}\r\nHost: {good}\r\n\r\n",
    f"GET http://{good}/\r\nHost: {bad} HTTP/1.1\r\nHost: {good}\r\n\r\n", f"GET http://{good}/ HTTP/1.1\r\nX: a\r\n\tHost: {bad}\r\nHost: {good}\r\n\r\n",
    f"GET http://{good}/x\x0bHost:{bad} HTTP/1.1\r\nHost: {good}\r\n\r\n", f"GET http://{good}/\x00 HTTP/1.1\r\nHost: {good}\r\n\r\n",
    f"GET http://{good}/%0d%0aHost:%20{bad} HTTP/1.1\r\nHost: {good}\r\n\r\n", f"\r\n\r\nGET http://{bad}/ HTTP/1.1\r\nHost: {bad}\r\n\r\n",
    f"GET http://{good}/ HTTP/1.1\r\nHost: {good}\r\nX: a\x85Host: {bad}\r\n\r\n", f"GET http://{good}/ HTTP/1.1\r\n\r\nHost: {bad}\r\n\r\n",
):  # fmt: skip
    say(head.encode("latin-1"))
    through(good, head.replace(f"http://{good}", "").encode("latin-1"))
