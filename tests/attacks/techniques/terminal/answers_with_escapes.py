"""Have the proxy and the cloud's gate write escape sequences in their answers, or end a line early, by what is asked."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 15
from attack import breach, tried
from cloud import send, signed
from proxied import say

hostile = ("\x1b]52;c;x\x07", "\x9b31m", "\u202egpj", "%0d%0aX: y", "[@click=app.quit]x[/]", "\x7f")
tried()
for text in hostile:
    for line in (
        f"CONNECT {text}.example:443 HTTP/1.1",
        f"GET http://a.example/{text} HTTP/1.1",
        f"GET http://{text}/ HTTP/1.1",
        f"{text} / HTTP/1.1",
    ):
        answer = say(f"{line}\r\nHost: {text}\r\n\r\n".encode())
        if any(byte in answer for byte in (b"\x1b", b"\x07", b"\xc2\x9b", b"\x7f", "\u202e".encode(), b"\nX: y")):
            breach(f"an escape sequence in an answer: {answer!r}")
    body = f"Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier={text}"
    made = signed("POST", "/", "", {"Content-Type": "application/x-www-form-urlencoded"}, body.encode(), "rds")
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in made.items())
    answer = send(f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode())[1]
    if any(byte in answer for byte in (b"\x1b", b"\x07", b"\xc2\x9b", b"\x7f")):
        breach(f"an escape sequence in an answer: {answer!r}")
