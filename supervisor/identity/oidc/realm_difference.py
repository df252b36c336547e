"""What must change in a realm for it to be as planned: pure, so that a dry run shows exactly what would be done.

Only what is ours is looked at: our clients, scopes and roles, and our profile and policy among others'. What somebody
added to those is a change too, as it would make task tokens wider.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from supervisor.identity.oidc.realm import Member, Plan, representation

Method = Literal["POST", "PUT", "DELETE"]
_APART: Final = frozenset({"protocolMappers", "defaultClientScopes", "optionalClientScopes"})
"""What has an address of its own in the admin API, and is compared by itself."""


@dataclass(frozen=True, slots=True)
class Found:
    """A realm as it is, as far as it is compared; lists are in the form of `representation`, `None`: there is none."""

    realm: bool = False
    roles: tuple[str, ...] = ()
    client_scopes: Mapping[str, Member] = field(default_factory=dict)
    clients: Mapping[str, Member] = field(default_factory=dict)
    scope_roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By client scope: the realm roles, one of which a user needs to get it."""
    client_roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By client: the realm roles that may be in its tokens."""
    profiles: tuple[Member, ...] = ()
    policies: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One request to the admin API, and what it is for.

    `path` begins after the realm; in it `{client:ID}`, `{scope:NAME}` and `{mapper:SCOPE/NAME}` stand for ids. `roles`
    are sent as the API wants roles: with their ids.
    """

    text: str
    method: Method
    path: str
    body: Any = None
    roles: tuple[str, ...] = ()


def difference(plan: Plan, found: Found) -> tuple[Change, ...]:
    """The changes in the order in which they can be made; empty where the realm is as planned."""
    wanted = representation(plan)
    return (
        *_realm(wanted, found),
        *_roles(wanted, found),
        *_client_scopes(wanted, found),
        *_clients(wanted, found),
        *_mappings(wanted, found),
        *_listed("client profile", "profiles", wanted["clientProfiles"]["profiles"], found.profiles),
        *_listed("client policy", "policies", wanted["clientPolicies"]["policies"], found.policies),
    )


def _realm(wanted: Member, found: Found) -> Iterator[Change]:
    if not found.realm:
        # Without the lists: a realm that is made so gets Keycloak's own scopes and clients too.
        plain = {name: value for name, value in wanted.items() if not isinstance(value, list | dict)}
        yield Change(f"+ realm {wanted['realm']}", "POST", "", plain)


def _roles(wanted: Member, found: Found) -> Iterator[Change]:
    for role in wanted["roles"]["realm"]:
        if role["name"] not in found.roles:
            yield Change(f"+ role {role['name']}: {role['description']}", "POST", "/roles", role)


def _client_scopes(wanted: Member, found: Found) -> Iterator[Change]:
    for scope in wanted["clientScopes"]:
        name, there = scope["name"], found.client_scopes.get(scope["name"])
        if there is None:
            mappers = ", ".join(mapper["name"] for mapper in scope["protocolMappers"])
            yield Change(f"+ client scope {name}: {mappers}", "POST", "/client-scopes", scope)
            continue
        here = f"/client-scopes/{{scope:{name}}}"
        if said := _differing(scope, there):
            yield Change(f"~ client scope {name}: {said}", "PUT", here, _merged(scope, there))
        yield from _mappers(name, scope["protocolMappers"], there.get("protocolMappers") or [])


def _mappers(scope: str, wanted: list[Member], there: list[Member]) -> Iterator[Change]:
    here, held = f"/client-scopes/{{scope:{scope}}}/protocol-mappers/models", {one["name"]: one for one in there}
    for mapper in wanted:
        name, old = mapper["name"], held.get(mapper["name"])
        if old is None:
            yield Change(f"+ mapper {name} of client scope {scope}", "POST", here, mapper)
        elif said := _differing(mapper, old):
            changed = _merged(mapper, old)
            at = f"{here}/{{mapper:{scope}/{name}}}"
            yield Change(f"~ mapper {name} of client scope {scope}: {said}", "PUT", at, changed)
    for name in held.keys() - {mapper["name"] for mapper in wanted}:
        at = f"{here}/{{mapper:{scope}/{name}}}"
        yield Change(f"- mapper {name} of client scope {scope}: it would make tokens wider", "DELETE", at)


