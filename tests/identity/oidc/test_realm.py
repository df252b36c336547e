"""The realm as planned gives nobody more than a task needs, and its difference to another is told exactly."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from supervisor.identity.oidc.realm import (
    AWS,
    BROKER_CLIENT,
    LOGIN_CLIENT,
    LOGIN_SCOPE,
    POLICY,
    TASK_SCOPE,
    Plan,
    plan_tasks,
    representation,
)
from supervisor.identity.oidc.realm_difference import Change, Found, difference

PLAN = Plan("r", ("s3-static-site", "terraform-plan"))
WHOLE = representation(PLAN)


def by_name(members: list[dict[str, Any]], name: str, key: str = "name") -> dict[str, Any]:
    """The member that is called so."""
    return next(member for member in members if member[key] == name)


def as_planned() -> dict[str, Any]:
    """What `Found` is made of for a realm that is right; a test spoils it."""
    whole = copy.deepcopy(WHOLE)
    mapped = whole["scopeMappings"]
    return {
        "realm": True,
        "roles": (*(role["name"] for role in whole["roles"]["realm"]), "offline_access"),
        "client_scopes": {one["name"]: one | {"id": "x"} for one in whole["clientScopes"]},
        "clients": {one["clientId"]: one | {"id": "x", "webOrigins": []} for one in whole["clients"]},
        "scope_roles": {one["clientScope"]: frozenset(one["roles"]) for one in mapped if "clientScope" in one},
        "client_roles": {one["client"]: frozenset(one["roles"]) for one in mapped if "client" in one},
        "profiles": (*whole["clientProfiles"]["profiles"], {"name": "theirs", "executors": []}),
        "policies": tuple(whole["clientPolicies"]["policies"]),
    }


def changes(spoil: Callable[[dict[str, Any]], object]) -> tuple[Change, ...]:
    """What would be done about a realm that was spoilt."""
    found = as_planned()
    spoil(found)
    return difference(PLAN, Found(**found))


def test_a_realm_that_is_right_needs_nothing() -> None:
    """What the server adds to what was written is no difference."""
    assert changes(lambda found: None) == ()


def test_a_realm_that_is_missing_is_made_in_order() -> None:
    """First the realm, then scopes before the clients that have them, roles before who is mapped to them."""
    texts = [change.text for change in difference(PLAN, Found())]
    order = ["+ realm r", "+ role developer", "+ client scope task-s3", "+ client agent-supervise-cli",
             "+ roles of client scope task-s3", "+ client profile", "+ client policy"]  # fmt: skip
    places = [next(i for i, text in enumerate(texts) if text.startswith(start)) for start in order]
    assert places == sorted(places)
    assert not [change for change in difference(PLAN, Found())[:1] if "clientScopes" in change.body]


@pytest.mark.parametrize(
    ("spoil", "text", "method"),
    [
        (lambda f: f["clients"][BROKER_CLIENT]["attributes"].update({"access.token.lifespan": "3600"}),
         "~ client agent-supervise: attributes access.token.lifespan '3600' → '120'", "PUT"),
        (lambda f: f["clients"][LOGIN_CLIENT].update(redirectUris=["*"]), "redirectUris ['*'] → [", "PUT"),
        (lambda f: f["clients"][LOGIN_CLIENT].update(directAccessGrantsEnabled=True), "directAccessGrants", "PUT"),
        (lambda f: f["clients"][LOGIN_CLIENT]["attributes"].pop("pkce.code.challenge.method"), "None → 'S256'", "PUT"),
        (lambda f: f["clients"][BROKER_CLIENT]["defaultClientScopes"].append("roles"),
         "- default client scope roles of client agent-supervise", "DELETE"),
        (lambda f: f["clients"][BROKER_CLIENT].update(optionalClientScopes=["task-terraform-plan"]),
         "+ optional client scope task-s3-static-site of client agent-supervise", "PUT"),
        (lambda f: f["clients"].pop(AWS), "+ client sts.amazonaws.com", "POST"),
        (lambda f: f["client_scopes"].pop("task-terraform-plan"), "+ client scope task-terraform-plan", "POST"),
        (lambda f: by_name(f["client_scopes"][LOGIN_SCOPE]["protocolMappers"], "broker")["config"].update(
            {"included.client.audience": "other"}), "~ mapper broker of client scope agent-supervise-login", "PUT"),
        (lambda f: f["client_scopes"][TASK_SCOPE]["protocolMappers"].append({"name": "more", "config": {}}),
         "- mapper more of client scope agent-supervise-task: it would make tokens wider", "DELETE"),
        (lambda f: f["client_scopes"][TASK_SCOPE].update(protocolMappers=[]), "+ mapper subject", "POST"),
        (lambda f: f["scope_roles"].update({"task-terraform-plan": frozenset()}),
         "+ roles of client scope task-terraform-plan: developer", "POST"),
        (lambda f: f["scope_roles"].update({"task-terraform-plan": frozenset({"developer", "all"})}),
         "- roles of client scope task-terraform-plan: all", "DELETE"),
        (lambda f: f["client_roles"].update({LOGIN_CLIENT: frozenset({"developer", "approver", "admin"})}),
         "- roles of client agent-supervise-cli: admin", "DELETE"),
        (lambda f: f.update(roles=("developer",)), "+ role approver", "POST"),
        (lambda f: f.update(policies=()), f"+ client policy {POLICY}", "PUT"),
        (lambda f: f["policies"][0].update(enabled=False), f"~ client policy {POLICY}: enabled False → True", "PUT"),
        (lambda f: f["policies"][0].update(conditions=[]), "~ client policy", "PUT"),
        (lambda f: f["profiles"][0].update(executors=[]), "~ client profile", "PUT"),
    ],
)  # fmt: skip
def test_each_difference_is_one_change(spoil: Callable[[dict[str, Any]], object], text: str, method: str) -> None:
    """Whatever somebody did to what is ours is told, and mended by one request."""
    (change,) = changes(spoil)
    assert text in change.text and change.method == method


def test_what_others_set_beside_ours_stays() -> None:
    """A change of a client keeps its secret, its id and settings that are not ours; profiles of others are kept."""

    def spoil(found: dict[str, Any]) -> None:
        broker = found["clients"][BROKER_CLIENT]
        broker.update(secret="s", fullScopeAllowed=True)
        broker["attributes"]["theirs"] = "kept"
        found["profiles"] = found["profiles"][1:]

    client, profiles = changes(spoil)
    assert (client.body["secret"], client.body["id"], client.body["fullScopeAllowed"]) == ("s", "x", False)
    assert client.body["attributes"]["theirs"] == "kept"
    assert {one["name"] for one in profiles.body["profiles"]} == {"theirs", POLICY}


def test_no_client_can_do_more_than_its_part() -> None:
    """No passwords, no implicit flow, no service accounts, no roles of its own; refresh tokens for logins only."""
    for client in WHOLE["clients"]:
        assert not client["directAccessGrantsEnabled"] and not client["implicitFlowEnabled"]
        assert not client["serviceAccountsEnabled"] and not client["fullScopeAllowed"]
    login, broker, audience = (
        by_name(WHOLE["clients"], name, "clientId") for name in (LOGIN_CLIENT, BROKER_CLIENT, AWS)
    )
    assert [one["clientId"] for one in WHOLE["clients"] if one["publicClient"]] == [LOGIN_CLIENT]
    assert login["redirectUris"] == ["http://127.0.0.1/callback"] and not broker["redirectUris"]
    assert not broker["standardFlowEnabled"] and not audience["standardFlowEnabled"]
    assert broker["attributes"]["use.refresh.tokens"] == "false"
    assert "standard.token.exchange.enabled" not in login["attributes"]


def test_every_task_scope_is_for_developers_and_optional() -> None:
    """A task's scope needs the role, is in no token that does not ask for it, and says which task it is."""
    needed = {one["clientScope"]: one["roles"] for one in WHOLE["scopeMappings"] if "clientScope" in one}
    assert needed == {"task-s3-static-site": ["developer"], "task-terraform-plan": ["developer"]}
    for client in WHOLE["clients"]:
        assert not [scope for scope in client["defaultClientScopes"] if scope.startswith("task-")]
    mapper = by_name(by_name(WHOLE["clientScopes"], "task-terraform-plan")["protocolMappers"], "session tags for AWS")
    assert mapper["config"]["claim.name"] == "https://aws\\.amazon\\.com/tags"
    assert json.loads(mapper["config"]["claim.value"])["principal_tags"] == {
        "agent-supervise:scope": ["terraform-plan"]
    }


@pytest.mark.parametrize("seconds", [59, 301, 0, -1])
def test_a_plan_has_short_tokens(seconds: int) -> None:
    """60 to 300 seconds, and nothing else."""
    with pytest.raises(ValueError, match="60 to 300"):
        Plan("r", (), seconds=seconds)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\n", "ä", "a*"])
def test_names_that_cannot_be_scopes_are_refused(name: str) -> None:
    """What would be two scopes, or another one, in a token is refused."""
    with pytest.raises(ValueError, match="client scope"):
        plan_tasks([name])
