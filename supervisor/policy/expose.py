"""Ports of the cell that a scope shows to the developer's own programs, as they are written in its file."""

from __future__ import annotations

import re
from typing import Final

from supervisor.policy.scope import Exposed

MOST: Final = 16
"""Exposed ports of one scope."""
_PORT = re.compile(r"[1-9][0-9]{0,4}\Z", re.ASCII)
_LEAST_OUTSIDE = 1024


def read_exposed(text: str) -> Exposed:
    """`5173`, or `8080:3000` where the host's port is another than the cell's; raises `ValueError` with what is wrong.

    A text with a parameter that is not filled in stays as it is.
    """
    if "${" in text:
        return Exposed(text=text)
    outside, colon, inside = text.partition(":")
    found = Exposed(_port(inside if colon else outside), _port(outside))
    if found.host_port < _LEAST_OUTSIDE:
        other = f"{8000 + found.host_port}:{found.port}"
        raise ValueError(f"ports below {_LEAST_OUTSIDE} of this host are the system's, {other} would do")
    return found


def _port(text: str) -> int:
    if not _PORT.match(text) or int(text) > 65535:
        raise ValueError("it is no port: write 5173, or 8080:3000 for port 3000 of the cell at port 8080 of this host")
    return int(text)
