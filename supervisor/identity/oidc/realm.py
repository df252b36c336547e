"""The realm that agent-supervise needs, as Keycloak's own representation: clients, task scopes, roles, client policy.

Everything that tokens need is in scopes of our own: a realm that is imported with client scopes gets none of Keycloak's
built-in ones, and without `basic` a token has no `sub`. Source: Keycloak 26.7, Server Administration Guide, Securing
Applications (Standard Token Exchange).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from supervisor.identity.oidc.metadata import EXCHANGE
from supervisor.identity.oidc.values import APPROVER, DEVELOPER, LEAST_SECONDS, MOST_SECONDS, TAGS_CLAIM, TASK_CLAIM

Member = dict[str, Any]
LOGIN_CLIENT: Final = "agent-supervise-cli"
BROKER_CLIENT: Final = "agent-supervise"
AWS: Final = "sts.amazonaws.com"
LOGIN_SCOPE: Final = "agent-supervise-login"
TASK_SCOPE: Final = "agent-supervise-task"
POLICY: Final = "agent-supervise-exchange"
MARK: Final = "agent-supervise.exchange"
"""The broker client's attribute that the policy goes by: other clients of a shared realm are left alone."""
TAG: Final = "agent-supervise:scope"
PREFIX: Final = "task-"
_ROLE_TEXTS: Final = {
    DEVELOPER: "may run supervised agents, and gets task tokens",
    APPROVER: "may answer what needs a second human",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a realm is set up for. `tasks` are names of scopes, `seconds` the life of a task token."""

    realm: str
    tasks: tuple[str, ...]
    audience: str = AWS
    seconds: int = 120

    def __post_init__(self) -> None:
        if not LEAST_SECONDS <= self.seconds <= MOST_SECONDS:
            raise ValueError(f"a task token lives {LEAST_SECONDS} to {MOST_SECONDS} s, not {self.seconds}")


def client_scope(task: str) -> str:
    """The client scope that stands for a scope file of this name."""
    return PREFIX + task


def representation(plan: Plan) -> Member:
    """The whole realm, as `kc.sh import`, `start --import-realm` and the admin console take it."""
    return {
        "realm": plan.realm, "enabled": True, "sslRequired": "external", "oauth2DeviceCodeLifespan": 600,
        "oauth2DevicePollingInterval": 5, "revokeRefreshToken": True, "refreshTokenMaxReuse": 0,
        "eventsEnabled": True, "adminEventsEnabled": True, "adminEventsDetailsEnabled": True,
        "roles": {"realm": roles()},
        "clientScopes": client_scopes(plan),
        "scopeMappings": [
            {"client": LOGIN_CLIENT, "roles": [DEVELOPER, APPROVER]},
            *({"clientScope": client_scope(task), "roles": [DEVELOPER]} for task in plan.tasks),
        ],
        "clients": clients(plan),
        "clientProfiles": {"profiles": [profile()]},
        "clientPolicies": {"policies": [policy()]},
    }  # fmt: skip


def roles() -> list[Member]:
    """The two roles of humans."""
    return [{"name": name, "description": text} for name, text in _ROLE_TEXTS.items()]


def client_scopes(plan: Plan) -> list[Member]:
    """What is in a login's token, what in every task token, and one scope for each task."""
    return [
        _scope(LOGIN_SCOPE, "who the human is, and that the broker may exchange the token", [
            _mapper("subject", "oidc-sub-mapper", _IN_ACCESS),
            _mapper("login time", "oidc-usersessionmodel-note-mapper", _IN_ACCESS_AND_ID | {
                "user.session.note": "AUTH_TIME", "claim.name": "auth_time", "jsonType.label": "long"}),
            _mapper("login strength", "oidc-acr-mapper", _IN_ACCESS_AND_ID),
            _mapper("name", "oidc-usermodel-attribute-mapper", _IN_ACCESS_AND_ID | {
                "user.attribute": "username", "claim.name": "preferred_username", "jsonType.label": "String"}),
            _mapper("roles", "oidc-usermodel-realm-role-mapper", _IN_ACCESS_AND_ID | {
                "claim.name": "realm_access.roles", "jsonType.label": "String", "multivalued": "true"}),
            _mapper("broker", "oidc-audience-mapper", _IN_ACCESS | {"included.client.audience": BROKER_CLIENT}),
        ]),
        _scope(TASK_SCOPE, "whose task it is", [_mapper("subject", "oidc-sub-mapper", _IN_ACCESS)]),
        *(_task_scope(task, plan.audience) for task in plan.tasks),
    ]  # fmt: skip


def clients(plan: Plan) -> list[Member]:
    """The public client that humans log in through, the confidential one that exchanges, and the audience."""
    tasks = [client_scope(task) for task in plan.tasks]
    return [
        _client(LOGIN_CLIENT, "agent-supervise: humans log in",
            publicClient=True, standardFlowEnabled=True, redirectUris=["http://127.0.0.1/callback"],
            defaultClientScopes=[LOGIN_SCOPE], optionalClientScopes=tasks,
            attributes={
                "pkce.code.challenge.method": "S256", "oauth2.device.authorization.grant.enabled": "true",
                "access.token.lifespan": str(MOST_SECONDS), "use.refresh.tokens": "true",
            }),
        _client(BROKER_CLIENT, "agent-supervise: a login becomes the token of one task",
            defaultClientScopes=[TASK_SCOPE], optionalClientScopes=tasks,
            attributes={
                "standard.token.exchange.enabled": "true", "access.token.lifespan": str(plan.seconds),
                "use.refresh.tokens": "false", "client_credentials.use_refresh_token": "false", MARK: "true",
            }),
        _client(plan.audience, "who task tokens are for; nobody logs in as it",
            defaultClientScopes=[], optionalClientScopes=[]),
    ]  # fmt: skip


def profile() -> Member:
    """What is enforced at an exchange: no scope that the login lacks, and no token of another client."""
    return {
        "name": POLICY,
        "description": "a task token never has more than the login that it was made of",
        "executors": [
            {"executor": "downscope-assertion-grant-enforcer", "configuration": {}},
            {
                "executor": "jwt-claim-enforcer",
                "configuration": {"claim-name": "azp", "allowed-value": LOGIN_CLIENT},
            },
        ],
    }


def policy() -> Member:
    """When it is enforced."""
    return {
        "name": POLICY,
        "description": "token exchange by the broker of agent-supervise",
        "enabled": True,
        "conditions": [
            {"condition": "grant-type", "configuration": {"is-negative-logic": False, "grant_types": [EXCHANGE]}},
            {
                "condition": "client-attributes",
                "configuration": {"is-negative-logic": False, "attributes": _pairs({MARK: "true"})},
            },
        ],
        "profiles": [POLICY],
    }


_IN_ACCESS: Final = {
    "access.token.claim": "true", "id.token.claim": "false", "userinfo.token.claim": "false",
    "introspection.token.claim": "true",
}  # fmt: skip
_IN_ACCESS_AND_ID: Final = _IN_ACCESS | {"id.token.claim": "true"}


def _task_scope(task: str, audience: str) -> Member:
    tags = {"principal_tags": {TAG: [task]}, "transitive_tag_keys": [TAG]}
    return _scope(client_scope(task), f"what the scope {task} allows, for one supervised session", [
        _mapper("audience", "oidc-audience-mapper", _IN_ACCESS | {"included.client.audience": audience}),
        _fixed("task", TASK_CLAIM, {"scope": task}),
        _fixed("session tags for AWS", TAGS_CLAIM, tags),
    ], shown=True)  # fmt: skip


def _scope(name: str, text: str, mappers: list[Member], *, shown: bool = False) -> Member:
    return {
        "name": name,
        "description": text,
        "protocol": "openid-connect",
        "attributes": {"include.in.token.scope": _word(shown), "display.on.consent.screen": _word(shown)},
        "protocolMappers": mappers,
    }


def _mapper(name: str, kind: str, settings: dict[str, str]) -> Member:
    return {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": dict(settings)}


def _fixed(name: str, claim: str, value: Member) -> Member:
    # A dot in a claim's name would make an object of it.
    return _mapper(name, "oidc-hardcoded-claim-mapper", _IN_ACCESS | {
        "claim.name": claim.replace(".", "\\."), "jsonType.label": "JSON",
        "claim.value": json.dumps(value, separators=(",", ":")),
    })  # fmt: skip


def _client(name: str, text: str, *, attributes: dict[str, str] | None = None, **more: Any) -> Member:
    return {
        "clientId": name, "description": text, "protocol": "openid-connect", "enabled": True, "publicClient": False,
        "standardFlowEnabled": False, "implicitFlowEnabled": False, "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False, "fullScopeAllowed": False, "consentRequired": False, "redirectUris": [],
        "webOrigins": [], "attributes": attributes or {},
    } | more  # fmt: skip


def _pairs(values: dict[str, str]) -> str:
    """A map as client policies keep it: a JSON text of a list of key and value."""
    return json.dumps([{"key": key, "value": value} for key, value in values.items()], separators=(",", ":"))


def _word(truth: bool) -> str:
    return "true" if truth else "false"


def plan_tasks(names: Iterable[str]) -> tuple[str, ...]:
    """Names of scopes in their order, each once. Raises `ValueError` for one that cannot be a client scope's name."""
    found = tuple(sorted(dict.fromkeys(names)))
    for name in found:
        if not name or not all(letter.isascii() and (letter.isalnum() or letter in "-_.") for letter in name):
            raise ValueError(f"{name!r} cannot be part of a client scope's name")
    return found
