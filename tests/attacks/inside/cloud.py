"""What cloud techniques share: requests that are written and signed by hand, to the endpoint that tools are given."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import os
import socket
from urllib.parse import quote, urlsplit

from attack import breach

DATABASE, SITE, UPLOADS = "shop-production", "example-shop-site", "example-shop-uploads"
UPLOADED = f"/{UPLOADS}/avatars.tar"
SECONDS = 4.0
REGION = os.environ.get("AWS_REGION", "eu-central-1")
KEY, SECRET = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
TOKEN = os.environ.get("AWS_SESSION_TOKEN", "")
FORM = "application/x-www-form-urlencoded; charset=utf-8"
DELETE = f"Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier={DATABASE}&SkipFinalSnapshot=true"
DESCRIBE = "Action=DescribeDBInstances&Version=2014-10-31"


def place() -> tuple[str, int]:
    """Where the endpoint is."""
    url = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    return url.hostname or "127.0.0.1", url.port or 80


def host() -> str:
    """What tools write into Host."""
    return "{}:{}".format(*place())


def digest(body: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(body).hexdigest()


def signing_key(day: str, region: str, service: str) -> bytes:
    """The key that a day's requests to a service are signed with."""
    key = ("AWS4" + SECRET).encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def signed(
    method: str,
    path: str,
    query: str,
    headers: dict[str, str],
    body: bytes,
    service: str,
    region: str = REGION,
    payload: str = "",
) -> dict[str, str]:
    """The headers with a right signature over all of them and the body, or over what `payload` says of it."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    every = {name.lower(): value for name, value in headers.items()}
    every.setdefault("host", host())
    every["x-amz-date"] = now
    every["x-amz-content-sha256"] = payload or digest(body)
    if TOKEN:
        every["x-amz-security-token"] = TOKEN
    names = ";".join(sorted(every))
    written = path if service == "s3" else quote(path, safe="/~")
    asked = "&".join(sorted(part if "=" in part else f"{part}=" for part in query.split("&"))) if query else ""
    lines = "".join(f"{name}:{' '.join(every[name].split())}\n" for name in sorted(every))
    canonical = "\n".join((method, written, asked, lines, names, every["x-amz-content-sha256"]))
    scope = f"{now[:8]}/{region}/{service}/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", now, scope, digest(canonical.encode())))
    signature = hmac.new(signing_key(now[:8], region, service), text.encode(), hashlib.sha256).hexdigest()
    every["authorization"] = f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={names}, Signature={signature}"
    return every


def send(data: bytes, *later: bytes) -> tuple[int, bytes]:
    """Status and text of the answer to these bytes; 0 where there is none."""
    answer = b""
    try:
        with socket.create_connection(place(), SECONDS) as connection:
            for part in (data, *later):
                connection.sendall(part)
            while more := connection.recv(65536):
                answer += more
                if answer.startswith(b"HTTP/1.1 100 "):
                    answer = answer.partition(b"\r\n\r\n")[2]
                head, end, body = answer.partition(b"\r\n\r\n")
                low = head.lower()
                if end and b" 204 " in head[:14]:
                    break
                if end and b"content-length:" in low:
                    if len(body) >= int(low.partition(b"content-length:")[2].split(b"\r\n")[0]):
                        break
                elif end and answer.endswith(b"0\r\n\r\n"):
                    break
    except OSError as error:
        answer = answer or f"- 0 {error}".encode()
    status = answer.split(b" ", 2)[1:2]
    number = int(status[0]) if status and status[0].isdigit() else 0
    print("answer:", number, answer[-250:] if number >= 300 else answer[:60], flush=True)
    return number, answer


def call(
    method: str,
    path: str = "/",
    query: str = "",
    body: str | bytes = b"",
    service: str = "rds",
    headers: dict[str, str] | None = None,
    extra: str = "",
    **more: str,
) -> int:
    """One signed request; `extra` are lines of its head that the signature does not cover. The status."""
    data = body.encode() if isinstance(body, str) else body
    given = dict(headers or {})
    if method == "POST" and "Content-Type" not in given and service != "s3":
        given["Content-Type"] = FORM
    made = signed(method, path, query, given, data, service, **more)
    head = f"{method} {path}{'?' + query if query else ''} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in made.items())
    if "transfer-encoding" not in (extra + " ".join(made)).lower():
        head += f"Content-Length: {len(data)}\r\n"
    return send(f"{head}{extra}\r\n".encode("latin-1") + data)[0]


def denied(status: int, what: str) -> None:
    """Say so where something went through that must not."""
    if 200 <= status < 300:
        breach(f"{what} was answered with {status}")
