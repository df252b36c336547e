"""The bearer token for an OPA server: read from its file or variable each time, and never kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from supervisor.policy.scope import OpaServer

LONGEST: Final = 64 << 10
_TOKEN: Final = re.compile(r"[!-~]+\Z")


def token_of(server: OpaServer, environment: Mapping[str, str]) -> str:
    """The token, or an empty text where the scope names none. Raises `ValueError` where it names one that is not there.

    A file is read each time: whoever renews tokens writes it anew.
    """
    if server.token_env:
        token = environment.get(server.token_env, "").strip()
        where = f"the variable {server.token_env}"
    elif server.token_file:
        where = f"the file {server.token_file}"
        token = _read(server.token_file, environment, where)
    else:
        return ""
    if not _TOKEN.match(token):
        raise ValueError(f"{where} holds no token")
    return token


def _read(file: str, environment: Mapping[str, str], where: str) -> str:
    home = environment.get("HOME", "")
    path = Path(home, file[2:]) if file.startswith("~/") and home else Path(file).expanduser()
    try:
        with path.open("rb") as stream:
            return stream.read(LONGEST).decode("ascii", "replace").strip()
    except OSError as error:
        raise ValueError(f"{where} cannot be read: {error.strerror}") from error
