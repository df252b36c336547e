"""The environment variables that change what a program start means: part of the facts, and compared at its start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

WATCHED: Final = frozenset(
    {
        "TF_CLI_ARGS*", "TF_WORKSPACE", "TF_DATA_DIR", "TF_CLI_CONFIG_FILE", "TG_*", "TERRAGRUNT_*",
        "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL*", "AWS_CONFIG_FILE",
        "KUBECONFIG", "DOCKER_HOST", "DOCKER_CONTEXT",
        "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_*", "GIT_CONFIG_VALUE_*", "GIT_CONFIG_PARAMETERS", "GIT_SSH_COMMAND",
        "GIT_EXEC_PATH", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND", "GIT_DIR",
        "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "LD_TRACE_LOADED_OBJECTS",
        "GCONV_PATH", "BASH_ENV", "ENV", "BASH_FUNC_*", "PROMPT_COMMAND",
        "PYTHONSTARTUP", "PYTHONPATH", "PYTHONHOME", "NODE_OPTIONS", "PERL5OPT", "PERL5LIB", "RUBYOPT",
        "JAVA_TOOL_OPTIONS", "AWS_PAGER",
    }
)  # fmt: skip
"""A trailing `*` stands for any rest."""

_MOST_KEPT: Final = 4096
_LONGEST_KEPT: Final = 4096
_MOST_WHOLE: Final = 64


class Watched:
    """Picks the watched variables from an environment's entries; a name that occurs twice is told twice.

    `own` are the variables that the session itself gave the agent: as it set them, they say nothing.
    """

    def __init__(self, names: frozenset[str], own: Mapping[str, str] | None = None) -> None:
        self._own = frozenset(os.fsencode(f"{name}={value}") for name, value in (own or {}).items())
        self._names = frozenset(os.fsencode(name) for name in names if not name.endswith("*"))
        self._prefixes = tuple(os.fsencode(name[:-1]) for name in names if name.endswith("*"))
        self._seen: dict[bytes, tuple[str, str] | None] = {}
        self._whole: dict[int, tuple[tuple[bytes, ...], tuple[tuple[str, str], ...]]] = {}

    def __call__(self, entries: tuple[bytes, ...]) -> tuple[tuple[str, str], ...]:
        whole = self._whole.get(id(entries))
        if whole is not None:
            return whole[1]
        picked = self._picked(entries)
        if len(self._whole) >= _MOST_WHOLE:
            self._whole.clear()
        # The entries are kept too: as long as they are, no others can have their place in memory.
        self._whole[id(entries)] = entries, picked
        return picked

    def _picked(self, entries: tuple[bytes, ...]) -> tuple[tuple[str, str], ...]:
        found = []
        for entry in entries:
            try:
                picked = self._seen[entry]
            except KeyError:
                picked = self._pick(entry)
            if picked is not None:
                found.append(picked)
        return tuple(sorted(found))

    def _pick(self, entry: bytes) -> tuple[str, str] | None:
        """An entry as a pair, if it is watched; programs inherit the same ones again and again."""
        name, equals, value = entry.partition(b"=")
        watched = equals and entry not in self._own and (name in self._names or name.startswith(self._prefixes))
        picked = (os.fsdecode(name), os.fsdecode(value)) if watched else None
        if len(entry) <= _LONGEST_KEPT:
            if len(self._seen) >= _MOST_KEPT:
                self._seen.clear()
            self._seen[entry] = picked
        return picked
