"""What the picker is given and what it gives back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from supervisor.model.effect import Effect
from supervisor.policy.scope import Parameter


@dataclass(frozen=True, slots=True)
class ExampleLine:
    """One of the scope's own examples, which ran when it was loaded."""

    text: str
    expect: Effect


@dataclass(frozen=True, slots=True)
class HostCheck:
    """One thing that this host can or cannot enforce; `fix` says how to get it."""

    name: str
    holds: bool
    detail: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class ScopeChoice:
    """A scope that can be started.

    `may`, `asks` and `never` are plain words in which `${parameter}` may stand. `problem` says why it cannot be used
    (what, where, fix). `difference` is a unified diff since this user last accepted it; "" = nothing to accept.
    """

    name: str
    task: str
    file: str
    origin: Literal["project", "user", "shipped"] = "shipped"
    may: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    examples: tuple[ExampleLine, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    expires: timedelta | None = None
    problem: str = ""
    difference: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the human picked; `accepted` if a difference was shown and accepted."""

    choice: ScopeChoice
    values: tuple[tuple[str, str], ...] = ()
    accepted: bool = False


def wrong(parameter: Parameter, value: str) -> str:
    """Why a value cannot be used, or nothing. Patterns come from scope files and match the whole value."""
    if not value and parameter.default is None:
        return "required"
    if value and parameter.pattern:
        try:
            fits = re.fullmatch(parameter.pattern, value)
        except re.error:
            return f"the scope's pattern is not a regular expression: {parameter.pattern}"
        if not fits:
            return f"must match {parameter.pattern}"
    return ""
