"""The demo from start to end: a world and an AWS, a session that tells the story in them, a look at what is left."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from supervisor.cell.doctor import Check, checks
from supervisor.demo.agent import FAST
from supervisor.demo.cloud import EmbeddedAws, embedded_aws, without_aws
from supervisor.demo.ending import Seen, epilogue, seen_in
from supervisor.demo.estate import BUCKET, DISTRIBUTION, REGION
from supervisor.demo.world import World, python, throw_away_world
from supervisor.errors import JournalError, UsageError
from supervisor.launch import Launch, Launcher, Started
from supervisor.policy.load import load
from supervisor.policy.scope import Scope

SCOPES: Final = {name: Path(__file__).parent / f"{name}.yaml" for name in ("demo", "demo-watched")}
DEVELOPER: Final = {
    "AWS_ACCESS_KEY_ID": "AKIADEMODEVELOPER",
    "AWS_SECRET_ACCESS_KEY": "the-developers-own-key-which-the-agent-never-sees",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
}
"""What the developer of the story has in the environment: an account of the embedded AWS, never the reader's own."""


def play(*, headless: bool, fast: bool) -> int:
    """Replay the incident; 0 = production survived, 1 = this host cannot hold a gate, or it did not survive.

    Raises `SuperviseError`.
    """
    environment = dict(os.environ)
    if inside := environment.get("AGENT_SUPERVISE_SESSION"):
        raise UsageError(f"this is inside of session {inside} already", fix="start it from a terminal of your own")
    with embedded_aws() as cloud:
        return _played(cloud, environment, headless=headless, fast=fast)


def _played(cloud: EmbeddedAws, environment: Mapping[str, str], *, headless: bool, fast: bool) -> int:
    launcher = Launcher(stdio=_streams() if headless else ())
    try:
        if weak := [check for check in checks() if check.gate and not check.holds]:
            launcher.cancel()
            _say(*cannot(weak))
            return 1
        with throw_away_world() as world:
            scope = demo_scope(world, headless=headless)
            launch = _launch(scope, world, cloud, environment, headless=headless, fast=fast or headless)
            began = launcher.start(launch)
            _watch(began, launcher, headless=headless)
            return _told(began, cloud)
    except BaseException:
        launcher.cancel()
        raise


def demo_scope(world: World, *, headless: bool) -> Scope:
    """The demo's scope for this world, with a question if somebody can answer it. Raises `ScopeError`."""
    values = {
        "bucket": BUCKET,
        "distribution": DISTRIBUTION,
        "programs": str(world.programs),
        "python": _library(world),
    }
    return load("demo" if headless else "demo-watched", _read, values)


def _read(name: str) -> tuple[str, str] | None:
    return (SCOPES[name].name, SCOPES[name].read_text("utf-8")) if name in SCOPES else None


def cannot(weak: list[Check]) -> list[str]:
    """What a host is told that cannot hold a gate."""
    gates = ", ".join(dict.fromkeys(check.gate for check in weak if check.gate))
    lines = [f"The demo is a real session, and this host cannot hold its gates ({gates}):", ""]
    for check in weak:
        lines.append(f"  ✗ {check.name}: {check.detail}")
        if check.fix:
            lines.append(f"    fix: {check.fix}")
    return [*lines, "", "Everything that was tried: agent-supervise doctor"]


def _launch(
    scope: Scope, world: World, cloud: EmbeddedAws, environment: Mapping[str, str], *, headless: bool, fast: bool
) -> Launch:
    columns, rows = shutil.get_terminal_size()
    path = environment.get("PATH") or os.defpath
    return Launch(
        scope=scope,
        argv=(world.agent.name, *([FAST] if fast else [])),
        program=str(world.agent),
        cwd=str(world.project),
        environment={**without_aws(environment), **DEVELOPER, "PATH": f"{world.programs}:{path}"},
        columns=columns,
        rows=rows,
        stdio="pipes" if headless else "pty",
        aws_endpoint=cloud.url,
        vouched_by="local",
    )


def _watch(began: Started, launcher: Launcher, *, headless: bool) -> None:
    """Be the session's console, or its pipe, until it has ended."""
    if not headless:
        from supervisor.console.app import DETACHED, run_console

        if run_console(began.control) == DETACHED:
            _say("The embedded AWS lives in this terminal; Ctrl-C here ends the demo.")
    try:
        launcher.wait()
    except KeyboardInterrupt:
        with contextlib.suppress(ProcessLookupError):
            os.kill(began.pid, signal.SIGTERM)
        launcher.wait()


def _told(began: Started, cloud: EmbeddedAws) -> int:
    try:
        seen = seen_in(began.folder)
    except JournalError as error:
        _say(f"agent-supervise: {error}")
        seen = Seen()
    left = cloud.left()
    _say("", *epilogue(left, seen, began.folder.name, _command()))
    return 0 if left.production_lives else 1


def _library(world: World) -> str:
    """The folder that the demo's interpreter needs, if the cell does not show it anyway; else one that it does."""
    there = python().parent.parent
    own = ("/", "/usr", "/usr/local")
    return str(world.programs) if str(there) in own else str(there)


def _command() -> str:
    """How this program is called from here: `make demo` runs it where no PATH leads to."""
    if shutil.which("agent-supervise"):
        return "agent-supervise"
    called = Path(sys.argv[0])
    near = called.is_file() and called.is_relative_to(Path.cwd())
    return str(called.relative_to(Path.cwd()) if near else called)


def _streams() -> list[int]:
    return [os.open(os.devnull, os.O_RDONLY), os.dup(1), os.dup(2)]


def _say(*lines: str) -> None:
    print("\n".join(lines), file=sys.stderr, flush=True)
