"""The broker: holds the developer's credentials and hands out, call by call, ones that are worth no more than the call.

Calls that the scope allows share one session for the task and the service, whose policy is compiled from the scope. A
call that a human allowed, or a kept answer of a human, has a session of its own, of 900 seconds, for exactly its
actions and resources. When the task ends nobody gets a credential any more: the sessions live on at AWS for a while,
but only the gate ever had them.

Any thread may call; equal sessions are minted once however many wait for them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from supervisor.errors import ScopeError, SuperviseError
from supervisor.identity.credentials import Credentials
from supervisor.identity.failures import AGAIN, SIGN_IN_AGAIN, BrokerError, Lasting
from supervisor.identity.lookups import READER_POLICY
from supervisor.identity.names import MOST_FEDERATED, MOST_ROLE_SESSION, session_name, session_tags, source_identity
from supervisor.identity.source import THREE_WAYS, Source, Way
from supervisor.identity.sts import Sts
from supervisor.model.decision import By
from supervisor.model.event import CredentialEnded, CredentialMinted
from supervisor.model.request import AwsCall
from supervisor.policy.scope import Scope
from supervisor.policy.session_policy import Facts, PolicyTooLong, call_policy, session_policy_of
from supervisor.policy.session_policy_facts import known

LEAST_SECONDS: Final = 900
TASK_SECONDS: Final = 3600
"""The longest session: a role's default maximum, and all that role chaining allows."""
RENEW_BEFORE: Final = timedelta(minutes=5)
STALE_BEFORE: Final = timedelta(minutes=1)
"""With less than this left a credential is not handed out any more: the call it signs takes its time too."""
FRESH: Final = timedelta(minutes=1)
"""AWS's refusal of a credential that is younger says nothing about its age: another one would be refused alike."""
FAILURE_KEPT: Final = timedelta(seconds=5)
"""A refusal is not asked for again at once, so that a hundred waiting calls are one call to STS."""
MOST_KEPT: Final = 256
MOST_EXACT: Final = 8
"""Sessions for single calls that one answer leads to; the calls of a longer burst share one for each folder."""
READER: Final = "reader"
_NEW: Final = "the next try has new ones"
OPEN_TO_FEDERATED: Final = frozenset({"sts:GetCallerIdentity", "iam:PassRole"})
"""What of IAM and STS a federated session may all the same: see who it is, and hand a role to a service's own call."""

Key = tuple[str, ...]


