"""The certificates that AWS hosts have inside the cell: issued by an authority that lives and dies with the session.

Its key never leaves this process's memory, and its certificate says by itself, critically, that it is good for AWS's
names only: a tool that trusts it trusts it for nothing else.
"""

from __future__ import annotations

import os
import re
import ssl
import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from ipaddress import ip_network

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from supervisor.gates.network.cloud import SUFFIXES, is_cloud_endpoint

LIFETIME = timedelta(days=1)
_BACKDATED = timedelta(minutes=5)
_MOST_CONTEXTS = 256
# Letters, digits and hyphens, and the underscore that old buckets have; each label at most 63, no wildcard.
_HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)+"
)
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9._-]")


class NotOurs(ValueError):
    """A host that the session's authority does not speak for."""


class SessionAuthority:
    """A certificate authority for AWS hosts. Its methods may be called from any thread."""

    def __init__(self, session_id: str, now: datetime, *, lifetime: timedelta = LIFETIME) -> None:
        """`now` is aware of its zone; nothing that is issued outlives `now + lifetime`."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._from, self._until = now - _BACKDATED, now + lifetime
        self._certificate = self._issue_itself(session_id)
        self._contexts: OrderedDict[str, ssl.SSLContext] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def pem(self) -> str:
        """The authority's certificate, for a bundle of trusted ones."""
        return self._certificate.public_bytes(Encoding.PEM).decode("ascii")

    def context_for(self, host: str) -> ssl.SSLContext:
        """The server side of TLS for an AWS host. Raises `NotOurs`.

        `host` is canonical: lower case, no port, no dot at the end.
        """
        if not _HOST.fullmatch(host) or not is_cloud_endpoint(host):
            raise NotOurs(f"{host!r} is no AWS host")
        with self._lock:
            context = self._contexts.pop(host, None) or _server_context(*self._issue(host))
            self._contexts[host] = context
            if len(self._contexts) > _MOST_CONTEXTS:
                self._contexts.popitem(last=False)
        return context

    def _issue_itself(self, session_id: str) -> x509.Certificate:
        plain = _NOT_PLAIN.sub("-", session_id)[:30]
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"agent-supervise session {plain}")])
        everywhere = [x509.IPAddress(ip_network("0.0.0.0/0")), x509.IPAddress(ip_network("::/0"))]
        # A kind of name that no constraint mentions is unconstrained (RFC 5280 section 4.2.1.10): addresses, too.
        names = x509.NameConstraints([x509.DNSName(suffix) for suffix in SUFFIXES], everywhere)
        return (
            self._builder(self._key.public_key(), name, name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(names, critical=True)
            .add_extension(_usage(certificates=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._key, SHA256())
        )

    def _issue(self, host: str) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        key = ec.generate_private_key(ec.SECP256R1())
        # The host is no common name: those end at 64 characters, and names are read from the SAN alone (RFC 9525).
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "agent-supervise aws gate")])
        certificate = (
            self._builder(key.public_key(), subject, self._certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(_usage(certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self._key, SHA256())
        )
        return certificate, key

    def _builder(
        self, key: ec.EllipticCurvePublicKey, subject: x509.Name, issuer: x509.Name
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._from)
            .not_valid_after(self._until)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _server_context(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    # A ticket arrives after the handshake and makes the client's socket readable: botocore then takes it for the
    # answer to `Expect: 100-continue` and waits for ever for the rest of it.
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    _load(context, certificate, key)
    return context


def _load(context: ssl.SSLContext, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """`load_cert_chain` takes file names only: this one is anonymous memory, so that no key is ever on a disk."""
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    memory = os.memfd_create("leaf", os.MFD_CLOEXEC)
    try:
        os.write(memory, text)
        context.load_cert_chain(f"/proc/self/fd/{memory}")
    finally:
        os.close(memory)
