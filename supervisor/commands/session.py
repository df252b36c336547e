"""`agent-supervise AGENT`: picks the scope, starts the session process, and becomes its console or its pipe."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from supervisor.agents.find import resolve_agent
from supervisor.core.keys import PREFIX_VARIABLE, prefixes_of
from supervisor.errors import ScopeError, SuperviseError, UsageError
from supervisor.launch import Launch, Launcher, Started
from supervisor.policy.scope import Scope

if TYPE_CHECKING:
    from supervisor.identity.oidc.values import DevicePrompt

INSIDE: Final = "/.agent-supervise"
"""Only a cell's root has this folder (`cell.mounts`)."""

SMALLEST: Final = (60, 16)
"""Columns and rows below which a console cannot show a whole question."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a session, as the command line gives them."""

    scope: str | None = None
    values: tuple[str, ...] = ()
    headless: bool = False
    wait: bool = False
    weakened: tuple[str, ...] = ()
    profile: str | None = None
    aws_endpoint: str | None = None
    no_record: bool = False


def run(words: tuple[str, ...], options: Options) -> int:
    """A session of the agent `words`; returns the exit code. Raises `SuperviseError`."""
    _refuse(options)
    environment = dict(os.environ)
    if inside := environment.get("AGENT_SUPERVISE_SESSION"):
        raise UsageError(f"this is inside of session {inside} already", fix="start it from a terminal of your own")
    if Path(INSIDE).is_dir():
        raise UsageError("this is inside of a session's cell already", fix="start it from a terminal of your own")
    program = resolve_agent(words, environment)
    workspace = _workspace(environment)
    asked = _Asked(words, str(program), str(workspace), environment, options)
    if options.headless:
        return _headless(asked)
    need_terminal()
    return _with_console(asked)


@dataclass(frozen=True, slots=True)
class _Asked:
    words: tuple[str, ...]
    program: str
    workspace: str
    environment: Mapping[str, str]
    options: Options

    def launch(self, scope: Scope, **more: object) -> Launch:
        """What the session process is told."""
        columns, rows = shutil.get_terminal_size()
        return Launch(
            scope=scope,
            argv=self.words,
            program=self.program,
            cwd=self.workspace,
            environment=self.environment,
            columns=columns,
            rows=rows,
            weakened=self.options.weakened,
            record=not self.options.no_record,
            profile=self.options.profile or "",
            aws_endpoint=self.options.aws_endpoint or "",
            **more,  # type: ignore[arg-type]
        )

    def load(self, name: str, values: Mapping[str, str]) -> Scope:
        """The scope, ready for use. Raises `ScopeError`, or `UsageError` for a profile that does not exist."""
        from supervisor.identity.ahead import check_ahead
        from supervisor.scope_files import load_scope

        scope = load_scope(name, cwd=Path(self.workspace), environment=self.environment, values=values)
        unnarrowed = "credentials" in self.options.weakened
        check_ahead(scope, self.environment, profile=self.options.profile or "", unnarrowed=unnarrowed)
        return scope


# ── with a console ───────────────────────────────────────────────────────────────────────────────


def _with_console(asked: _Asked) -> int:
    if asked.options.scope is None:
        return _with_picker(asked)
    launcher = Launcher()
    try:
        # Textual takes as long to import as the session process: both at the same time.
        importing = threading.Thread(target=_import_console, daemon=True)
        importing.start()
        scope = _accepted(asked, asked.options.scope)
        started = launcher.start(asked.launch(scope), show_login=_login_shown)
    except BaseException:
        launcher.cancel()
        raise
    from supervisor.console.app import run_console

    return _left(run_console(started.control), launcher)


def _login_shown(prompt: DevicePrompt) -> None:
    from supervisor.commands.login_shown import show_login

    show_login(prompt)


def _import_console() -> None:
    import supervisor.console.app
    import supervisor.console.pane  # noqa: F401


def _with_picker(asked: _Asked) -> int:
    from supervisor.cell.doctor import checks
    from supervisor.console.app import run_session
    from supervisor.console.picker.choice import Chosen, HostCheck
    from supervisor.identity.oidc.configured import is_configured
    from supervisor.scope_files import accept_as_shown, choices

    if is_configured(asked.environment):
        return _picked_first(asked)
    launcher = Launcher()
    began: list[Started] = []

    def start(chosen: Chosen) -> Path:
        nonlocal launcher
        scope = asked.load(chosen.choice.file or chosen.choice.name, dict(chosen.values))
        accept_as_shown(scope, chosen.choice.difference if chosen.accepted else "")
        try:
            began.append(launcher.start(asked.launch(scope)))
        except SuperviseError:
            launcher.cancel()
            launcher = Launcher()  # for the next try from the picker
            raise
        return began[0].control

    try:
        host = tuple(HostCheck(check.name, check.holds, check.detail, check.fix) for check in checks())
        offered = choices(Path(asked.workspace), asked.environment)
        code = run_session(offered, host, start)
    finally:
        if not began:
            launcher.cancel()
    return _left(code, launcher) if began else code


