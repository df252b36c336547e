"""How programs of the cell come to trust the session's authority."""

from __future__ import annotations

from supervisor.cell.trust import ALONE, BESIDE, trust

AUTHORITY = "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----\n"
SYSTEM = "/etc/ssl/certs/ca-certificates.crt"


def test_aws_tools_trust_it_alone_and_others_beside_the_host_s() -> None:
    """Only AWS's own variable points to the authority alone; what replaces a bundle holds the host's too."""
    texts, variables = trust(AUTHORITY, {}, {SYSTEM: "theirs\n"}.get)  # type: ignore[arg-type]
    assert texts == {ALONE: AUTHORITY, BESIDE: f"theirs\n{AUTHORITY}"}
    assert variables["AWS_CA_BUNDLE"] == variables["NODE_EXTRA_CA_CERTS"] == ALONE
    assert {variables[name] for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")} == {BESIDE}


def test_a_bundle_of_the_developer_s_own_is_kept() -> None:
    """Where a variable names a bundle, its programs go on trusting that."""
    files = {"/home/me/corporate.pem": "corporate", SYSTEM: "theirs"}
    environment = {"SSL_CERT_FILE": "/home/me/corporate.pem", "NODE_EXTRA_CA_CERTS": "/home/me/corporate.pem"}
    texts, variables = trust(AUTHORITY, environment, lambda path: files.get(path, ""))
    for name in environment:
        assert texts[variables[name]] == f"corporate\n{AUTHORITY}"


def test_without_a_host_bundle_nothing_is_replaced() -> None:
    """A bundle of the authority alone would make every other host untrusted."""
    _, variables = trust(AUTHORITY, {}, lambda path: "")
    assert variables.keys() == {"AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"}
