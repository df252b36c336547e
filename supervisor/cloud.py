"""A session's aws gate and what it stands on: placeholders for the agent, the authority, the broker, the look-ups.

Whatever costs a call to AWS, or the import of its models, waits for the agent's first call.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from supervisor.cell.facts import Host
from supervisor.cell.trust import trust
from supervisor.errors import JournalError, SuperviseError
from supervisor.gates.aws import AwsGate
from supervisor.gates.aws.authority import SessionAuthority
from supervisor.gates.aws.lookups import Lookups
from supervisor.gates.aws.placeholder import Placeholder
from supervisor.gates.aws.terms import Address, Terms
from supervisor.identity.region import region_of
from supervisor.model.decision import By
from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall, Process
from supervisor.policy.decide import decide
from supervisor.policy.finding import needs_tags
from supervisor.policy.scope import Scope
from supervisor.runtime import Runtime, utc_now

if TYPE_CHECKING:
    from supervisor.identity.broker import Broker
    from supervisor.identity.credentials import Credentials
    from supervisor.identity.oidc.acting import Acting
    from supervisor.identity.source import Source
    from supervisor.identity.sts import Sts

CREDENTIALS: Final = "credentials"
"""What `--weaken` calls the narrowing of credentials."""
FAILURE_SECONDS: Final = 5.0
"""For so long nobody looks again for credentials that were not found."""
_MOST_BUNDLE: Final = 4 * 1024 * 1024


class LateBroker:
    """The broker, made when it is first needed; once the task has ended there is none to make."""

    def __init__(self, make: Callable[[], Broker]) -> None:
        self._make = make
        self._made: Broker | None = None
        self._ended = ""
        self._lock = threading.Lock()
        self._failed: tuple[SuperviseError, float] | None = None

    def account(self) -> str:
        """See `Broker.account`."""
        return self._broker().account()

    def for_call(self, call: AwsCall, *, by: By, request_id: str, escalation: str = "") -> Credentials:
        """See `Broker.for_call`."""
        return self._broker().for_call(call, by=by, request_id=request_id, escalation=escalation)

    def known_account(self) -> str:
        """See `Broker.known_account`."""
        made = self._made
        return "" if made is None else made.known_account()

    def at_hand(self, call: AwsCall, *, by: By) -> Credentials | None:
        """See `Broker.at_hand`."""
        made = self._made
        return None if made is None else made.at_hand(call, by=by)

    def reader(self) -> Credentials:
        """See `Broker.reader`."""
        return self._broker().reader()

    def rejected(self, access_key: str, code: str) -> str:
        """See `Broker.rejected`."""
        return self._broker().rejected(access_key, code)

    def end(self, why: str) -> None:
        """See `Broker.end`."""
        # Whoever is making it right now, which may take a while, ends it then.
        self._ended = why
        made = self._made
        if made is not None:
            made.end(why)

    def _broker(self) -> Broker:
        made = self._made
        if made is None:
            with self._lock:
                made = self._made = self._made or self._first()
                if self._ended:
                    made.end(self._ended)
        return made

    def _first(self) -> Broker:
        # A look-up may take seconds, and a hundred calls may wait for it: a failure is theirs too.
        if self._failed is not None and time.monotonic() - self._failed[1] < FAILURE_SECONDS:
            raise copy(self._failed[0])
        try:
            return self._make()
        except SuperviseError as error:
            self._failed = error, time.monotonic()
            raise


class Cloud:
    """Made before the cell; `gate` when the runtime is there; `end` when the task is over."""

    def __init__(
        self,
        scope: Scope,
        environment: Mapping[str, str],
        *,
        session: str,
        user: str,
        deadline: datetime | None,
        profile: str = "",
        endpoint: str = "",
        unnarrowed: bool = False,
        tokens: Acting | None = None,
    ) -> None:
        self._scope, self._environment = scope, dict(environment)
        self._session, self._user, self._deadline = session, user, deadline
        self._profile, self._endpoint, self._unnarrowed = profile, endpoint, unnarrowed
        self._tokens = tokens
        self._placeholder = Placeholder.create()
        self._authority = SessionAuthority(session, utc_now())
        self._broker: LateBroker | None = None
        self._lookups: Lookups | None = None
        self.texts, self._trust = trust(self._authority.pem, self._environment, _text)

    @property
    def addresses(self) -> frozenset[tuple[str, int]]:
        """Hosts and ports that stand in for AWS, and that no connection of the cell may lead to."""
        if not self._endpoint:
            return frozenset()
        parts = urlsplit(self._endpoint)
        host = (parts.hostname or "").lower()
        return frozenset({(host, parts.port or (443 if parts.scheme == "https" else 80))})

    def variables(self, port: int) -> dict[str, str]:
        """The agent's variables that lead its tools to the gate behind the cell's `port`, and make them trust it."""
        return {**self._placeholder.environment(port, self._region()), **self._trust}

    def gate(
        self,
        runtime: Runtime,
        chain_of: Callable[[Address], tuple[Process, ...]],
        is_canary: Callable[[str], bool] = lambda bucket: False,
    ) -> AwsGate:
        """The gate; its calls are decided by `runtime`. `is_canary` knows the buckets of canaries (`gates.canary`)."""
        self._broker = broker = LateBroker(lambda: self._make_broker(runtime))
        self._lookups = lookups = Lookups(broker.reader, self._endpoint or None)

        def would(call: AwsCall) -> Effect:
            request = runtime.preview("aws", call)
            return decide(self._scope, runtime.state.grants, request, utc_now()).effect

        looking = threading.Lock()

        def one_at_a_time(peer: Address) -> tuple[Process, ...]:
            # Each has a time of its own to be found in; a burst of new connections would take it from all of them, and
            # calls that are not known to be of one program are not one question.
            with looking:
                return chain_of(peer)

        terms = Terms(
            placeholder=self._placeholder,
            broker=broker,
            lookups=lookups,
            would=would,
            needs_tags=lambda call: needs_tags(self._scope, call),
            chain_of=one_at_a_time,
            endpoint=self._endpoint,
            is_canary=is_canary,
            is_free=runtime.is_free,
        )
        return AwsGate(terms, context_for=self._authority.context_for, environment=self._environment)

    def end(self, why: str) -> None:
        """No credential is handed out from now on."""
        if self._lookups is not None:
            self._lookups.close()
        if self._broker is not None:
            with contextlib.suppress(JournalError):
                self._broker.end(why)

    def _region(self) -> str:
        own = region_of(self._environment, self._profile)
        fitting = self._scope.regions
        return own if own and (not fitting or own in fitting) else next(iter(fitting), "us-east-1")

    def _make_broker(self, runtime: Runtime) -> Broker:
        from supervisor.identity.broker import Broker

        source, sts, user = self._way()
        return Broker(
            source,
            sts,
            scope=self._scope,
            session=self._session,
            user=user,
            deadline=self._deadline,
            on_record=runtime.record,
        )

    def _way(self) -> tuple[Source, Sts, str]:
        """What credentials are made from, how, and for whom: task tokens where a role trusts their issuer."""
        if self._tokens is not None:
            by_token = self._tokens.aws(region=self._region(), endpoint=self._endpoint)
            if by_token is not None:
                return by_token
        from supervisor.identity.source import find_source
        from supervisor.identity.sts import AwsSts

        source = find_source(
            self._environment, profile=self._profile, endpoint=self._endpoint, unnarrowed=self._unnarrowed
        )
        return source, AwsSts(source), self._user


def _text(path: str) -> str:
    return Host().text(path, _MOST_BUNDLE)
