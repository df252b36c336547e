"""The region that the developer works in."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.identity.region import region_of

CONFIG = "[default]\nregion = eu-west-1\n[profile prod]\nregion=us-west-2\n[profile odd\n"
GOOD = CONFIG.replace("[profile odd\n", "")


@pytest.mark.parametrize(
    ("more", "profile", "wanted"),
    [
        ({}, "", "eu-west-1"),
        ({}, "prod", "us-west-2"),
        ({"AWS_PROFILE": "prod"}, "", "us-west-2"),
        ({"AWS_REGION": "ap-south-1"}, "prod", "ap-south-1"),
        ({"AWS_DEFAULT_REGION": "ap-south-1"}, "", "ap-south-1"),
        ({}, "unknown", ""),
    ],
)
def test_region(tmp_path: Path, more: dict[str, str], profile: str, wanted: str) -> None:
    """Variables outrank the profile, and a profile says its own."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(GOOD)
    assert region_of({"HOME": str(tmp_path), **more}, profile) == wanted


def test_a_file_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    """A broken configuration is the SDK's to complain about."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text("no section\n")
    assert region_of({"HOME": str(tmp_path)}) == ""