def _clients(wanted: Member, found: Found) -> Iterator[Change]:
    for client in wanted["clients"]:
        name, there = client["clientId"], found.clients.get(client["clientId"])
        if there is None:
            yield Change(f"+ client {name}: {client['description']}", "POST", "/clients", client)
            continue
        here = f"/clients/{{client:{name}}}"
        if said := _differing(client, there):
            yield Change(f"~ client {name}: {said}", "PUT", here, _merged(client, there))
        for kind in ("default", "optional"):
            key, at = f"{kind}ClientScopes", f"{here}/{kind}-client-scopes"
            held = there.get(key) or []
            for scope in client[key]:
                if scope not in held:
                    yield Change(f"+ {kind} client scope {scope} of client {name}", "PUT", f"{at}/{{scope:{scope}}}")
            # An optional scope more is in no token that does not ask for it; a default one is in all.
            for scope in held if kind == "default" else ():
                if scope not in client[key]:
                    text = f"- default client scope {scope} of client {name}: it would be in every token"
                    yield Change(text, "DELETE", f"{at}/{{scope:{scope}}}")


def _mappings(wanted: Member, found: Found) -> Iterator[Change]:
    for mapping in wanted["scopeMappings"]:
        roles = frozenset(mapping["roles"])
        if "client" in mapping:
            name, what = mapping["client"], f"client {mapping['client']}"
            here, held = f"/clients/{{client:{name}}}/scope-mappings/realm", found.client_roles.get(name, frozenset())
        else:
            name, what = mapping["clientScope"], f"client scope {mapping['clientScope']}"
            here = f"/client-scopes/{{scope:{name}}}/scope-mappings/realm"
            held = found.scope_roles.get(name, frozenset())
        if more := tuple(sorted(roles - held)):
            yield Change(f"+ roles of {what}: {', '.join(more)}", "POST", here, roles=more)
        if less := tuple(sorted(held - roles)):
            yield Change(f"- roles of {what}: {', '.join(less)}", "DELETE", here, roles=less)


def _listed(what: str, key: str, wanted: list[Member], there: tuple[Member, ...]) -> Iterator[Change]:
    held = {one["name"]: one for one in there}
    texts, whole = [], dict(held)
    for one in wanted:
        old = held.get(one["name"])
        if old is None:
            texts.append(f"+ {what} {one['name']}: {one['description']}")
        elif said := _differing(one, old):
            texts.append(f"~ {what} {one['name']}: {said}")
        else:
            continue
        whole[one["name"]] = one
    if texts:
        yield Change("\n".join(texts), "PUT", f"/client-policies/{key}", {key: list(whole.values())})


def _differing(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> str:
    """Which of our settings are otherwise, in words; what the server adds by itself is none of ours."""
    return ", ".join(_settings(wanted, there))


def _settings(wanted: Mapping[str, Any], there: Mapping[str, Any], before: str = "") -> Iterator[str]:
    for name, value in wanted.items():
        if name in _APART:
            continue
        old = there.get(name)
        if name in ("attributes", "config"):
            yield from _settings(value, old if isinstance(old, dict) else {}, f"{before}{name} ")
        elif _plain(old) != _plain(value):
            yield f"{before}{name} {old!r} → {value!r}"


def _plain(value: object) -> object:
    """Lists of names have no order to the server; what is not set is like what is empty."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return sorted(value)
    return value or ("" if value is None else value)


def _merged(wanted: Mapping[str, Any], there: Mapping[str, Any]) -> Member:
    """As it is, with ours in place: what somebody set beside it stays."""
    made = dict(there) | {name: value for name, value in wanted.items() if name not in _APART}
    for name in ("attributes", "config"):
        if name in wanted:
            made[name] = dict(there.get(name) or {}) | wanted[name]
    return made


def told(changes: Iterable[Change]) -> str:
    """The changes for a person, one a line."""
    return "\n".join(change.text for change in changes)
