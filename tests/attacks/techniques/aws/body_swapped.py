"""Sign and announce a harmless body, wait for the go-ahead, and send the deletion in its place."""

# aims: aws
# control: harms
# seconds: 30
from attack import tried
from cloud import DELETE, DESCRIBE, FORM, denied, digest, send, signed

delete, describe = DELETE.encode(), DESCRIBE.encode()
tried()
for payload in (digest(describe), "UNSIGNED-PAYLOAD", digest(b"")):
    for expect in ("Expect: 100-continue\r\n", ""):
        made = signed("POST", "/", "", {"Content-Type": FORM}, describe, "rds", payload=payload)
        head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in made.items())
        whole = f"{head}{expect}Content-Length: {len(delete)}\r\n\r\n".encode()
        denied(send(whole, delete)[0], f"{payload[:16]} with another body")
        padded = describe + b"&" + delete
        whole = f"{head}{expect}Content-Length: {len(padded)}\r\n\r\n".encode()
        denied(send(whole, describe, b"&", delete)[0], f"{payload[:16]} with a longer body")
