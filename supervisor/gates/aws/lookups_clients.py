"""Clients of botocore that read with the supervisor's own credentials, and nothing of the host's AWS settings.

botocore is loaded with the first client: most sessions never look anything up.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from supervisor.gates.aws.terms import Keys

CONNECT_SECONDS: Final = 1.0
HOME_REGION: Final = "us-east-1"
"""Where services without regions (IAM, CloudFront, Route 53) are asked, and sign for."""

_PAGED: Final = ("NextToken", "nextToken", "Marker", "NextMarker", "IsTruncated", "Truncated", "PaginationToken")


class CannotTell(Exception):
    """What was asked about is not known, or not all of it."""


class Clients:
    """One client for each service and region; `endpoint` is the URL that stands in for all of AWS, empty = AWS.

    `read_seconds` is how long one answer may take.
    """

    def __init__(self, credentials: Callable[[], Keys], endpoint: str = "", *, read_seconds: float) -> None:
        self._credentials, self._endpoint, self._read_seconds = credentials, endpoint, read_seconds
        self._lock = threading.Lock()
        self._session: Any = None
        self._clients: dict[tuple[str, str], Any] = {}

    def call(self, service: str, region: str, operation: str, **parameters: object) -> Mapping[str, Any]:
        """The answer to one read. Raises whatever botocore raises."""
        answer: Mapping[str, Any] = getattr(self._client(service, region or HOME_REGION), operation)(**parameters)
        return answer

    def whole(self, service: str, region: str, operation: str, **parameters: object) -> Mapping[str, Any]:
        """The answer to one read, which must be all there is: raises `CannotTell` for a first page of several."""
        answer = self.call(service, region, operation, **parameters)
        if is_part(answer):
            raise CannotTell(f"{service} {operation} has more to say than one page")
        return answer

    def close(self) -> None:
        """Let go of all connections."""
        with self._lock:
            clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()

    def _client(self, service: str, region: str) -> Any:
        # One at a time: loading a service's model twice at once helps nobody.
        with self._lock:
            known = self._clients.get((service, region))
            if known is None:
                known = self._clients[service, region] = self._made(service, region)
            return known

    def _made(self, service: str, region: str) -> Any:
        from botocore.config import Config

        self._session = self._session or _session(self._credentials)
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=self._read_seconds,
            retries={"total_max_attempts": 1},
            ignore_configured_endpoint_urls=True,
            s3={"addressing_style": "path"} if self._endpoint else None,
        )
        return self._session.create_client(
            service, region_name=region, endpoint_url=self._endpoint or None, config=config
        )


def is_part(answer: Mapping[str, Any]) -> bool:
    """True where the answer says that it is not all there is."""
    return any(answer.get(name) for name in _PAGED)


def _session(credentials: Callable[[], Keys]) -> Any:
    import botocore.session
    from botocore.credentials import Credentials, ReadOnlyCredentials

    class Live(Credentials):  # type: ignore[misc, unused-ignore]
        """Asks for the keys anew at every signature, so that a client outlives them."""

        def __init__(self) -> None:
            super().__init__("", "")

        def get_frozen_credentials(self) -> ReadOnlyCredentials:
            keys = credentials()
            return ReadOnlyCredentials(keys.access_key, keys.secret_key, keys.token or None)

    class Only:
        """The one place where the session finds credentials."""

        def load_credentials(self) -> Live:
            return Live()

    # Neither the developer's profile nor files nor variables say how we look things up.
    variables = {name: (None, None, default, None) for name, default in (("profile", None), ("region", HOME_REGION))}
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = botocore.session.Session(session_vars={**variables, **files})
    session.register_component("credential_provider", Only())
    return session
