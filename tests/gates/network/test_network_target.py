"""Hosts and ports have one spelling, or they are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.gates.network.cloud import is_cloud_endpoint
from supervisor.gates.network.target import BadTarget, Target, canonical_host, from_absolute, from_authority


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("example.com:443", Target("example.com", 443)),
        ("EXAMPLE.com.:443", Target("example.com", 443)),
        ("127.0.0.1:80", Target("127.0.0.1", 80)),
        ("[::1]:80", Target("::1", 80)),
        ("[0:0:0:0:0:0:0:1]:80", Target("::1", 80)),
        ("[::ffff:169.254.169.254]:80", Target("169.254.169.254", 80)),
        ("xn--bcher-kva.example:8443", Target("xn--bcher-kva.example", 8443)),
        ("_srv.example.com:1", Target("_srv.example.com", 1)),
    ],
)
def test_one_spelling(text: str, target: Target) -> None:
    """Case, a trailing dot and the notations of one address lead to one target."""
    assert from_authority(text) == target
    assert from_authority(target.authority) == target


@pytest.mark.parametrize(
    "text",
    [
        "example.com", "example.com:", "example.com:0", "example.com:65536", "example.com:+80", "example.com:080",
        "example.com:8 0", ":80", "::1:80", "[::1]", "[::1", "[fe80::1%eth0]:80", "[127.0.0.1]:80", "user@host:80",
        "2130706433:80", "0x7f000001:80", "0x7f.1:80", "127.1:80", "0177.0.0.1:80", "127.0.0.1.:80:80", "1.2.3:80",
        "169.254.169.0xfe:80", "a..b:80", "-a.b:80", "bücher.example:80", "a/b:80", "a b:80", "a\x00b:80", "...:80",
        "example.com..:80", "*.example.com:80", "%31.example.com:80", f"{'a' * 64}.com:80", f"{'a.' * 130}com:80",
    ],
)  # fmt: skip
def test_refused_spellings(text: str) -> None:
    """What a resolver might read as another host than a rule does is refused."""
    with pytest.raises(BadTarget):
        from_authority(text)


@given(st.text(max_size=80))
def test_total(text: str) -> None:
    """Any text is a target with a canonical host, or refused; canonical hosts stay as they are."""
    try:
        target = from_authority(text, 80)
    except BadTarget:
        return
    assert from_authority(target.authority) == target
    assert canonical_host(f"[{target.host}]" if ":" in target.host else target.host) == target.host


@pytest.mark.parametrize(
    ("url", "target", "path"),
    [
        ("http://a.example/x?y=1", Target("a.example", 80), "/x?y=1"),
        ("HTTP://a.example:8080", Target("a.example", 8080), "/"),
        ("http://a.example?q", Target("a.example", 80), "/?q"),
        ("http://[::1]:81/", Target("::1", 81), "/"),
    ],
)
def test_absolute(url: str, target: Target, path: str) -> None:
    """An absolute URL is split into what is dialled and what is asked there."""
    assert from_absolute(url) == (target, path)


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/", "ftp://a.example/", "//a.example/", "/x", "http:///x", "http://u:p@a.example/",
        "http://good.example\\@evil.example/", "http://a.example#@evil.example/", "http:/a.example/", "*",
    ],
)  # fmt: skip
def test_absolute_refused(url: str) -> None:
    """URLs that name no host, or that parsers disagree on, are refused."""
    with pytest.raises(BadTarget):
        from_absolute(url)


@pytest.mark.parametrize(
    ("host", "cloud"),
    [
        ("s3.amazonaws.com", True),
        ("bucket.s3.eu-central-1.amazonaws.com", True),
        ("sts.cn-north-1.amazonaws.com.cn", True),
        ("lambda.us-east-1.api.aws", True),
        ("abc.lambda-url.us-east-1.on.aws", True),
        ("amazonaws.com", True),
        ("signin.aws.amazon.com", True),
        ("docs.aws.amazon.com", False),
        ("notamazonaws.com", False),
        ("amazonaws.com.evil.example", False),
    ],
)
def test_cloud(host: str, cloud: bool) -> None:
    """API and sign-in hosts of every partition are cloud endpoints; documentation and look-alikes are not."""
    assert is_cloud_endpoint(host) is cloud
