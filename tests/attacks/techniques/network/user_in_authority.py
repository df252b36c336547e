"""Write the allowed site where it looks like the host and is a user name, a fragment, a path or a query."""

# aims: outside
# control: none (there is no proxy outside of a session)
from attack import tried
from proxied import SITE, TCP, say

good, bad = f"127.0.0.1:{SITE}", f"127.0.0.1:{TCP}"
tried()
for authority in (
    f"{good}@{bad}",
    f"{good}%40{bad}",
    f"{good}#@{bad}",
    f"{good}\\@{bad}",
    f"{good}?@{bad}",
    f"{bad}#{good}",
):
    say(f"CONNECT {authority} HTTP/1.1\r\nHost: {good}\r\n\r\n".encode())
    for scheme in ("http://", "HTTP://", "http:", "http:/", "http:///", "//", "http:\\\\"):
        say(f"GET {scheme}{authority}/ HTTP/1.1\r\nHost: {good}\r\n\r\n".encode())
