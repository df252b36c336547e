"""Where the user's choice of an issuer stands, and whether there is any: asked at each start, so it imports nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

FILE: Final = "identity.yaml"


def configuration_folder(environment: Mapping[str, str]) -> Path:
    """`$XDG_CONFIG_HOME/agent-supervise`, by default below `~/.config`; XDG has relative paths ignored."""
    chosen = environment.get("XDG_CONFIG_HOME", "")
    base = Path(chosen) if chosen.startswith("/") else Path(environment.get("HOME") or Path.home()) / ".config"
    return base / "agent-supervise"


def is_configured(environment: Mapping[str, str]) -> bool:
    """Whether the user has an identity configuration, be it one that cannot be read."""
    return os.path.lexists(configuration_folder(environment) / FILE)
