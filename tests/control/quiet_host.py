"""What consoles may do besides answering, in a test: nothing, and it is noted."""

from __future__ import annotations


class QuietHost:
    """A session that consoles can do nothing to; a test would see it in the journal."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def attached(self) -> None:
        self.done.append("attached")

    def resize(self, columns: int, rows: int) -> None:
        self.done.append("resize")

    def input(self, data: bytes) -> None:
        self.done.append("input")

    def kill(self, by: str) -> None:
        self.done.append("kill")

    def grant_path(self, path: str, *, write: bool, minutes: int, by: str) -> tuple[str, str]:
        self.done.append("grant_path")
        return "", "no"
