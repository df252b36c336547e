"""Use the signature of an allowed request again: for another body, path, query, method and service."""

# aims: aws
# control: harms
# seconds: 20
from attack import tried
from cloud import DELETE, DESCRIBE, FORM, SITE, UPLOADED, denied, send, signed


def write(method: str, target: str, made: dict[str, str], body: str) -> bytes:
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in made.items())
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


tried()
made = signed("POST", "/", "", {"Content-Type": FORM}, DESCRIBE.encode(), "rds")
send(write("POST", "/", made, DESCRIBE))
denied(send(write("POST", "/", made, DELETE))[0], "another body")
denied(send(write("POST", f"/?{DELETE}", made, DESCRIBE))[0], "another query")
denied(send(write("DELETE", UPLOADED, made, ""))[0], "another method and path")
old = dict(made, **{"x-amz-date": "20200101T000000Z"})
denied(send(write("POST", "/", old, DELETE))[0], "another day")
made = signed("DELETE", f"/{SITE}/page.html", "", {}, b"", "s3")
send(write("DELETE", f"/{SITE}/page.html", made, ""))
for target in (UPLOADED, f"/{SITE}/../{UPLOADED}", f"{UPLOADED}?x=/{SITE}/page.html"):
    denied(send(write("DELETE", target, made, ""))[0], target)
