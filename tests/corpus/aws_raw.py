"""Requests to AWS written by hand, where a client library would not write them."""

from __future__ import annotations

from urllib.parse import quote

REGION = "eu-central-1"
GATE = "127.0.0.1:4566"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
JSON = "application/x-amz-json-1.0"

Headers = list[tuple[str, str]]
Raw = tuple[str, str, Headers, bytes]


def authorization(signing_name: str, region: str = REGION) -> tuple[str, str]:
    """A header that claims to sign for a service. Nothing that reads it verifies it."""
    scope = f"AKIAPLACEHOLDER00000/20261125/{region}/{signing_name}/aws4_request"
    return "Authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"


def raw(
    signing_name: str,
    method: str,
    target: str,
    *more: tuple[str, str],
    body: bytes = b"",
    host: str = GATE,
    region: str = REGION,
) -> Raw:
    """A signed request with the headers that every client sends, and more."""
    headers = [("Host", host), ("X-Amz-Date", "20261125T100000Z"), authorization(signing_name, region), *more]
    if body:
        headers.append(("Content-Length", str(len(body))))
    return method, target, headers, body


def s3(method: str, target: str, *more: tuple[str, str], body: bytes = b"", host: str = GATE) -> Raw:
    return raw("s3", method, target, *more, body=body, host=host)


def form(signing_name: str, text: str, *more: tuple[str, str], target: str = "/", host: str = GATE) -> Raw:
    return raw(signing_name, "POST", target, ("Content-Type", FORM), *more, body=text.encode(), host=host)


def json_rpc(signing_name: str, name: str, body: bytes = b"{}", *more: tuple[str, str], host: str = GATE) -> Raw:
    return raw(signing_name, "POST", "/", ("X-Amz-Target", name), ("Content-Type", JSON), *more, body=body, host=host)


def presigned(signing_name: str, query: str = "", region: str = REGION) -> str:
    """The query of a URL that claims to be presigned."""
    scope = quote(f"AKIAPLACEHOLDER00000/20261125/{region}/{signing_name}/aws4_request", safe="")
    signature = (
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={scope}&X-Amz-Date=20261125T100000Z"
        f"&X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}"
    )
    return f"{query}&{signature}" if query else signature
