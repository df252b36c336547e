"""Errors that a person reads: what is wrong, where, and what to do about it."""

from __future__ import annotations


class SuperviseError(Exception):
    """An error with a place and a way out; `str()` is the text for the terminal.

    `where` is `file`, `file:line` or `file:line:column`, or empty where no place exists.
    """

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what, self.where, self.fix = what, where, fix
        super().__init__(what)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  fix: {self.fix}" if self.fix else head


class ScopeError(SuperviseError):
    """A scope file that cannot be used."""


class HostError(SuperviseError):
    """This host cannot hold a gate, or lacks a part of the cell."""


class JournalError(SuperviseError):
    """The record cannot be written or read."""


class UsageError(SuperviseError):
    """The command line asks for something that does not exist or does not fit together."""
