"""The developer's own credentials, looked up as AWS's tools do, in an environment that is passed in.

botocore's providers do the reading; the chain is put together here, because botocore's own reads the variables and the
home folder of this process, asks containers and instances without being told to, and would ask for an MFA code on a
terminal that is the agent's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from supervisor.errors import SuperviseError
from supervisor.identity.failures import BrokerError, readable
from supervisor.identity.sdk import isolated_session

SOURCE_VARIABLE: Final = "AGENT_SUPERVISE_AWS_SOURCE"
"""`container` or `instance`: take the credentials that this machine has from there. Never without being told."""
ROLE_VARIABLE: Final = "AGENT_SUPERVISE_AWS_ROLE"
_DEFAULT_REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class Role:
    """A role to assume for the task, and what its trust policy may want to hear."""

    arn: str
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What the chain found. `keys` is a botocore credentials object, which renews itself; `told` says whose it is."""

    keys: Any
    told: str
    role: Role | None = None


def home_of(environment: Mapping[str, str]) -> Path:
    """The home folder that an environment names."""
    return Path(environment.get("HOME") or Path.home())


def files_of(environment: Mapping[str, str]) -> tuple[Path, Path]:
    """The shared configuration and credentials files."""
    home = home_of(environment)

    def file(variable: str, name: str) -> Path:
        chosen = environment.get(variable, "")
        return home / chosen.removeprefix("~/") if chosen.startswith("~/") else Path(chosen or home / ".aws" / name)

    return file("AWS_CONFIG_FILE", "config"), file("AWS_SHARED_CREDENTIALS_FILE", "credentials")


def may_have_credentials(environment: Mapping[str, str], profile: str = "") -> bool:
    """Whether looking closer, which loads botocore, can find anything."""
    told = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", SOURCE_VARIABLE)
    return bool(profile) or any(environment.get(name) for name in told) or any(map(Path.exists, files_of(environment)))


