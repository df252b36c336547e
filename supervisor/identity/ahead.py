"""What is known of a session's credentials before it starts: is there such a profile, do the session policies fit?"""

from __future__ import annotations

import configparser
import shlex
from collections.abc import Iterator, Mapping
from typing import Final

from supervisor.errors import UsageError
from supervisor.identity.chain import files_of
from supervisor.policy.scope import Scope

_ACCOUNT: Final = "0" * 12
"""Stands for an account that is not known yet, and is as long: it is put into every ARN that leaves it out."""
_MOST_NAMED: Final = 12


def check_ahead(scope: Scope, environment: Mapping[str, str], *, profile: str = "", unnarrowed: bool = False) -> None:
    """Raise what would keep the session's AWS calls from being signed: `UsageError`, `ScopeError`. Asks nobody."""
    if profile:
        _check_profile(profile, environment)
    if not unnarrowed:
        check_policies(scope)


def check_policies(scope: Scope) -> None:
    """Raise `PolicyTooLong` if what the scope allows of a service that it names is more than one session can say."""
    from supervisor.policy.session_policy import NothingAllowed, named_services, session_policy_of
    from supervisor.policy.session_policy_facts import known

    facts = known(scope.account or _ACCOUNT)
    for service in named_services(scope)[0]:
        try:
            session_policy_of(scope, (service,), facts)
        except NothingAllowed:
            continue


def _check_profile(profile: str, environment: Mapping[str, str]) -> None:
    names = _profiles(environment)
    if names is None or profile in names:
        return
    listed = ", ".join(sorted(names)[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
    raise UsageError(
        f"there is no AWS profile `{profile}`",
        fix=f"pass --profile with one of these: {listed}" if names else f"aws configure --profile {profile}",
    )


def _profiles(environment: Mapping[str, str]) -> set[str] | None:
    """The profiles of the shared files as botocore reads them; `None` where a file cannot be read."""
    config, shared = files_of(environment)
    found: set[str] = set()
    for file, named in ((config, True), (shared, False)):
        parsed = configparser.RawConfigParser(default_section="", strict=False)
        try:
            parsed.read(file, encoding="utf-8")
            found.update(_names(parsed.sections(), named=named))
        except (OSError, ValueError, configparser.Error):
            return None
    return found


def _names(sections: list[str], *, named: bool) -> Iterator[str]:
    """In the configuration file `[profile NAME]` and `[default]`, in the credentials file `[NAME]`."""
    for section in sections:
        if not named or section == "default":
            yield section
        elif section.startswith("profile"):
            words = shlex.split(section)
            if len(words) == 2 and words[0] == "profile":
                yield words[1]
