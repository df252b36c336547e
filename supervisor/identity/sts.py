"""Calls to STS with the developer's credentials; the answer is a value, a refusal a `BrokerError` in AWS's words."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from supervisor.identity.credentials import Credentials
from supervisor.identity.failures import SIGN_IN_AGAIN, BrokerError, readable
from supervisor.identity.sdk import isolated_session
from supervisor.identity.source import Source

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0


class Sts(Protocol):
    """What the broker needs of STS; parameters are those of the API."""

    def assume_role(self, parameters: Mapping[str, Any]) -> Credentials:
        """Raises `BrokerError`."""
        ...

    def federate(self, parameters: Mapping[str, Any]) -> Credentials:
        """GetFederationToken; raises `BrokerError`."""
        ...

    def caller(self) -> tuple[str, str]:
        """Account and ARN of the developer's credentials; raises `BrokerError`."""
        ...

    def role_of(self, arn: str) -> str:
        """The ARN of the role behind an assumed role's ARN; raises `BrokerError`."""
        ...


class AwsSts(Sts):
    """STS of AWS, or of what stands for it. Any thread may call."""

    def __init__(
        self,
        source: Source,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
        attempts: int = 2,
    ) -> None:
        self._source, self._timeouts, self._attempts = source, (connect_seconds, read_seconds), attempts
        self._session: Any = None
        self._clients: dict[str, tuple[Credentials, Any]] = {}
        self._lock = threading.Lock()

    def assume_role(self, parameters: Mapping[str, Any]) -> Credentials:
        """A session of a role."""
        told = self._call("sts", "assume_role", parameters)
        return _credentials(told, told.get("AssumedRoleUser", {}).get("Arn", ""))

    def federate(self, parameters: Mapping[str, Any]) -> Credentials:
        """A session of the user itself."""
        told = self._call("sts", "get_federation_token", parameters)
        return _credentials(told, told.get("FederatedUser", {}).get("Arn", ""))

    def caller(self) -> tuple[str, str]:
        """Who the developer is to AWS."""
        told = self._call("sts", "get_caller_identity", {})
        return str(told.get("Account", "")), str(told.get("Arn", ""))

    def role_of(self, arn: str) -> str:
        """The role's path is missing in the session's ARN: it is asked for, and taken to be `/` where IAM is silent."""
        head, name, *_ = (*arn.split("/"), "")
        account = head.split(":")[4] if head.count(":") >= 5 else ""
        if ":assumed-role" not in head or not name or not account:
            raise BrokerError(f"{arn or 'the caller'} is no session of a role", fix="")
        try:
            told = self._call("iam", "get_role", {"RoleName": name})
            return str(told["Role"]["Arn"])
        except (BrokerError, KeyError) as error:
            if isinstance(error, BrokerError) and error.code in SIGN_IN_AGAIN:
                raise
            return f"{head.split(':sts:')[0]}:iam::{account}:role/{name}"

    def _call(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return self._once(service, operation, parameters)
        except BrokerError as error:
            if error.code not in SIGN_IN_AGAIN or not self._source.look_again():
                raise
        return self._once(service, operation, parameters)

    def _once(self, service: str, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        own = self._source.own()
        try:
            client = self._client(service, own)
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
        except BrokerError:
            raise
        except Exception as error:
            doing = "".join(part.capitalize() for part in operation.split("_"))
            answered = isinstance(getattr(error, "response", None), dict)
            what = f"AWS refused {doing}" if answered else f"AWS could not be asked for {doing}"
            raise readable(error, what, secrets=own.secrets) from None
        return answer

    def _client(self, service: str, own: Credentials) -> Any:
        from botocore.config import Config

        connect, read = self._timeouts
        endpoint = self._source.endpoint
        config = Config(
            region_name=self._source.region,
            connect_timeout=connect,
            read_timeout=read,
            retries={"mode": "standard", "total_max_attempts": self._attempts},
            ignore_configured_endpoint_urls=True,
            # What stands for AWS is on this host as a rule, which no proxy leads to.
            **({"proxies": {}} if endpoint else {}),
        )
        # Sessions of botocore may be shared by threads, but not while they make a client.
        with self._lock:
            made_for, client = self._clients.get(service, (None, None))
            if made_for == own:
                return client
            if self._session is None:
                self._session = isolated_session({})
            client = self._session.create_client(
                service,
                endpoint_url=endpoint or None,
                aws_access_key_id=own.access_key,
                aws_secret_access_key=own.secret_key,
                aws_session_token=own.token or None,
                verify=self._source.ca_bundle or None,
                config=config,
            )
            self._clients[service] = (own, client)
            return client


def _credentials(told: Mapping[str, Any], acts_as: str) -> Credentials:
    given: Mapping[str, Any] = told.get("Credentials", {})
    expires = given.get("Expiration")
    if not given.get("AccessKeyId") or not given.get("SecretAccessKey") or not isinstance(expires, datetime):
        raise BrokerError("STS answered without credentials", fix="look at what --aws-endpoint leads to")
    plain = Credentials(str(given["AccessKeyId"]), str(given["SecretAccessKey"]), str(given.get("SessionToken") or ""))
    return replace(plain, expires=expires, acts_as=str(acts_as))
