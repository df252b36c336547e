"""What a gate asks about: subject, action, resource and context (after the AuthZEN Authorization API)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

GateName = Literal["exec", "network", "aws", "mcp", "hooks"]
AccessLevel = Literal["", "list", "read", "tagging", "write", "permissions"]
"""IAM's access levels, least strict first; empty = not known."""
Zone = Literal["public", "private", "loopback", "link-local", "metadata", "unresolved"]


@dataclass(frozen=True, slots=True)
class Process:
    """One link of the chain of programs that led to a request. Text carries foreign bytes as surrogates."""

    pid: int
    program: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """Who asks: the task's session, its agent, and the processes from the asking one up to the agent."""

    session: str
    agent: str
    chain: tuple[Process, ...] = ()


@dataclass(frozen=True, slots=True)
class Exec:
    """A program start, as the kernel was asked for it.

    `program` is the canonical path in the cell, `argv[0]` what the caller chose to call it, `script` the file that
    `program` was started for by its `#!` line, `hashbang` the words that such lines put between the two, `known_as`
    the names that the *content* of the script, else of the program, answers to (a renamed copy of terraform has
    `("terraform",)`), `env` the chosen variables that change what programs mean.
    """

    KIND: ClassVar[str] = "exec"
    program: str
    argv: tuple[str, ...]
    cwd: str
    known_as: tuple[str, ...] = ()
    script: str = ""
    sha256: str = ""
    env: tuple[tuple[str, str], ...] = ()
    hashbang: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Connect:
    """A connection to leave the cell: CONNECT or one absolute-form HTTP request.

    `addresses` are what the name resolved to outside the cell (the gate dials one of these, nothing else), `zone` the
    least public zone among them.
    """

    KIND: ClassVar[str] = "connect"
    host: str
    port: int
    method: str = "CONNECT"
    path: str = ""
    addresses: tuple[str, ...] = ()
    zone: Zone = "public"


@dataclass(frozen=True, slots=True)
class AwsCall:
    """One AWS API call. `actions` are IAM actions (`rds:DeleteDBInstance`), `resources` ARNs, `()` = cannot be told.

    `level` is the strictest IAM access level among the actions. `tags` are the resources' own, looked up by us: those
    that all of them have; `None` = not looked up. `some_tags` are those that only some of them have. `request_tags`
    are those that the call would set or take away (with an empty value); a `*` among their keys stands for tags that
    cannot be told. `notes` name what makes it irreversible, removes a guard or hands out credentials. `facts` are what
    was looked up for the human who is asked (size, items, protection, last snapshot).
    """

    KIND: ClassVar[str] = "aws"
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    service: str = ""
    operation: str = ""
    region: str = ""
    account: str = ""
    tags: tuple[tuple[str, str], ...] | None = None
    notes: tuple[str, ...] = ()
    level: AccessLevel = ""
    some_tags: tuple[tuple[str, str], ...] = ()
    request_tags: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """An MCP tool call; `arguments` is its canonical JSON text."""

    KIND: ClassVar[str] = "mcp"
    server: str
    tool: str
    arguments: str = "{}"


Action = Exec | Connect | AwsCall | ToolCall


@dataclass(frozen=True, slots=True)
class Request:
    """One thing that wants to happen. `id` is unique in the session (`r17`)."""

    id: str
    gate: GateName
    subject: Subject
    action: Action
    reason: str = ""
    """What the agent says it is for; shown as the agent's words, never decided on."""
