"""What identity speaks of: tokens that nobody sees printed, what is asked for a task, and what was got."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NoReturn

LEAST_SECONDS: Final = 60
MOST_SECONDS: Final = 300
TASK_CLAIM: Final = "agent_supervise"
"""The claim that says which task a token is for: an object of `scope`, `digest`, `session`, each a text."""
TAGS_CLAIM: Final = "https://aws.amazon.com/tags"
"""Session tags as AWS reads them from a token. Source: IAM User Guide, Passing session tags in AWS STS."""
DEVELOPER: Final = "developer"
APPROVER: Final = "approver"


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A token's text. Whoever prints, logs or formats it sees its digest; it cannot be sent to another process."""

    text: str = field(repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 of the text, in hex: tells tokens apart and gives none away."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def __repr__(self) -> str:
        return f"Token(sha256:{self.digest[:12]}…)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a token stays in the process that holds it")


@dataclass(frozen=True, slots=True)
class TaskTerms:
    """What the token of a task is asked to be; a token that is anything else is refused.

    `scopes` are the client scopes that the task has at the issuer, `audience` who the token is for. `scope` and
    `digest` name the scope file, `session` the supervised session. `seconds`: the longest life that is accepted.
    `tags` are the session tags for AWS.
    """

    scopes: frozenset[str]
    audience: str
    session: str
    scope: str
    digest: str
    seconds: int = MOST_SECONDS
    tags: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not LEAST_SECONDS <= self.seconds <= MOST_SECONDS:
            raise ValueError(f"a task token lives {LEAST_SECONDS} to {MOST_SECONDS} s, not {self.seconds}")
        if not self.scopes or not self.audience or any(not one or one != "".join(one.split()) for one in self.scopes):
            raise ValueError("a task token has an audience, and scopes without blanks in them")

    @property
    def task_claim(self) -> dict[str, str]:
        """The value of `TASK_CLAIM`."""
        return {"scope": self.scope, "digest": self.digest, "session": self.session}

    @property
    def tags_claim(self) -> dict[str, object]:
        """The value of `TAGS_CLAIM`: every tag is passed on when roles are chained."""
        return {
            "principal_tags": {name: [value] for name, value in self.tags},
            "transitive_tag_keys": [name for name, _ in self.tags],
        }


@dataclass(frozen=True, slots=True)
class LoginTerms:
    """What a login is asked to be.

    `scopes` are asked for beside `openid`. With `nonce` the ID token is a receipt for that text. `max_age` (seconds)
    wants a login that is fresh, `prompt` is passed on (`login`). `role` is what the user must have; empty: none.
    """

    scopes: frozenset[str] = frozenset()
    nonce: str = ""
    max_age: int | None = None
    prompt: str = ""
    acr: str = ""
    role: str = DEVELOPER


@dataclass(frozen=True, slots=True)
class Login:
    """A human who has logged in. `user` is the name for people, `subject` the issuer's own, `sid` its session.

    `expires` is the access token's; `auth_time` (aware) when the human last proved who they are, if that was told.
    `role` is what the login was asked for with: a renewal that lacks it is refused. `scopes` are those that it has, and
    the most that a task token of it may have.
    """

    issuer: str
    subject: str
    user: str
    access: Token
    expires: datetime
    refresh: Token | None = None
    id_token: Token | None = None
    roles: frozenset[str] = frozenset()
    sid: str = ""
    auth_time: datetime | None = None
    acr: str = ""
    role: str = ""
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TaskToken:
    """A token that was checked to be for exactly one task. `id` is its `jti`; times are aware.

    `carries` tells what of the task is in the token itself, which is all that a verifier that is not ours can rely on:
    members of `TASK_CLAIM` by name, and each session tag as `tag NAME`.
    """

    token: Token
    id: str
    issuer: str
    subject: str
    client: str
    scopes: frozenset[str]
    audience: str
    issued: datetime
    expires: datetime
    carries: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """SHA-256 of the token, in hex."""
        return self.token.digest


@dataclass(frozen=True, slots=True)
class DevicePrompt:
    """What the human does at another device. `link` has the code in it already where the server offers that."""

    code: str
    page: str
    link: str
    expires: datetime


Claims = Mapping[str, Any]
"""The claims of a token whose signature holds."""
