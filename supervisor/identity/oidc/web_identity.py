"""AWS for a task token: the broker's STS where the role is assumed with the token in place of the developer's keys.

No key signs the call, and none of the developer's is needed. Session tags and source identity come from the token's
claims and from nowhere else. Source: AWS STS API reference, AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from supervisor.identity.chain import Role
from supervisor.identity.credentials import Credentials
from supervisor.identity.failures import BrokerError, readable
from supervisor.identity.oidc.failures import IdentityError
from supervisor.identity.oidc.values import TaskToken
from supervisor.identity.sdk import isolated_session
from supervisor.identity.source import Source, Way
from supervisor.identity.sts import CONNECT_SECONDS, READ_SECONDS, Sts

MOST_CHARACTERS: Final = 20_000
_ONLY_WITH_KEYS: Final = frozenset({"Tags", "TransitiveTagKeys", "SourceIdentity", "ExternalId"})
"""What AssumeRole takes and AssumeRoleWithWebIdentity does not."""
_FIXES: Final = {
    "InvalidIdentityToken": "let AWS reach the issuer's keys over https, and register the issuer and the broker client "
    "as an OIDC provider in IAM",
    "IDPCommunicationError": "AWS cannot reach the issuer: it must answer on the public internet; else take `aws:` out "
    "of the identity configuration, and the developer's own profile is used",
    "IDPRejectedClaim": "log in again",
    "ExpiredTokenException": "set this machine's clock and the issuer's",
    "AccessDenied": "let the role's trust policy name the OIDC provider for sts:AssumeRoleWithWebIdentity and "
    "sts:TagSession, with the broker client as its audience",
}


class WebIdentitySts(Sts):
    """STS for a role and a task's tokens. Any thread may call; `token` blocks where none is at hand."""

    def __init__(
        self, source: Source, token: Callable[[], TaskToken], *, connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS, attempts: int = 2,
    ) -> None:  # fmt: skip
        self._source, self._token = source, token
        self._timeouts, self._attempts = (connect_seconds, read_seconds), attempts
        self._client: Any = None
        self._lock = threading.Lock()

    def assume_role(self, parameters: Mapping[str, Any]) -> Credentials:
        """A session of the role; labels that the token carries itself are left out. Raises `BrokerError`."""
        try:
            token = self._token()
        except IdentityError as error:
            raise BrokerError(error.what, where=error.where, fix=error.fix) from None
        text = token.token.text
        if len(text) > MOST_CHARACTERS:
            raise BrokerError(
                f"the task token has {len(text)} characters, and AWS takes {MOST_CHARACTERS}",
                fix="take mappers out of the task's client scope",
            )
        wanted = {name: value for name, value in parameters.items() if name not in _ONLY_WITH_KEYS}
        try:
            told = self._made().assume_role_with_web_identity(WebIdentityToken=text, **wanted)
        except Exception as error:
            found = readable(error, "AWS refused AssumeRoleWithWebIdentity", secrets=(text, *text.split(".")))
            raise BrokerError(found.what, fix=_FIXES.get(found.code, found.fix), code=found.code) from None
        return _credentials(told)

    def federate(self, parameters: Mapping[str, Any]) -> Credentials:
        """A token has no user of IAM behind it."""
        raise self._no_keys("GetFederationToken")

    def caller(self) -> tuple[str, str]:
        """The account is the role's; there is no caller before it is assumed."""
        if self._source.role is None:
            raise self._no_keys("GetCallerIdentity")
        arn = self._source.role.arn
        return arn.split(":")[4], arn

    def role_of(self, arn: str) -> str:
        """The role that is configured."""
        if self._source.role is None:
            raise self._no_keys("GetRole")
        return self._source.role.arn

    def _no_keys(self, operation: str) -> BrokerError:
        return BrokerError(
            f"{operation} needs keys of AWS, and a task token is none", fix="name the role: `aws: {role: …}`"
        )

    def _made(self) -> Any:
        from botocore import UNSIGNED
        from botocore.config import Config

        connect, read = self._timeouts
        with self._lock:
            if self._client is None:
                endpoint = self._source.endpoint
                config = Config(
                    region_name=self._source.region,
                    signature_version=UNSIGNED,
                    connect_timeout=connect,
                    read_timeout=read,
                    retries={"mode": "standard", "total_max_attempts": self._attempts},
                    ignore_configured_endpoint_urls=True,
                    **({"proxies": {}} if endpoint else {}),
                )
                self._client = isolated_session({}).create_client(
                    "sts", endpoint_url=endpoint or None, verify=self._source.ca_bundle or None, config=config
                )
            return self._client


def source_of(role: str, *, issuer: str, region: str, endpoint: str = "", ca_bundle: str = "") -> Source:
    """The broker's source for a role that trusts the issuer."""
    return Source(Way.ROLE, f"a task token of {issuer}", region, Role(role), endpoint, ca_bundle)


def _credentials(told: Mapping[str, Any]) -> Credentials:
    given: Mapping[str, Any] = told.get("Credentials", {})
    expires = given.get("Expiration")
    texts = [given.get(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
    if not all(texts) or not isinstance(expires, datetime):
        raise BrokerError("STS answered without credentials", fix="look at what --aws-endpoint leads to")
    key, secret, token = map(str, texts)
    return Credentials(key, secret, token, expires, str(told.get("AssumedRoleUser", {}).get("Arn", "")))
