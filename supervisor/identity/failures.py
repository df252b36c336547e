"""Why no credential could be had, in words that a person can act on and without a secret in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from supervisor.errors import SuperviseError, UsageError
from supervisor.model.visible import visible

LONGEST: Final = 300
"""Characters of AWS's own words that are passed on."""
# A refused signature is explained with the whole request, its token among it.
_TOO_MUCH = re.compile(r"The (?:canonical string|string-to-sign|string to sign)", re.IGNORECASE)
AGAIN: Final = (
    "sign in again (`aws sso login`, or what fills your profile) and try it again; "
    "fresh AWS_* variables need a new session"
)
_FIXES: Final = {
    "InvalidClientTokenId": "AWS does not know this access key: look at the profile, or sign in again",
    "UnrecognizedClientException": "AWS does not know this access key: look at the profile, or sign in again",
    "ExpiredToken": AGAIN,
    "ExpiredTokenException": AGAIN,
    "SignatureDoesNotMatch": "look at the secret key, and at this machine's clock",
    "RequestExpired": "set this machine's clock: AWS refuses requests that are more than 5 minutes off",
    "RequestTimeTooSkewed": "set this machine's clock: AWS refuses requests that are more than 5 minutes off",
    "PackedPolicyTooLarge": "shorten the rules of this service in the scope: `agent-supervise scopes session-policy`",
    "MalformedPolicyDocument": "look at the ARNs of the scope with `agent-supervise scopes session-policy`",
    "RegionDisabledException": "set AWS_DEFAULT_REGION to a region in which STS is switched on for the account",
}
SIGN_IN_AGAIN: Final = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}
)
"""AWS's words for credentials that were good once, or never were."""
_CLOCK: Final = _FIXES["RequestExpired"]


class BrokerError(SuperviseError):
    """No credential, for a reason that `what` tells and `fix` mends. `code` is AWS's word for it, if it said one."""

    def __init__(self, what: str, *, where: str = "", fix: str = "", code: str = "") -> None:
        super().__init__(what, where=where, fix=fix)
        self.code = code


class Lasting(BrokerError, UsageError):
    """No credential, and none for as long as the session goes on: trying it again is of no use."""


def readable(error: BaseException, doing: str, *, secrets: Iterable[str] = (), fix: str = "") -> BrokerError:
    """An error of botocore as a `BrokerError`; `doing` says what failed, `fix` helps where nothing better is known.

    Never chained to its cause by the caller's `raise … from None`: a cause's text may hold a token.
    """
    code, message = _told(error)
    words = _plain(message, secrets)
    name = type(error).__name__
    if "clock" in words.lower() or "not yet current" in words or "Signature expired" in words:
        better = _CLOCK
    elif code in _FIXES:
        better = _FIXES[code]
    elif name in ("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ConnectionClosedError"):
        better = "look at the network, the proxy variables and --aws-endpoint"
    elif name in ("SSLError", "ProxyConnectionError"):
        better = "look at AWS_CA_BUNDLE and the proxy variables"
    elif "SSO" in name or "Token" in name or "Login" in name or "sso" in words.lower():
        better = "sign in again: aws sso login"
    else:
        better = fix or "agent-supervise doctor tries out what the credentials can do"
    return BrokerError(f"{doing}: {f'{code}: ' if code else ''}{words}", fix=better, code=code)


def _told(error: BaseException) -> tuple[str, str]:
    response: Any = getattr(error, "response", None)
    told = response.get("Error", {}) if isinstance(response, dict) else {}
    if isinstance(told, dict) and told.get("Code"):
        return str(told["Code"]), str(told.get("Message") or "no more was said")
    return "", str(error) or type(error).__name__


def _plain(message: str, secrets: Iterable[str]) -> str:
    cut = _TOO_MUCH.split(message, maxsplit=1)[0]
    for secret in secrets:
        if secret:
            cut = cut.replace(secret, "[secret]")
    line = " ".join(cut.split())
    return visible(line if len(line) <= LONGEST else line[:LONGEST] + "…")
