"""What one agent CLI needs of its cell, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConfigDir:
    """A folder of the agent's own that it writes to while it works.

    `path` is below home (`~/.claude`), or what the environment `variable` names when it is set. `read_only` are the
    entries inside that run code later or speak to later sessions (settings with hooks, commands, plugins): the agent
    reads them and cannot change them.
    """

    path: str
    variable: str = ""
    read_only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host of the agent's vendor. `variable` names a URL that replaces it; `key` limits it to where that is set."""

    host: str
    variable: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Adapter:
    """One agent CLI.

    `programs` are the names it is started by. `config` folders are bound into the cell, `copied` files (below home)
    are copied into its private home and what the agent makes of them ends with the session. `environment` are the
    variables passed on (a trailing `*` stands for any rest), `variables` those that are set. `endpoints` and `hosts`
    (`host:port`) are what it talks to by itself. `arguments` are put before the user's own; they switch off what would
    fight the cell. `notes` are for people.
    """

    name: str
    title: str
    programs: tuple[str, ...] = ()
    install: str = ""
    config: tuple[ConfigDir, ...] = ()
    copied: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    hosts: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
