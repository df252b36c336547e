"""Ask the proxy for the process outside, as any program would."""

# aims: outside
# control: none (there is no proxy outside of a session)
from attack import tried
from proxied import TCP, say, through

tried()
for host in ("127.0.0.1", "localhost", "[::1]"):
    through(f"{host}:{TCP}", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    say(f"GET http://{host}:{TCP}/ HTTP/1.1\r\nHost: {host}:{TCP}\r\n\r\n".encode())
