"""The user's choice of an issuer: `identity.yaml` in the user's configuration folder, where no agent can write.

A project has no say in it: whoever may name the issuer decides who everybody is.

    provider: keycloak
    issuer: https://id.example.com/realms/agent-supervise
    login_client: agent-supervise-cli
    broker_client: agent-supervise
    secret_file: broker-secret        # beside this file, readable by this user alone
    role: developer
    aws: {role: "arn:aws:iam::123456789012:role/agent", audience: sts.amazonaws.com}
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, cast, get_args

from supervisor.errors import JournalError, SuperviseError
from supervisor.identity.oidc.configured import FILE, configuration_folder
from supervisor.identity.oidc.failures import IdentityError
from supervisor.identity.oidc.realm import AWS, BROKER_CLIENT, LOGIN_CLIENT
from supervisor.identity.oidc.values import DEVELOPER, LEAST_SECONDS, MOST_SECONDS, Token
from supervisor.journal.private import open_private

SECRET_VARIABLE: Final = "AGENT_SUPERVISE_CLIENT_SECRET"
"""Where the broker client's secret may be instead of in a file."""
_MOST_BYTES: Final = 65_536
_ROLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+\Z", re.ASCII)
Kind = Literal["local", "keycloak"]
How = Literal["browser", "device"]


class SettingsError(SuperviseError):
    """The identity configuration cannot be used."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Who vouches for the user. All but `provider` are for `keycloak`.

    `aws_role` is the role that AWS gives for a task token; empty: AWS is reached with the developer's own profile.
    `secret_file` is relative to the configuration file. `seconds`: the longest life of a task token that is accepted.
    """

    provider: Kind = "local"
    issuer: str = ""
    login_client: str = LOGIN_CLIENT
    broker_client: str = BROKER_CLIENT
    secret_file: str = ""
    role: str = DEVELOPER
    login: How = "browser"
    ca_bundle: str = ""
    seconds: int = MOST_SECONDS
    aws_role: str = ""
    audience: str = AWS
    source: str = ""
    """Where it stands, for people; empty where nothing is configured."""


_TEXTS: Final = ("issuer", "login_client", "broker_client", "secret_file", "role", "ca_bundle")
_KEYS: Final = ("provider", "login", "seconds", "aws", *_TEXTS)