def _picked_first(asked: _Asked) -> int:
    """The picker, then the login on a terminal that nothing covers, then the console."""
    from supervisor.cell.doctor import checks
    from supervisor.console.app import LEFT, pick_scope, run_console
    from supervisor.console.picker.choice import HostCheck
    from supervisor.scope_files import accept_as_shown, choices

    launcher = Launcher()
    try:
        host = tuple(HostCheck(check.name, check.holds, check.detail, check.fix) for check in checks())
        chosen = pick_scope(choices(Path(asked.workspace), asked.environment), host)
        if chosen is None:
            launcher.cancel()
            return LEFT
        scope = asked.load(chosen.choice.file or chosen.choice.name, dict(chosen.values))
        accept_as_shown(scope, chosen.choice.difference if chosen.accepted else "")
        started = launcher.start(asked.launch(scope), show_login=_login_shown)
    except BaseException:
        launcher.cancel()
        raise
    return _left(run_console(started.control), launcher)


def _left(code: int, launcher: Launcher) -> int:
    """The exit code after the console has gone: the agent's, or 0 when the human left it running."""
    from supervisor.console.app import DETACHED

    return 0 if code == DETACHED else launcher.wait()


# ── without ──────────────────────────────────────────────────────────────────────────────────────


def _headless(asked: _Asked) -> int:
    if asked.options.scope is None:
        raise UsageError("without a console there is no picker", fix="name the scope: --headless --scope S")
    scope = _accepted(asked, asked.options.scope)
    on_terminal = os.isatty(0) and os.isatty(1)
    unattended = "" if asked.options.wait else "nobody is there to ask (--headless without --wait)"
    streams = [os.dup(number) for number in (0, 1, 2)]
    launcher = Launcher(stdio=streams)
    for number in streams:
        os.close(number)
    what = asked.launch(scope, stdio="pty" if on_terminal else "pipes", unattended=unattended)
    started = launcher.start(what, show_login=_login_shown)
    if asked.options.wait:
        print(
            f"agent-supervise: session {started.folder.name}; questions wait for: "
            f"agent-supervise answer {started.folder.name}",
            file=sys.stderr,
        )
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: launcher.release())
    if on_terminal:
        from supervisor.commands.passthrough import passing

        with passing(started.control):
            return launcher.wait()
    return launcher.wait()


# ── what must be so before anything starts ───────────────────────────────────────────────────────


def _refuse(options: Options) -> None:
    if options.aws_endpoint:
        parts = urlsplit(options.aws_endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
            raise UsageError(
                f"--aws-endpoint {options.aws_endpoint} is no URL of a server",
                fix="write it as http://127.0.0.1:4566, without a path",
            )
    if options.wait and not options.headless:
        raise UsageError("--wait belongs to --headless: a console waits anyway", fix="leave --wait out")


def _workspace(environment: Mapping[str, str]) -> Path:
    try:
        folder = Path.cwd()
    except OSError as error:
        raise UsageError("the current folder does not exist any more", fix="cd into your project") from error
    home = Path(environment.get("HOME", "/nonexistent"))
    if folder in (Path("/"), home) or folder in home.parents:
        raise UsageError(
            f"{folder} cannot be a workspace: the agent may write all of it, and your home is more than a task needs",
            fix="cd into the project that the task is about",
        )
    return folder


def _accepted(asked: _Asked, name: str) -> Scope:
    """The scope; one that came with the project and changed since it was accepted is shown first."""
    from supervisor.scope_files import accept, difference

    scope = asked.load(name, _values(asked.options.values))
    changed = difference(scope)
    if changed is None:
        return scope
    print(f"{scope.source.file} came with the project and is not what you accepted last:\n", file=sys.stderr)
    from supervisor.model.visible import visible

    for line in changed.splitlines():
        print(f"  {visible(line)}", file=sys.stderr)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ScopeError(
            "this project's scope must be accepted by a human first",
            where=scope.source.file,
            fix="start it once from a terminal and read the difference, or pass a scope of your own",
        )
    print("\nType yes to accept it as it is now: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != "yes":
        raise ScopeError("not accepted", where=scope.source.file, fix="change the file, or pick another scope")
    accept(scope)
    return scope


def _values(pairs: tuple[str, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {pair} has no value", fix="write --set KEY=VALUE")
        if key in values:
            raise UsageError(f"--set {key} is given twice", fix="keep one of them")
        values[key] = value
    return values


def need_terminal() -> None:
    """Raise `UsageError` where a console has no terminal, none that is large enough, or no prefix key."""
    prefixes_of(os.environ.get(PREFIX_VARIABLE, ""))
    if not (os.isatty(0) and os.isatty(1)):
        raise UsageError(
            "the console needs a terminal for its input and its output",
            fix="run it in a terminal, or without a console: --headless --scope S",
        )
    size = os.get_terminal_size()
    if size.columns < SMALLEST[0] or size.lines < SMALLEST[1]:
        raise UsageError(
            f"this terminal has {size.columns}x{size.lines} characters, and a question needs "
            f"{SMALLEST[0]}x{SMALLEST[1]} to be read whole",
            fix="make the window larger, or go without a console: --headless --scope S",
        )
