"""The region that the developer works in, told without loading any SDK."""

from __future__ import annotations

import configparser
from collections.abc import Mapping

from supervisor.identity.chain import files_of


def region_of(environment: Mapping[str, str], profile: str = "") -> str:
    """The region of the variables, else of the profile; empty where neither says one.

    Source: AWS SDKs and Tools Reference, "AWS Region": variables outrank the shared files. A file that cannot be read
    says nothing.
    """
    if named := environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION"):
        return named
    wanted = profile or environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"
    for file in files_of(environment):
        config = configparser.RawConfigParser(strict=False)
        try:
            config.read(file, encoding="utf-8")
        except (OSError, configparser.Error, UnicodeDecodeError):
            continue
        for section in (f"profile {wanted}", wanted):
            if found := config.get(section, "region", fallback=""):
                return found.strip()
    return ""