def load_settings(environment: Mapping[str, str]) -> Settings:
    """The user's settings; the local issuer where there are none. Raises `SettingsError`."""
    path = configuration_folder(environment) / FILE
    try:
        with os.fdopen(open_private(path), "rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o022:
                raise SettingsError("others may write it, and so say who everybody is", where=str(path),
                                    fix=f"chmod 600 {path}")  # fmt: skip
            data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8")
    except FileNotFoundError:
        return Settings()
    except JournalError as error:
        raise SettingsError(error.what, where=str(path), fix="put a file of your own there") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot be read: {error}", where=str(path), fix="look at its permissions") from None
    if len(data) > _MOST_BYTES:
        raise SettingsError("it is too large to be a configuration", where=str(path), fix="keep to the known keys")
    return parse_settings(text, where=str(path))


def parse_settings(text: str, *, where: str) -> Settings:
    """The settings that a text says. Raises `SettingsError`."""
    import yaml

    try:
        told = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        at = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark is not None else where
        raise SettingsError(f"no YAML: {getattr(error, 'problem', error)}", where=at, fix="mend that line") from None
    if told is None:
        return Settings(source=where)
    told = _mapping(told, _KEYS, where, "the file")
    aws = _mapping(told.get("aws") or {}, ("role", "audience"), where, "aws")
    provider = _choice(told, "provider", get_args(Kind), where, "local")
    found: dict[str, Any] = {name: _text(told, name, where) for name in _TEXTS if name in told}
    found["login"] = _choice(told, "login", get_args(How), where, "browser")
    if "role" in aws:
        found["aws_role"] = _text(aws, "role", where)
        if not _ROLE_ARN.match(found["aws_role"]):
            raise SettingsError(f"{found['aws_role']!r} is no ARN of a role", where=f"{where}: aws: role",
                                fix="write arn:aws:iam::ACCOUNT:role/NAME")  # fmt: skip
    if "audience" in aws:
        found["audience"] = _text(aws, "audience", where)
    seconds = told.get("seconds", MOST_SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise SettingsError(f"a task token lives {LEAST_SECONDS} to {MOST_SECONDS} seconds, not {seconds}",
                            where=f"{where}: seconds", fix="leave it out, or write a number within")  # fmt: skip
    made = Settings(cast(Kind, provider), **found, seconds=seconds, source=where)
    return _fitting(made, where)


def client_secret(settings: Settings, environment: Mapping[str, str]) -> Token:
    """The broker client's secret. Raises `SettingsError`, which never has it in its words."""
    if given := environment.get(SECRET_VARIABLE):
        return Token(given)
    if not settings.secret_file:
        raise SettingsError(f"there is no secret of client {settings.broker_client}", where=settings.source,
                            fix=f"name a `secret_file`, or set {SECRET_VARIABLE}: keycloak init --secret-file "
                            "writes one")  # fmt: skip
    path = configuration_folder(environment) / Path(settings.secret_file).expanduser()
    try:
        with os.fdopen(open_private(path), "rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise SettingsError("others may read the secret", where=str(path), fix=f"chmod 600 {path}")
            text = file.read(4096).decode("utf-8").strip()
    except JournalError as error:
        raise SettingsError(error.what, where=str(path), fix="put a file of your own there") from None
    except (OSError, UnicodeDecodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"the client's secret cannot be read: {what}", where=str(path),
                            fix="agent-supervise keycloak init --secret-file writes it") from None  # fmt: skip
    if not text:
        raise SettingsError("the file of the client's secret is empty", where=str(path), fix="write the secret there")
    return Token(text)


def _fitting(made: Settings, where: str) -> Settings:
    if made.provider == "local":
        others = [
            one.name for one in fields(made)
            if one.name not in ("provider", "source", "seconds") and getattr(made, one.name) != one.default
        ]  # fmt: skip
        if others:
            raise SettingsError(f"{others[0]} is for a server, and the provider is local", where=where,
                                fix="write provider: keycloak, or take the line out")  # fmt: skip
        return made
    if not made.issuer:
        raise SettingsError("there is no issuer", where=where, fix="write issuer: https://HOST/realms/REALM")
    from supervisor.identity.oidc.wire import checked

    try:
        checked(made.issuer, where=f"{where}: issuer")
    except IdentityError as error:
        raise SettingsError(error.what, where=error.where, fix=error.fix) from None
    return made


def _mapping(told: object, known: tuple[str, ...], where: str, what: str) -> dict[str, Any]:
    if not isinstance(told, dict) or not all(isinstance(key, str) for key in told):
        raise SettingsError(f"{what} is no mapping of names to values", where=where, fix="write `provider: keycloak`")
    for key in told:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            fix = f"did you mean `{close[0]}`?" if close else f"known are: {', '.join(known)}"
            raise SettingsError(f"`{key}` is not known", where=where, fix=fix)
    return told


def _text(told: Mapping[str, Any], name: str, where: str) -> str:
    value = told[name]
    if not isinstance(value, str) or not value.strip() or any(letter < " " for letter in value):
        raise SettingsError(f"`{name}` is no text", where=where, fix="write it in quotes, or take the line out")
    return value


def _choice(told: Mapping[str, Any], name: str, known: tuple[str, ...], where: str, default: str) -> str:
    value = told.get(name, default)
    if value not in known:
        raise SettingsError(f"`{name}` cannot be {value!r}", where=where, fix=f"write one of: {', '.join(known)}")
    return str(value)
