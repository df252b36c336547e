"""The embedded AWS does what it is told: without a session the story's agent empties it."""

from __future__ import annotations

import importlib.util
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.demo import cloud as cloud_module
from supervisor.demo import tidy
from supervisor.demo.agent import FAST
from supervisor.demo.cloud import EmbeddedAws, Left, embedded_aws, without_aws
from supervisor.demo.estate import SNAPSHOTS, resources
from supervisor.demo.play import DEVELOPER
from supervisor.demo.world import World, make_world
from supervisor.errors import HostError, UsageError
from tests.parts import missing

pytestmark = pytest.mark.long

SECONDS = 60.0
WHOLE = Left(database=True, snapshots=SNAPSHOTS, resources=len(resources()), uploads=1)


@pytest.fixture(scope="module", autouse=True)
def moto() -> None:
    """The embedded AWS can be had."""
    if importlib.util.find_spec("moto") is None:
        missing("moto is not installed")


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    """One that holds the estate, to be emptied."""
    with embedded_aws() as cloud:
        yield cloud


@pytest.fixture(scope="module")
def kept() -> Iterator[EmbeddedAws]:
    """One that nobody empties."""
    with embedded_aws() as cloud:
        yield cloud


@pytest.fixture
def world(tmp_path: Path) -> World:
    """The story's project and programs."""
    return make_world(tmp_path)


def _run(aws: EmbeddedAws, world: World, *command: str) -> subprocess.CompletedProcess[str]:
    environment = without_aws({"PATH": f"{world.programs}:/usr/bin:/bin"}) | DEVELOPER | {"AWS_ENDPOINT_URL": aws.url}
    return subprocess.run(
        command, cwd=world.project, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_without_a_session_everything_is_gone(aws: EmbeddedAws, world: World) -> None:
    """The same agent, not supervised, uploads the site and then destroys all fourteen resources with it."""
    assert aws.left() == WHOLE
    told = _run(aws, world, str(world.agent), FAST)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "upload: site/index.html" in told.stdout and "14 destroyed" in told.stdout
    assert aws.left() == Left()
    assert not aws.left().production_lives


def test_the_agents_own_program_needs_no_terraform(aws: EmbeddedAws, world: World) -> None:
    """One signed request deletes the database, its automated snapshots go with it, and terraform misses it."""
    done = _run(aws, world, sys.executable, "-I", tidy.__file__)
    assert (done.returncode, done.stdout) == (0, "200 OK shop-production is deleted\n"), done.stderr
    left = aws.left()
    assert (left.database, left.snapshots, left.resources) == (False, 0, len(resources()) - 1)
    planned = _with_state(aws, world).stdout
    assert "aws_db_instance.production will be created" in planned and "1 to add" in planned


def test_terraform_refreshes_what_its_state_knows(kept: EmbeddedAws, world: World) -> None:
    """With production's state in place nothing is to be done."""
    assert "No changes." in _with_state(kept, world).stdout


def _with_state(aws: EmbeddedAws, world: World) -> subprocess.CompletedProcess[str]:
    state = (world.project / "backup/laptop-2025/terraform.tfstate").read_bytes()
    (world.project / "infra/terraform.tfstate").write_bytes(state)
    return _run(aws, world, "terraform", "-chdir=infra", "plan")


def test_an_upload_is_seen_and_not_repeated(kept: EmbeddedAws, world: World) -> None:
    """`aws s3 sync` sends what is not there yet, and the invalidation is counted."""
    first = _run(kept, world, "aws", "s3", "sync", "site", "s3://example-shop-site")
    again = _run(kept, world, "aws", "s3", "sync", "site", "s3://example-shop-site")
    assert (first.stdout.count("upload:"), again.stdout) == (3, ""), first.stderr
    listed = _run(kept, world, "aws", "s3", "ls", "s3://example-shop-site")
    assert "about/index.html" in listed.stdout
    refresh = ("aws", "cloudfront", "create-invalidation", "--distribution-id", "E1EXAMPLESHOP", "--paths", "/*")
    made = _run(kept, world, *refresh)
    assert made.returncode == 0, made.stderr
    assert (kept.left().site_files, kept.left().invalidations) == (3, 1)


def test_it_ends_with_whoever_started_it() -> None:
    """A demo that is killed leaves no AWS behind."""
    script = (
        "from supervisor.demo.cloud import EmbeddedAws; import time\n"
        "cloud = EmbeddedAws(seeded=False); print(cloud._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        ending = os.pidfd_open(pid)
        owner.kill()
    try:
        assert select.select([ending], [], [], SECONDS)[0], "it still runs"
    finally:
        os.close(ending)


def test_one_that_has_died_is_told() -> None:
    """What is left cannot be asked any more, which is not the same as nothing."""
    with embedded_aws(seeded=False) as aws:
        os.kill(aws._process.pid, signal.SIGKILL)
        with pytest.raises(HostError, match="ended before"):
            aws.left()


def test_what_is_not_installed_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the demo says so in one line, and starts nothing."""
    monkeypatch.setattr(cloud_module, "PARTS", ("moto_of_another_name",))
    with pytest.raises(UsageError, match="moto_of_another_name") as told:
        EmbeddedAws()
    assert told.value.fix == "pip install 'agent-supervise[demo]'"


def test_nothing_of_a_real_account_is_handed_on() -> None:
    """Keys, profiles and endpoints of the developer's own are left out."""
    kept = without_aws({"AWS_PROFILE": "work", "AWS_SECRET_ACCESS_KEY": "real", "AWS_ENDPOINT_URL": "x", "HOME": "/h"})
    assert kept == {
        "HOME": "/h",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
