"""A path that is granted by a typed line of the palette: `read PATH [MINUTES]` or `write PATH [MINUTES]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from supervisor.core.escalation import MAX_GRANT_MINUTES
from supervisor.model.visible import visible

HINT: Final = "type to find, or: read PATH, write PATH [MINUTES]"
USUAL_MINUTES: Final = 30
_TYPED: Final = re.compile(r"\s*(read|write)\s+(~?/.*?)(?:\s+([0-9]{1,5})(?:\s*min)?)?\s*")


@dataclass(frozen=True, slots=True)
class GrantPath:
    """Show the agent a path for so many minutes."""

    path: str
    write: bool
    minutes: int

    @property
    def says(self) -> str:
        """What Enter does, in words."""
        does = "read and write" if self.write else "read"
        return f"let the agent {does} {visible(self.path)} for {self.minutes} min"


def typed_path(text: str) -> GrantPath | None:
    """What a line asks to be shown; `None` where it is no such line. A path may contain spaces."""
    match = _TYPED.fullmatch(text)
    if match is None:
        return None
    minutes = int(match[3]) if match[3] else USUAL_MINUTES
    return GrantPath(match[2], match[1] == "write", min(max(minutes, 1), MAX_GRANT_MINUTES))
