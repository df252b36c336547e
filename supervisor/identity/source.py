"""The developer's own credentials, and the way that leads from them to narrower ones.

Ways, by what the credentials are: a role that is named is assumed; keys of a user or of root federate themselves; a
session of a role assumes its own role again. Each takes a session policy. Source: AWS STS API reference, AssumeRole,
GetFederationToken ("only with long-term credentials") and GetSessionToken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from supervisor.identity.chain import ROLE_VARIABLE, Chain, Role, may_have_credentials
from supervisor.identity.credentials import Credentials
from supervisor.identity.failures import BrokerError, readable
from supervisor.identity.live_keys import LiveKeys

THREE_WAYS: Final = (
    f"export {ROLE_VARIABLE}=arn:aws:iam::ACCOUNT:role/NAME with a role that trusts you, or use a profile with a "
    "role_arn, or sign in with keys of an IAM user, which need sts:GetFederationToken; --weaken credentials signs with "
    "your own credentials, which nothing but the gate then limits"
)


class Way(StrEnum):
    """How narrower credentials are had."""

    ROLE = "AssumeRole"
    FEDERATION = "GetFederationToken"
    OWN_ROLE = "AssumeRole of one's own role"
    UNNARROWED = "own credentials, not narrowed"


@dataclass(frozen=True, slots=True)
class Source:
    """Where credentials come from. `told` says it for people; `endpoint` stands for AWS where it is not empty."""

    way: Way
    told: str
    region: str
    role: Role | None = None
    endpoint: str = ""
    ca_bundle: str = ""
    keys: Any = field(default=None, repr=False)

    def look_again(self) -> bool:
        """AWS does not take the developer's credentials: look them up anew; true if there are others now."""
        return isinstance(self.keys, LiveKeys) and self.keys.look_again()

    def own(self) -> Credentials:
        """The developer's credentials as they are now; renews them where they can be. Raises `BrokerError`."""
        try:
            frozen = self.keys.get_frozen_credentials()
        except BrokerError:
            raise
        except Exception as error:
            raise readable(error, f"the AWS credentials of {self.told} cannot be used") from None
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token or "", acts_as=self.told)


def find_source(
    environment: Mapping[str, str], *, profile: str = "", endpoint: str = "", unnarrowed: bool = False
) -> Source:
    """The developer's credentials in this environment. Loads botocore; may contact SSO or run a credential_process.

    With an `endpoint` that is not AWS, credentials may be missing: `test` is then taken. Raises `BrokerError`.
    """
    if endpoint and not may_have_credentials(environment, profile):
        return _dummy(endpoint, environment, unnarrowed)
    chain = Chain(environment, profile, endpoint)
    found = chain.find()
    if found is None:
        if endpoint:
            return _dummy(endpoint, environment, unnarrowed)
        raise BrokerError(
            "no AWS credentials are configured", fix=f"aws configure, or aws sso login; then {THREE_WAYS}"
        )

    def find_again() -> Any:
        again = Chain(environment, profile, endpoint).find()
        return again and again.keys

    keys = LiveKeys(found.keys, find_again)
    source = Source(Way.FEDERATION, found.told, chain.region, found.role, endpoint, chain.ca_bundle, keys)
    if unnarrowed:
        way = Way.UNNARROWED
    elif found.role is not None:
        way = Way.ROLE
    else:
        way = Way.OWN_ROLE if source.own().token else Way.FEDERATION
    return Source(way, source.told, source.region, source.role, source.endpoint, source.ca_bundle, source.keys)


def _dummy(endpoint: str, environment: Mapping[str, str], unnarrowed: bool) -> Source:
    from botocore.credentials import Credentials as Keys

    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    role = Role(named) if (named := environment.get(ROLE_VARIABLE, "")) else None
    way = Way.UNNARROWED if unnarrowed else Way.ROLE if role else Way.FEDERATION
    return Source(way, f"nobody, for {endpoint}", region, role, endpoint, keys=Keys("test", "test"))
