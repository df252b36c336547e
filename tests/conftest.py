"""What holds for all tests: properties are tried on the same examples everywhere, and against no clock."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same-everywhere", derandomize=True, deadline=None)
settings.load_profile("same-everywhere")
