"""What the developer's AWS credentials can do for a session, tried out without leaving anything of worth behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from supervisor.cell.doctor import Check
from supervisor.identity.chain import ROLE_VARIABLE, may_have_credentials
from supervisor.identity.failures import BrokerError
from supervisor.identity.names import MOST_FEDERATED, MOST_ROLE_SESSION, session_name
from supervisor.identity.source import THREE_WAYS, Source, Way, find_source
from supervisor.identity.sts import AwsSts, Sts
from supervisor.policy.session_policy_statement import Statement, render

SECONDS: Final = 8.0
"""How long all of it may take, name look-ups and sign-ins of the credentials themselves among it."""
_CONNECT_SECONDS: Final = 2.0
_READ_SECONDS: Final = 3.0
_NOTHING: Final = render([Statement("Deny", ("*",))])
"""What is minted for a trial is good for nothing."""
_CREDENTIALS: Final = "aws credentials"


def identity_checks(
    environment: Mapping[str, str], *, profile: str = "", endpoint: str = "", seconds: float = SECONDS
) -> tuple[Check, ...]:
    """Which way to narrower credentials works here. AWS is contacted only where credentials are configured."""
    if not endpoint and not may_have_credentials(environment, profile):
        return (
            Check(
                _CREDENTIALS,
                False,
                "none are configured, so the agent's AWS calls cannot be signed",
                "aws configure, or aws sso login; then doctor says what they can do",
            ),
        )
    found: list[Check] = []
    # A name server that does not answer knows no timeout of ours.
    trial = threading.Thread(target=_try, args=(environment, profile, endpoint, found.append), daemon=True)
    trial.start()
    trial.join(seconds)
    if trial.is_alive():
        found.append(
            Check("aws", False, f"no answer within {seconds:.0f} s", "look at the network and the proxy variables")
        )
    return tuple(found)


def _try(environment: Mapping[str, str], profile: str, endpoint: str, add: Callable[[Check], None]) -> None:
    try:
        source = find_source(environment, profile=profile, endpoint=endpoint)
        sts = AwsSts(source, connect_seconds=_CONNECT_SECONDS, read_seconds=_READ_SECONDS, attempts=1)
        account, arn = sts.caller()
    except BrokerError as error:
        add(Check(_CREDENTIALS, False, error.what, error.fix))
        return
    add(Check(_CREDENTIALS, True, f"{source.told}: {arn}, account {account}"))
    add(_role(source, sts, arn))
    add(_federation(source, sts))


def _role(source: Source, sts: Sts, arn: str) -> Check:
    name = "AssumeRole"
    if source.role is not None:
        role, external = source.role.arn, source.role.external_id
    elif source.way is Way.OWN_ROLE:
        try:
            role, external = sts.role_of(arn), ""
        except BrokerError:
            return Check(name, False, f"{arn} is no session of a role, and no role is named", THREE_WAYS)
    else:
        return Check(
            name, False, "not tried: no role is named", f"export {ROLE_VARIABLE}=arn:aws:iam::ACCOUNT:role/NAME"
        )
    wanted: dict[str, Any] = {"RoleArn": role, "RoleSessionName": _name(MOST_ROLE_SESSION)} | _terms()
    if external:
        wanted["ExternalId"] = external
    try:
        sts.assume_role(wanted)
    except BrokerError as error:
        return Check(name, False, error.what, _role_fix(error, role))
    return Check(name, True, f"{role} can be assumed with a session policy")


def _federation(source: Source, sts: Sts) -> Check:
    name = "GetFederationToken"
    if source.own().token:
        return Check(name, False, "not tried: AWS allows it with keys of an IAM user only, and these are a session's")
    try:
        sts.federate({"Name": _name(MOST_FEDERATED)} | _terms())
    except BrokerError as error:
        fix = "allow sts:GetFederationToken to the user, or name a role" if error.code == "AccessDenied" else error.fix
        return Check(name, False, error.what, fix)
    limits = "sessions made so call neither IAM nor STS"
    return Check(name, True, f"works; {limits}" if source.role is None else f"works too; the role is used, as {limits}")


def _role_fix(error: BrokerError, role: str) -> str:
    if error.code not in ("AccessDenied", "AccessDeniedException"):
        return error.fix
    return f"let the trust policy of {role} name you for sts:AssumeRole, and have sts:AssumeRole on it"


def _terms() -> dict[str, Any]:
    return {"Policy": _NOTHING, "DurationSeconds": 900}


def _name(most: int) -> str:
    return session_name("doctor", "agent-supervise", most=most)
