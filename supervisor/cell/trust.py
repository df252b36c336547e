"""How programs of the cell come to trust the session's own authority for AWS hosts, beside what the host trusts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

FOLDER: Final = "/run/agent-supervise"
ALONE: Final = f"{FOLDER}/aws-authority.pem"
BESIDE: Final = f"{FOLDER}/authorities.pem"

_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # Alpine
)
_ADDED: Final = ("NODE_EXTRA_CA_CERTS",)
"""Trusted beside what a program trusts anyway."""
_REPLACED: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Trusted instead of it: Go and OpenSSL, Python's requests, curl."""


def trust(
    authority: str, environment: Mapping[str, str], read: Callable[[str], str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Files to show in the cell (path → text), and variables that point to them.

    `authority` is a certificate in PEM, `read` gives a host file's text, empty where there is none. AWS's own tools
    trust the authority alone (`AWS_CA_BUNDLE`): they reach AWS hosts only. Where the host's bundle cannot be found the
    others keep what they have.
    """
    texts, variables = {ALONE: authority}, {"AWS_CA_BUNDLE": ALONE}
    common = next((text for path in _BUNDLES if (text := read(path))), "")
    for name in (*_ADDED, *_REPLACED):
        own = read(environment[name]) if environment.get(name) else ""
        if own:
            texts[f"{FOLDER}/{name.lower()}.pem"] = _joined(own, authority)
            variables[name] = f"{FOLDER}/{name.lower()}.pem"
        elif name in _ADDED:
            variables[name] = ALONE
        elif common:
            texts[BESIDE] = _joined(common, authority)
            variables[name] = BESIDE
    return texts, variables


def _joined(bundle: str, authority: str) -> str:
    return f"{bundle.rstrip()}\n{authority}"
