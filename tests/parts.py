"""Real parts that a test needs: one that is missing is a skip with its reason, and in CI a failure."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def missing(why: str) -> NoReturn:
    """End this test."""
    if os.environ.get("CI") == "true":
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


def need(program: str) -> str:
    """The path of a program."""
    return shutil.which(program) or missing(f"there is no {program} here")