@dataclass(slots=True)
class _Slot:
    """One session that may be shared: what it is now, who renews it, and why that failed."""

    minting: threading.Lock = field(default_factory=threading.Lock)
    credentials: Credentials | None = None
    since: datetime | None = None
    failure: _Failure | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why there is none, and since when."""

    error: SuperviseError
    at: datetime


class Broker:
    """Credentials for one task. `on_record` gets `CredentialMinted` before a credential is handed out.

    `deadline` (aware) is the task's end. `facts` is what is known of AWS's actions, everything by default.
    """

    def __init__(
        self,
        source: Source,
        sts: Sts,
        *,
        scope: Scope,
        session: str,
        user: str,
        deadline: datetime | None,
        on_record: Callable[[CredentialMinted | CredentialEnded], None],
        facts: Facts | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source, self._sts, self._scope = source, sts, scope
        self._session, self._user, self._deadline = session, user, deadline
        self._on_record, self._clock = on_record, clock
        self._facts = facts or known()
        self._lock = threading.Lock()
        self._slots: dict[Key, _Slot] = {}
        self._policies: dict[Key, str | ScopeError] = {}
        self._bursts: Counter[str] = Counter()
        self._alive: dict[str, datetime] = {}
        self._ended = ""
        self._plain_names = False
        self._identity: tuple[str, str] | None = None
        self._began_in = ""
        self._roles: dict[str, str] = {}
        self._unknown: _Failure | None = None
        self._identifying = threading.Lock()

    # ── for the gate ─────────────────────────────────────────────────────────────────────────────

    def for_call(self, call: AwsCall, *, by: By, request_id: str, escalation: str = "") -> Credentials:
        """What this allowed call is signed with. Blocks on STS where no session is there yet.

        Raises `BrokerError`, or `ScopeError` where the scope does not compile to a policy that AWS would take.
        """
        self._check()
        if by not in (By.POLICY, By.GRANT, By.HUMAN):
            raise Lasting(f"{request_id} was not allowed, so nothing signs it", fix="")
        if not call.actions:
            raise Lasting(f"which IAM action {request_id} needs cannot be told, so nothing signs it", fix="")
        services = tuple(sorted({action.partition(":")[0].lower() for action in call.actions}))
        self._check_reach(call)
        if self._source.way is Way.UNNARROWED:
            return self._shared(("own",), str, "", LEAST_SECONDS)
        if by is By.POLICY:
            try:
                compile_ = partial(self._policy, services)
                return self._shared(("task", *services), compile_, " ".join(services), TASK_SECONDS)
            except PolicyTooLong:
                if len(services) == 1:
                    raise
                # What one session cannot say of two services, one call still can.
        policy = self._call_policy(call, escalation)
        what = (" ".join(services), LEAST_SECONDS, escalation)
        if by is By.HUMAN and not escalation:
            return self._minted(policy, *what)
        return self._shared(("call", escalation, policy), lambda: policy, *what)

    def at_hand(self, call: AwsCall, *, by: By) -> Credentials | None:
        """What `for_call` would give, where the task's own session is there already; neither blocks nor raises."""
        account = self.known_account()
        if by is not By.POLICY or not call.actions or not account:
            return None
        try:
            self._check()
            self._check_reach(call)
        except SuperviseError:
            return None
        if self._source.way is Way.UNNARROWED:
            key: Key = ("own",)
        else:
            key = ("task", *sorted({action.partition(":")[0].lower() for action in call.actions}))
        slot = self._slots.get(key)
        held = slot.credentials if slot is not None else None
        return held if held is not None and self._left(held) > RENEW_BEFORE else None

    def _call_policy(self, call: AwsCall, escalation: str) -> str:
        """Exactly the call's own; for a long burst of calls that one answer allowed, a folder's."""
        policy = call_policy(call, self._scope)
        with self._lock:
            known = ("call", escalation, policy) in self._slots
            if known or not escalation:
                return policy
            self._bursts[escalation] += 1
            many = self._bursts[escalation] > MOST_EXACT
        return call_policy(call, self._scope, folders=True) if many else policy

    def reader(self) -> Credentials:
        """Read-only credentials for our own look-ups (tags, what an approval would destroy). Raises `BrokerError`."""
        self._check()
        if self._source.way is Way.UNNARROWED:
            return self._shared(("own",), str, "", LEAST_SECONDS)
        return self._shared((READER,), lambda: READER_POLICY, READER, TASK_SECONDS)

    def account(self) -> str:
        """The account that calls are made in: the assumed role's, else the developer's. Raises `BrokerError`."""
        if self._source.role is not None:
            parts = self._source.role.arn.split(":")
            return parts[4] if len(parts) > 4 else ""
        return self._caller()[0]

    def known_account(self) -> str:
        """As `account`, where that is known; neither blocks nor raises."""
        if self._source.role is not None:
            return self.account()
        known = self._identity
        return "" if known is None else known[0]

    def rejected(self, access_key: str, code: str) -> str:
        """AWS does not take this credential and answers with `code`: it is not handed out again.

        Returns what follows from that, as the end of a sentence.
        """
        if self._source.way is Way.UNNARROWED and self._source.role is None:
            return self._own_rejected(code)
        now, over = self._clock(), []
        with self._lock:
            for slot in self._slots.values():
                held = slot.credentials
                if held is None or held.access_key != access_key or slot.since is None or now - slot.since < FRESH:
                    continue
                slot.credentials = None
                over.append(held)
        for held in over:
            self._over(held, f"AWS does not take it any more: {code}")
        return _NEW if over else "they are as good as new, so look at this machine's clock and at the account's keys"

    def _own_rejected(self, code: str) -> str:
        """The developer's own are all that there is."""
        with self._lock:
            held = [slot.credentials for slot in self._slots.values() if slot.credentials is not None]
            for slot in self._slots.values():
                slot.credentials = None
            self._identity = None
        for one in held:
            self._over(one, f"AWS does not take it any more: {code}")
        if self._source.look_again():
            return _NEW
        return f"they are those of {self._source.told}; to go on: {AGAIN}"

    def end(self, why: str) -> None:
        """From now on there is no credential for anybody. Records the end of every one that AWS would still take."""
        with self._lock:
            if self._ended:
                return
            self._ended = why or "the task has ended"
            now, alive = self._clock(), self._alive
            self._alive, self._slots, self._policies = {}, {}, {}
        for credential, expires in alive.items():
            self._on_record(CredentialEnded(credential, "expired" if expires <= now else self._ended))

    # ── may it be handed out at all? ─────────────────────────────────────────────────────────────

    def _check(self) -> None:
        if self._ended:
            raise Lasting(f"there are no credentials any more: {self._ended}", fix="start a new session")
        if self._deadline is not None and self._clock() >= self._deadline:
            raise Lasting("there are no credentials any more: the task's time is over", fix="start a new session")

    def _check_reach(self, call: AwsCall) -> None:
        closed = [one for one in call.actions if one.startswith(("iam:", "sts:")) and one not in OPEN_TO_FEDERATED]
        if closed and self._source.way is Way.FEDERATION and not self._source.endpoint:
            raise Lasting(
                f"AWS lets federated sessions call neither IAM nor STS, and this is {closed[0]}",
                fix="for such calls name a role: export AGENT_SUPERVISE_AWS_ROLE=arn:aws:iam::ACCOUNT:role/NAME",
            )
        wanted = self._scope.account
        if wanted and (found := self.account()) != wanted:
            raise Lasting(
                f"the credentials of {self._source.told} are for account {found}, and the scope is for {wanted}",
                fix="pass the --profile of that account, or change `aws: account:` in the scope",
            )

    # ── sessions that are shared ─────────────────────────────────────────────────────────────────

    def _policy(self, services: tuple[str, ...]) -> str:
        found = self._policies.get(services)
        if found is None:
            facts = replace(self._facts, account=self._scope.account or self.account())
            try:
                found = session_policy_of(self._scope, services, facts)
            except ScopeError as error:
                found = error
            self._policies[services] = found
        if isinstance(found, ScopeError):
            raise copy(found)
        return found

    def _shared(
        self, key: Key, policy: Callable[[], str], service: str, seconds: int, escalation: str = ""
    ) -> Credentials:
        with self._lock:
            self._check()
            slot = self._slots.get(key) or self._new_slot(key)
        held = slot.credentials
        if held is not None and self._left(held) > RENEW_BEFORE:
            return held
        usable = held is not None and self._left(held) > STALE_BEFORE
        # Who finds a session that is about to be renewed goes on with it; who finds none waits.
        if not slot.minting.acquire(blocking=not usable):
            assert held is not None
            return held
        try:
            return self._renewed(slot, policy, service, seconds, escalation)
        finally:
            slot.minting.release()

    def _renewed(
        self, slot: _Slot, policy: Callable[[], str], service: str, seconds: int, escalation: str
    ) -> Credentials:
        held = slot.credentials
        if held is not None and self._left(held) > RENEW_BEFORE:
            return held
        usable = held is not None and self._left(held) > STALE_BEFORE
        if slot.failure is not None and self._clock() - slot.failure.at < FAILURE_KEPT:
            if usable and held is not None:
                return held
            raise copy(slot.failure.error)
        try:
            made = self._minted(policy(), service, seconds, escalation)
        except (BrokerError, ScopeError) as error:
            slot.failure = _Failure(error, self._clock())
            if usable and held is not None and not self._ended:
                return held
            raise
        slot.credentials, slot.since, slot.failure = made, self._clock(), None
        if held is not None and held.access_key != made.access_key:
            self._over(held, "renewed")
        return made

    def _new_slot(self, key: Key) -> _Slot:
        if len(self._slots) >= MOST_KEPT:
            idle = [one for one, slot in self._slots.items() if one[0] == "call" and not slot.minting.locked()]
            for one in idle[: MOST_KEPT // 2]:
                del self._slots[one]
        slot = self._slots[key] = _Slot()
        return slot

    def _left(self, credentials: Credentials) -> timedelta:
        return timedelta.max if credentials.expires is None else credentials.expires - self._clock()

    # ── minting ──────────────────────────────────────────────────────────────────────────────────

    def _minted(self, policy: str, service: str, seconds: int, escalation: str = "") -> Credentials:
        if self._source.way is Way.UNNARROWED and self._source.role is None:
            made = self._own()
        else:
            made = self._asked(policy, seconds, escalation)
            self._stay(_account_of(made.acts_as))
        expires = made.expires or self._clock() + timedelta(seconds=LEAST_SECONDS)
        acts_as = made.acts_as or self._source.way.value
        if not policy:
            acts_as += f" ({Way.UNNARROWED.value})"
        with self._lock:
            # What was minted while the task ended is dropped here, and nobody has seen it.
            self._check()
            before = made.access_key in self._alive
            self._alive[made.access_key] = expires
        if before and not policy:
            return made  # the developer's own keys, looked at again
        self._sweep()
        self._on_record(CredentialMinted(made.access_key, acts_as, expires, service, escalation))
        self._check()
        return made

    def _own(self) -> Credentials:
        own = self._source.own()
        # Looked at again before long: the developer's sign-in may be renewed meanwhile.
        return replace(own, expires=self._clock() + timedelta(seconds=LEAST_SECONDS))

    def _asked(self, policy: str, seconds: int, escalation: str) -> Credentials:
        """One session from STS; what only labels it is left out where AWS refuses the label."""
        try:
            return self._ask(policy, seconds, escalation, labels=not self._plain_names)
        except BrokerError as error:
            if self._plain_names or error.code not in ("AccessDenied", "AccessDeniedException", "PackedPolicyTooLarge"):
                raise self._told(error) from None
            try:
                made = self._ask(policy, seconds, escalation, labels=False)
            except BrokerError as again:
                raise self._told(again) from None
            self._plain_names = error.code != "PackedPolicyTooLarge"
            return made

    def _ask(self, policy: str, seconds: int, escalation: str, *, labels: bool) -> Credentials:
        more: dict[str, Any] = {"DurationSeconds": self._seconds(seconds)}
        if policy:
            more["Policy"] = policy
        if labels:
            more["Tags"] = session_tags(
                session=self._session, scope=self._scope.name, task=self._scope.task, escalation=escalation
            )
        if self._source.way is Way.FEDERATION:
            return self._sts.federate({"Name": self._name(MOST_FEDERATED)} | more)
        role = self._role()
        if labels and (human := source_identity(self._user)):
            more["SourceIdentity"] = human
        if self._source.role is not None and self._source.role.external_id:
            more["ExternalId"] = self._source.role.external_id
        return self._sts.assume_role({"RoleArn": role, "RoleSessionName": self._name(MOST_ROLE_SESSION)} | more)

    def _name(self, most: int) -> str:
        return session_name(self._user, self._session, most=most)

    def _seconds(self, wanted: int) -> int:
        if self._deadline is None:
            return wanted
        left = int((self._deadline - self._clock()).total_seconds())
        return max(LEAST_SECONDS, min(wanted, left))

    def _role(self) -> str:
        if self._source.role is not None:
            return self._source.role.arn
        arn = self._caller()[1]
        if arn in self._roles:
            return self._roles[arn]
        try:
            found = self._roles[arn] = self._sts.role_of(arn)
            return found
        except BrokerError as error:
            if error.code in SIGN_IN_AGAIN:
                raise
            raise BrokerError(f"{arn} is a session that nothing narrower can be made from", fix=THREE_WAYS) from None

    def _caller(self) -> tuple[str, str]:
        with self._identifying:
            if self._unknown is not None and self._clock() - self._unknown.at < FAILURE_KEPT:
                raise copy(self._unknown.error)
            if self._identity is None:
                try:
                    found = self._sts.caller()
                except BrokerError as error:
                    self._unknown = _Failure(error, self._clock())
                    raise
                self._stay(found[0])
                self._identity = found
            return self._identity

    def _stay(self, account: str) -> None:
        """A session stays in the account that it began in: what is decided for one must not be signed for another."""
        if not account:
            return
        self._began_in = self._began_in or account
        if account != self._began_in:
            raise Lasting(
                f"{self._source.told} leads to account {account} now, and this session began in {self._began_in}",
                fix=f"sign in to {self._began_in} again, or start a new session",
            )

    def _told(self, error: BrokerError) -> BrokerError:
        """A refusal with the ways that are left."""
        if error.code not in ("AccessDenied", "AccessDeniedException"):
            return error
        tried = f"{self._source.way.value} with the credentials of {self._source.told}"
        return BrokerError(f"{tried}: {error.what}", fix=THREE_WAYS, code=error.code)

    # ── ends ─────────────────────────────────────────────────────────────────────────────────────

    def _over(self, credentials: Credentials, why: str) -> None:
        with self._lock:
            before = self._alive.pop(credentials.access_key, None)
        if before is not None:
            self._on_record(CredentialEnded(credentials.access_key, why))

    def _sweep(self) -> None:
        now = self._clock()
        with self._lock:
            over = [credential for credential, expires in self._alive.items() if expires <= now]
            for credential in over:
                del self._alive[credential]
        for credential in over:
            self._on_record(CredentialEnded(credential, "expired"))


def _account_of(arn: str) -> str:
    """The account of an ARN, empty where it has none."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and parts[4].isdigit() else ""
