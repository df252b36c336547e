"""The credentials that the agent's tools see: made for one session, worth nothing outside of it."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from supervisor.gates.aws.shared_names import SHARED

SERVICE_PREFIX = "/_svc/"
"""What the path of a service's own endpoint URL begins with, before botocore's name of the service."""

# `ASIA` is what temporary keys begin with; the rest is the base32 alphabet of real ones (A-Z, 2-7), 20 in all.
_KEY_PREFIX = "ASIASUPERVISE"
_TOKEN_PREFIX = "agentSupervisePlaceholder"
_NOWHERE = "/dev/null"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A key, a secret and a session token that only this session's gate knows.

    The token makes tools treat the credentials as temporary, as the real ones are. Nothing of it is derived from real
    credentials; AWS itself answers `InvalidClientTokenId`.
    """

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(repr=False)

    @classmethod
    def create(cls, random: Callable[[int], bytes] = secrets.token_bytes) -> Placeholder:
        """Make them of `random(number of bytes)`."""
        return cls(
            access_key=_KEY_PREFIX + base64.b32encode(random(5)).decode("ascii")[: 20 - len(_KEY_PREFIX)],
            secret_key=base64.b64encode(random(30)).decode("ascii"),
            token=_TOKEN_PREFIX + base64.urlsafe_b64encode(random(48)).decode("ascii"),
        )

    def environment(self, port: int, region: str) -> dict[str, str]:
        """The variables that lead AWS tools to the gate on `127.0.0.1:port` and to these credentials.

        The address is one, never a name: the endpoint rule sets switch S3 to path style for addresses only. Services
        get a URL of their own where nothing else in some of their requests tells them from another one.
        """
        gate = f"http://127.0.0.1:{port}"
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.token,
            # botocore reads the one, the Go and JavaScript SDKs the other.
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_CONFIG_FILE": _NOWHERE,
            "AWS_SHARED_CREDENTIALS_FILE": _NOWHERE,
            "AWS_EC2_METADATA_DISABLED": "true",
            # A session of S3 Express has credentials of its own, and a host prefix makes a host that is not ours.
            "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH": "true",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_ENDPOINT_URL": gate,
            **{f"AWS_ENDPOINT_URL_{suffix}": gate + SERVICE_PREFIX + service for service, suffix in SHARED.items()},
        }
