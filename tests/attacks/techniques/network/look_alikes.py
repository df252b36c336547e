"""Ask for names that look like allowed or known ones: other scripts, invisible letters, dots of other alphabets."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 20
from attack import tried
from proxied import TCP, say

tried()
for name in ("lоcalhost", "ⓛocalhost", "local\u00adhost", "local\u200dhost", "localhost\u3002", "ｌocalhost", "xn--lcalhost-n1a",
             "xn--localhost-", "LOCALHOST\u2024", "localhoſt", "localhost\u0000", "local​host", "ℓocalhost"):  # fmt: skip
    say(f"CONNECT {name}:{TCP} HTTP/1.1\r\nHost: {name}:{TCP}\r\n\r\n".encode())
    say(f"GET http://{name}:{TCP}/ HTTP/1.1\r\nHost: {name}:{TCP}\r\n\r\n".encode())
