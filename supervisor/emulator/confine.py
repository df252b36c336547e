"""The limits of the host, which parses hostile bytes: it writes no file and leaves no core."""

from __future__ import annotations

import resource


def confine() -> None:
    """Give up what the host will never need."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
