"""A scope as a value: what one task may do. Loaded by `policy.load`, decided on by `policy.decide`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from supervisor.model.effect import Effect

Section = Literal["aws", "commands", "network", "mcp", "files", "terraform"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where something stands: file as the user named it, line and column from 1."""

    file: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule line. `patterns` are commands, IAM actions, hosts or tools, by section; parameters already filled in.

    `on` (ARN patterns), `where` (the resource's tags) and `regions` belong to the aws section.
    """

    section: Section
    effect: Effect
    patterns: tuple[str, ...]
    source: Source
    on: tuple[str, ...] = ()
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    except_: tuple[str, ...] = ()
    because: str = ""

    @property
    def text(self) -> str:
        """The rule in one line, as it could stand in the file."""
        parts = [f"{self.effect.word}: {', '.join(self.patterns)}"]
        if self.on:
            parts.append(f"on {', '.join(self.on)}")
        if self.where:
            parts.append("where " + ", ".join(f"{key}={'|'.join(values)}" for key, values in self.where))
        if self.except_:
            parts.append(f"except {', '.join(self.except_)}")
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Rules:
    """A section's rules and what happens where none matches."""

    rules: tuple[Rule, ...] = ()
    otherwise: Effect = Effect.ASK
    otherwise_source: Source | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value the developer fills in. `default` `None` = required; `pattern` is a full-match regular expression."""

    name: str
    ask: str = ""
    default: str | None = None
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Files:
    """What the cell's mounts show: paths as written in the file (`~` and relative ones are resolved by the cell)."""

    write: tuple[str, ...] = (".",)
    read: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the cell may take of the host at once; `None` = what the cell takes without being told (`cell.limits`).

    `processes` counts threads too. `memory` and `disk` are bytes; `memory` is that of all programs together, `disk` is
    the size of each private folder (`/tmp`, `/var/tmp`, the home). `open_files` is per process.
    """

    processes: int | None = None
    memory: int | None = None
    open_files: int | None = None
    disk: int | None = None


@dataclass(frozen=True, slots=True)
class Terraform:
    """Limits on what a plan may destroy. `destroy`: how many resources without asking."""

    destroy: int = 0
    protect: tuple[str, ...] = ()
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class FourEyes:
    """Requests that need `count` different humans of `role`; `on` mixes IAM actions and command patterns.

    The session's owner is one of them without the role, unless `owner` is "excluded".
    """

    on: tuple[str, ...]
    role: str = "approver"
    count: int = 2
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Approvals:
    """How long an escalation waits before it is denied, and what needs more than one human.

    `use_within`: so long after the first of several humans has agreed the others must have, too.
    """

    wait: timedelta = timedelta(minutes=15)
    four_eyes: tuple[FourEyes, ...] = ()
    use_within: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class RegoFile:
    """A file of conditions in Rego: as the user names it, its text, the package that it declares."""

    file: str
    text: str
    package: str
    source: Source


@dataclass(frozen=True, slots=True)
class OpaServer:
    """A document of an OPA server that answers as a file of conditions does.

    `timeout` is milliseconds. The bearer token is in a file of this host, or in a variable of the developer's
    environment; `ca` is a file of certificates. `unreachable` (ask or deny) is what counts where nobody answers.
    """

    url: str
    source: Source
    timeout: int = 1_000
    token_file: str = ""
    token_env: str = ""
    ca: str = ""
    unreachable: Effect = Effect.DENY


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server that the scope lets the agent reach, and how it is started."""

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    env: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Exposed:
    """A port of the cell's loopback that the developer's programs reach at `host_port` of this host's.

    Both are 0, and `text` is what the file says, where a parameter of it is not filled in.
    """

    port: int = 0
    host_port: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """A line of `examples`: a request in the scope's own words and the effect it must have."""

    kind: Literal["run", "aws", "connect", "mcp"]
    text: str
    expect: Effect
    source: Source
    on: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything one task may do; parameters filled in, `extends` already merged.

    `digest` is `sha256:…` over the files it was loaded from and the parameter values. `account` empty = any.
    """

    name: str
    task: str
    digest: str
    source: Source
    parameters: tuple[Parameter, ...] = ()
    values: tuple[tuple[str, str], ...] = ()
    expires: timedelta | None = None
    account: str = ""
    regions: tuple[str, ...] = ()
    aws: Rules = field(default_factory=Rules)
    commands: Rules = field(default_factory=Rules)
    network: Rules = field(default_factory=Rules)
    expose: tuple[Exposed, ...] = ()
    mcp: Rules = field(default_factory=Rules)
    mcp_servers: tuple[McpServer, ...] = ()
    files: Files = field(default_factory=Files)
    limits: Limits = field(default_factory=Limits)
    terraform: Terraform = field(default_factory=Terraform)
    rego: tuple[RegoFile, ...] = ()
    opa: tuple[OpaServer, ...] = ()
    settings: str = ""
    """The canonical JSON text of `policy.settings`, which conditions find as `input.settings`; empty = none."""
    approvals: Approvals = field(default_factory=Approvals)
    examples: tuple[Example, ...] = ()
    extends: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    """(file, exact text) of every file it was composed from, for the session's frozen copy and for differences."""
