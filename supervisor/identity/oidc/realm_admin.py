"""Keycloak's admin API, as far as a realm of ours needs it: what is there, and one change after the other.

Source: Keycloak 26.7, Admin REST API.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from supervisor.identity.oidc.failures import IdentityError, Why, told
from supervisor.identity.oidc.realm import BROKER_CLIENT, Member, Plan, representation
from supervisor.identity.oidc.realm_difference import Change, Found
from supervisor.identity.oidc.values import Token
from supervisor.identity.oidc.wire import Answer, Wire, checked

ADMIN_CLIENT: Final = "admin-cli"
MASTER: Final = "master"
_TOKEN_KEPT: Final = timedelta(seconds=30)
"""An admin's token lives 60 s by default."""
_PLACE: Final = re.compile(r"\{(client|scope|mapper):([^}]+)\}")


class RealmAdmin:
    """One realm of a server, with the rights of an administrator of `admin_realm`."""

    def __init__(
        self,
        url: str,
        realm: str,
        user: str,
        password: Token,
        *,
        admin_realm: str = MASTER,
        wire: Wire | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = checked(url.rstrip("/"), where="--url")
        self._realm, self._user, self._password, self._admin_realm = realm, user, password, admin_realm
        self._wire, self._clock = wire or Wire(), clock
        self._token, self._until = Token(""), datetime.min.replace(tzinfo=UTC)
        self._ids: dict[tuple[str, str], str] = {}

    def found(self, plan: Plan) -> Found:
        """The realm as it is, as far as the plan speaks of it. Raises `IdentityError`."""
        if self._get("", missing=True) is None:
            return Found()
        wanted = representation(plan)
        scope_names = {scope["name"] for scope in wanted["clientScopes"]}
        scopes = {one["name"]: one for one in self._get("/client-scopes") if one["name"] in scope_names}
        clients: dict[str, Member] = {}
        for client in wanted["clients"]:
            for one in self._get(f"/clients?clientId={quote(client['clientId'], safe='')}"):
                clients[one["clientId"]] = one
        return Found(
            True,
            tuple(one["name"] for one in self._get("/roles")),
            scopes,
            clients,
            {name: self._mapped(f"/client-scopes/{one['id']}") for name, one in scopes.items()},
            {name: self._mapped(f"/clients/{one['id']}") for name, one in clients.items()},
            tuple(self._get("/client-policies/profiles").get("profiles") or ()),
            tuple(self._get("/client-policies/policies").get("policies") or ()),
        )

    def make(self, change: Change) -> None:
        """One change. Raises `IdentityError`, and then nothing of this change was done."""
        body = change.body
        if change.roles:
            body = [self._get(f"/roles/{quote(role, safe='')}") for role in change.roles]
        # A realm is made at the address of all realms.
        where = (
            "/admin/realms" if change.method == "POST" and not change.path else self._at(self._resolved(change.path))
        )
        answer = self._send(change.method, where, body)
        if answer.status not in (200, 201, 204):
            raise self._refused(answer, f"was not done: {change.text.splitlines()[0]}")

    def secret(self) -> Token:
        """The broker client's secret. Raises `IdentityError`."""
        found = self._get(self._resolved(f"/clients/{{client:{BROKER_CLIENT}}}/client-secret"))
        return Token(str(found.get("value", "")))

    # ── requests ─────────────────────────────────────────────────────────────────────────────────

    def _mapped(self, path: str) -> frozenset[str]:
        return frozenset(one["name"] for one in self._get(f"{path}/scope-mappings/realm"))

    def _resolved(self, path: str) -> str:
        return _PLACE.sub(lambda match: quote(self._id(match[1], match[2]), safe=""), path)

    def _id(self, kind: str, name: str) -> str:
        known = self._ids.get((kind, name))
        if known is not None:
            return known
        if kind == "client":
            members, key = self._get(f"/clients?clientId={quote(name, safe='')}"), "clientId"
        elif kind == "scope":
            members, key = self._get("/client-scopes"), "name"
        else:
            scope, _, name = name.partition("/")
            members, key = self._get(f"/client-scopes/{self._id('scope', scope)}/protocol-mappers/models"), "name"
            kind = f"mapper of {scope}"
        for one in members:
            if one[key] == name:
                self._ids[kind, name] = one["id"]
                return str(one["id"])
        raise IdentityError(Why.MISCONFIGURED, f"there is no {kind} {told(name)}", where=self._at(""))

    def _at(self, path: str) -> str:
        return f"/admin/realms/{quote(self._realm, safe='')}{path}"

    def _get(self, path: str, *, missing: bool = False) -> Any:
        answer = self._send("GET", self._at(path), None)
        if missing and answer.status == 404:
            return None
        if answer.status != 200:
            raise self._refused(answer, "does not show the realm")
        return answer.body

    def _send(self, method: str, path: str, body: Any) -> Answer:
        headers = {"Authorization": f"Bearer {self._bearer().text}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return self._wire.send(method, self._url + path, data, headers)

    def _bearer(self) -> Token:
        if self._clock() >= self._until:
            form = {
                "grant_type": "password", "client_id": ADMIN_CLIENT, "username": self._user,
                "password": self._password.text,
            }  # fmt: skip
            url = f"{self._url}/realms/{quote(self._admin_realm, safe='')}/protocol/openid-connect/token"
            answer = self._wire.post(url, form)
            if answer.status != 200 or not isinstance(answer.members.get("access_token"), str):
                said = told(answer.members.get("error_description") or f"HTTP {answer.status}")
                raise IdentityError(
                    Why.NOT_ALLOWED, f"{told(self._user)} could not log in as administrator: {said}", where=self._url,
                    fix="look at --url, --admin-user, --admin-realm and the password",
                )  # fmt: skip
            self._token, self._until = Token(answer.members["access_token"]), self._clock() + _TOKEN_KEPT
        return self._token

    def _refused(self, answer: Answer, what: str) -> IdentityError:
        said = answer.members.get("errorMessage") or answer.members.get("error_description")
        said = said or answer.members.get("error") or f"HTTP {answer.status}"
        if answer.status == 403:
            fix = f"let {told(self._user)} have the role manage-realm and manage-clients in realm {told(self._realm)}"
            return IdentityError(Why.NOT_ALLOWED, f"the server {what}: {told(said)}", where=self._url, fix=fix)
        return IdentityError(Why.REFUSED, f"the server {what}: {told(said)}", where=self._url,
                             fix="Keycloak 26.5 or newer knows all that is needed; see its log")  # fmt: skip