class Chain:
    """One look-up: the session of botocore that knows this environment, and the providers over it."""

    def __init__(self, environment: Mapping[str, str], profile: str = "", endpoint: str = "") -> None:
        self._environment = dict(environment)
        self._chosen = profile
        self._name = profile or environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"
        self._named = bool(self._name != "default" or profile)
        self._endpoint = endpoint
        config, shared = files_of(environment)
        self._session = isolated_session(environment, str(config), str(shared))
        self._cache = home_of(environment) / ".aws"
        try:
            self._profiles: Mapping[str, Any] = self._session.full_config.get("profiles", {})
        except Exception as error:
            raise readable(error, "the shared configuration of AWS cannot be read", fix=f"look at {config}") from None
        if self._named and self._name not in self._profiles:
            known = ", ".join(sorted(self._profiles)) or "none"
            raise BrokerError(
                f"there is no AWS profile `{self._name}`", fix=f"pass --profile with one of these: {known}"
            )
        if self._name in self._profiles:
            self._session.set_config_variable("profile", self._name)

    @property
    def region(self) -> str:
        """The region that STS is called in."""
        profile = self._profiles.get(self._name, {})
        told = (self._environment.get("AWS_REGION"), self._environment.get("AWS_DEFAULT_REGION"), profile.get("region"))
        return next((region for region in told if region), _DEFAULT_REGION)

    @property
    def ca_bundle(self) -> str:
        """The file of certificate authorities to trust, empty = botocore's own."""
        profile = self._profiles.get(self._name, {})
        return str(self._environment.get("AWS_CA_BUNDLE") or profile.get("ca_bundle") or "")

    def find(self) -> Found | None:
        """The developer's credentials and the role to assume with them; `None` where none are configured."""
        try:
            found = self._find()
        except SuperviseError:
            raise
        except Exception as error:
            raise readable(error, f"the AWS credentials of {self._told()} cannot be used") from None
        role = self._environment.get(ROLE_VARIABLE, "")
        if found is None or not role:
            return found
        if not role.startswith("arn:") or ":role/" not in role:
            raise BrokerError(
                f"{ROLE_VARIABLE} is no role: {role!r}",
                fix=f"export {ROLE_VARIABLE}=arn:aws:iam::123456789012:role/NAME",
            )
        external = found.role.external_id if found.role is not None and found.role.arn == role else ""
        return Found(found.keys, found.told, Role(role, external))

    def _told(self) -> str:
        return f"profile {self._name}"

    def _find(self) -> Found | None:
        from botocore.credentials import EnvProvider

        if not self._chosen and (keys := EnvProvider(environ=self._environment).load()) is not None:
            return Found(keys, "AWS_ACCESS_KEY_ID of the environment")
        source = self._environment.get(SOURCE_VARIABLE, "")
        if source and not self._chosen:
            return Found(self._machine(source), f"this {source}")
        profile = self._profiles.get(self._name, {})
        if profile.get("role_arn") and not profile.get("web_identity_token_file"):
            return self._with_role(profile)
        if not self._chosen and (keys := self._web_identity()) is not None:
            return Found(keys, "the web identity token of the environment")
        keys = self._profile_keys(self._name)
        return None if keys is None else Found(keys, self._told())

    # ── profiles ─────────────────────────────────────────────────────────────────────────────────

    def _with_role(self, profile: Mapping[str, Any]) -> Found:
        """A profile that names a role: its source's keys, and the role for the task itself to assume."""
        if profile.get("mfa_serial"):
            raise BrokerError(
                f"{self._told()} wants an MFA code, which nobody can be asked for here",
                fix='sign in outside first: eval "$(aws configure export-credentials --profile '
                f'{self._name} --format env)"; then leave --profile and AWS_PROFILE out',
            )
        role = Role(str(profile["role_arn"]), str(profile.get("external_id") or ""))
        told = self._told()
        source, machine = profile.get("source_profile"), profile.get("credential_source")
        if machine:
            kinds = {"Environment": "environment", "EcsContainer": "container", "Ec2InstanceMetadata": "instance"}
            if machine not in kinds:
                raise BrokerError(
                    f"{told} has no such credential_source: {machine!r}", fix=f"one of {', '.join(kinds)}"
                )
            return Found(self._machine(kinds[machine]), f"{told}, by {machine}", role)
        if not source:
            raise BrokerError(
                f"{told} has a role_arn and neither source_profile nor credential_source", fix="add one of the two"
            )
        if source not in self._profiles:
            raise BrokerError(f"the source_profile `{source}` of {told} does not exist", fix="look at ~/.aws/config")
        chained = self._profiles[source].get("role_arn") and source != self._name
        keys = self._chained(source) if chained else self._profile_keys(source)
        if keys is None:
            raise BrokerError(f"the source_profile `{source}` of {told} has no credentials", fix="aws configure")
        return Found(keys, told, role)

    def _chained(self, name: str) -> Any:
        from botocore.credentials import AssumeRoleProvider, CanonicalNameCredentialSourcer, EnvProvider

        if any(self._profiles.get(one, {}).get("mfa_serial") for one in self._way_of(name)):
            raise BrokerError(
                f"profile {name} wants an MFA code, which nobody can be asked for here", fix="aws sso login"
            )
        chain = self

        class Builder:
            """What botocore asks for the providers of a source profile."""

            def providers(self, profile_name: str, disable_env_vars: bool = False) -> list[Any]:
                return chain._providers(profile_name)

        return AssumeRoleProvider(
            load_config=lambda: self._session.full_config,
            client_creator=self._client,
            cache={},
            profile_name=name,
            prompter=_nobody,
            credential_sourcer=CanonicalNameCredentialSourcer([EnvProvider(environ=self._environment)]),
            profile_provider_builder=Builder(),
        ).load()

    def _way_of(self, name: str) -> list[str]:
        way = [name]
        while (source := self._profiles.get(way[-1], {}).get("source_profile")) and source not in way:
            way.append(source)
        return way

    def _profile_keys(self, name: str) -> Any:
        from botocore.credentials import CredentialResolver

        return CredentialResolver(providers=self._providers(name)).load_credentials()

    def _providers(self, name: str) -> list[Any]:
        from botocore.credentials import (
            AssumeRoleWithWebIdentityProvider,
            ConfigProvider,
            LoginProvider,
            ProcessProvider,
            SharedCredentialProvider,
            SSOProvider,
        )
        from botocore.tokens import SSOTokenProvider
        from botocore.utils import JSONFileCache

        def load() -> Any:
            return self._session.full_config

        config, shared = files_of(self._environment)
        tokens = JSONFileCache(str(self._cache / "sso" / "cache"))
        process = partial(subprocess.Popen, env=self._environment, stdin=subprocess.DEVNULL)
        return [
            AssumeRoleWithWebIdentityProvider(load, self._client, name, cache={}, disable_env_vars=True),
            SSOProvider(
                load,
                self._client,
                name,
                cache={},
                token_cache=tokens,
                token_provider=SSOTokenProvider(self._session, cache=tokens, profile_name=name),
            ),
            SharedCredentialProvider(str(shared), name),
            LoginProvider(load, self._client, name, token_cache=JSONFileCache(self._logins())),
            ProcessProvider(name, load, popen=process),
            ConfigProvider(str(config), name),
        ]

    def _logins(self) -> str:
        return self._environment.get("AWS_LOGIN_CACHE_DIRECTORY") or str(self._cache / "login" / "cache")

    # ── what is no profile ───────────────────────────────────────────────────────────────────────

    def _web_identity(self) -> Any:
        from botocore.credentials import AssumeRoleWithWebIdentityProvider

        named = {
            "web_identity_token_file": self._environment.get("AWS_WEB_IDENTITY_TOKEN_FILE"),
            "role_arn": self._environment.get("AWS_ROLE_ARN"),
            "role_session_name": self._environment.get("AWS_ROLE_SESSION_NAME"),
        }
        profile = {key: value for key, value in named.items() if value}
        config = {"profiles": {"environment": profile}}
        return AssumeRoleWithWebIdentityProvider(
            lambda: config, self._client, "environment", cache={}, disable_env_vars=True
        ).load()

    def _machine(self, source: str) -> Any:
        from botocore.credentials import ContainerProvider, EnvProvider, InstanceMetadataProvider
        from botocore.utils import InstanceMetadataFetcher

        makers: dict[str, Callable[[], Any]] = {
            "environment": lambda: EnvProvider(environ=self._environment),
            "container": lambda: ContainerProvider(environ=self._environment),
            "instance": lambda: InstanceMetadataProvider(
                iam_role_fetcher=InstanceMetadataFetcher(timeout=2, num_attempts=1, env=self._environment)
            ),
        }
        if source not in makers:
            raise BrokerError(f"{SOURCE_VARIABLE} is container or instance, and not {source!r}", fix="leave it out")
        keys = makers[source]().load()
        if keys is None:
            raise BrokerError(f"this {source} has no AWS credentials", fix=f"leave {SOURCE_VARIABLE} out")
        return keys

    def _client(self, service: str, **options: Any) -> Any:
        """A client for the look-up itself; where another endpoint stands for AWS, its STS does too."""
        from botocore.config import Config

        if self._endpoint and service == "sts":
            options["endpoint_url"] = self._endpoint
        config = options.pop("config", None)
        plain = Config(ignore_configured_endpoint_urls=True, connect_timeout=5, read_timeout=10)
        options.setdefault("region_name", self.region)
        options["region_name"] = options["region_name"] or self.region
        return self._session.create_client(service, config=plain.merge(config) if config else plain, **options)


def _nobody(prompt: str) -> str:
    raise BrokerError("an MFA code is wanted, which nobody can be asked for here", fix="sign in outside first")
