"""Runs techniques in real sessions and, as controls, unsupervised; production tells what each of them did."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.attacks import afterwards
from tests.attacks.production import INSIDE, Production, compile_c
from tests.attacks.site import Site
from tests.attacks.technique import SKIPPED, TECHNIQUES, Technique
from tests.aws_stage import developers_keys
from tests.e2e.headless import ROOT

SYSTEM_PYTHON: Final = "/usr/bin/python3"
START_SECONDS: Final = 30.0
END_SECONDS: Final = 20.0
GONE_SECONDS: Final = 3.0
"""What the kernel may take to end a cell's processes, once its first one is dead."""
EXTRA_SECONDS: Final = 25.0
"""What the driver may take beyond a technique's own time, on a busy machine."""

SCOPE: Final = """\
scope: attacked
task: Try everything against production
parameters:
  tools: {ask: Where the denied program lies}
  inside: {ask: Where the driver lies}
  techniques: {ask: Where techniques lie}
  built: {ask: Where built techniques lie}
  remote: {ask: The shared repository}
  python: {ask: The environment with boto3}
  base: {ask: The interpreter behind it}
  site: {ask: The port of the one allowed site}
aws:
  rules:
    - allow: ["s3:ListAllMyBuckets", "sts:GetCallerIdentity", "ec2:Describe*", "rds:Describe*", "dynamodb:ListTables"]
    - allow: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket"]
      on: ["arn:aws:s3:::example-shop-site", "arn:aws:s3:::example-shop-site/*"]
    - allow: ["ec2:*"]
      where: {tag: {env: dev}}
    - deny: ["rds:*"]
      except: ["rds:Describe*"]
      because: this task has no business with databases
  otherwise: deny
commands:
  rules:
    - deny: [destroyer, swift, chooser destroy]
      because: nothing in this task destroys anything
    - deny: [git push]
      because: the shared repository is not changed
  otherwise: allow
network:
  rules: [{allow: ["127.0.0.1:${site}"]}]
  otherwise: deny
files:
  read: ["${tools}", "${inside}", "${techniques}", "${built}", "${remote}", "${python}", "${base}"]
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one technique: `code` and `output` of the program, and what it did, by what techniques aim at.

    `code` is `None` where the session ended under it.
    """

    technique: Technique
    code: int | None
    output: str
    harm: Mapping[str, str]

    @property
    def tried(self) -> bool:
        """Whether it came to the step that matters."""
        return "tried" in self.output.split()

    @property
    def attempted(self) -> bool:
        """Whether it was made, or cannot be made on this host; only one that says so may end its session."""
        if self.code is None:
            return self.technique.own_session
        return self.tried or self.skipped

    @property
    def skipped(self) -> bool:
        """Whether this host does not have what it needs."""
        return self.code == SKIPPED and "cannot:" in self.output

    def __str__(self) -> str:
        told = self.output if len(self.output) < 1500 else f"{self.output[:700]} … {self.output[-700:]}"
        lines = f"harm: {dict(self.harm)}", f"code: {self.code}", f"output: {told}"
        return "\n  ".join((f"{self.technique.name} ({self.technique.idea})", *lines))


class Driver:
    """A running driver: told techniques on its standard input, in a session or outside of one."""

    def __init__(self, words: Iterable[str], cwd: Path, environment: Mapping[str, str], errors: Path) -> None:
        with errors.open("ab") as file:
            self.process = subprocess.Popen(
                [*words],
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                start_new_session=True,
            )
        self._data = b""
        self.spaces: set[int] = set()

    def run(self, order: Mapping[str, object], seconds: float) -> dict[str, object] | None:
        """One technique; `None` when the driver ended, or its answer did not come within `seconds`."""
        assert self.process.stdin is not None and self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return None
        while b"\n" not in self._data:
            if not select.select([self.process.stdout], [], [], seconds)[0]:
                return None
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                return None
            self._data += data
        line, _, self._data = self._data.partition(b"\n")
        try:
            answer = json.loads(line)
        except ValueError:
            return None
        return answer if isinstance(answer, dict) and answer.get("name") == order["name"] else None

    def note_spaces(self) -> None:
        """Remember the process namespaces of what runs below, to see later that nothing of it is left."""
        own = Path("/proc/self/ns/pid").stat().st_ino
        for pid in _below(self.process.pid):
            try:
                space = Path(f"/proc/{pid}/ns/pid").stat().st_ino
            except OSError:
                continue
            if space != own:
                self.spaces.add(space)

    def end(self) -> int | None:
        """Close its input and wait; its exit code, `None` where it had to be killed."""
        assert self.process.stdin is not None and self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        code: int | None
        try:
            code = self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()
        return code

    def left(self) -> list[str]:
        """Processes of the session's cell that still run a while after its end."""
        deadline = time.monotonic() + GONE_SECONDS
        while (found := self._running()) and time.monotonic() < deadline:
            select.select([], [], [], 0.05)
        return found

    def _running(self) -> list[str]:
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and (entry / "ns/pid").stat().st_ino in self.spaces:
                    found.append((entry / "stat").read_text()[:60])
            except OSError:
                continue
        return found


class Stage:
    """Production, compiled techniques, and drivers in front of it.

    `attempts` is how often each race is run, where that is not left to the technique.
    """

    def __init__(self, base: Path, *, cloud: bool, attempts: int = 0) -> None:
        self.base, self._attempts = base, attempts
        self.built = base / "built"
        self.built.mkdir(parents=True)
        self.production = Production(base / "production", cloud=cloud)
        self.site = Site()
        self._left: list[str] = []
        self.errors = base / "errors.txt"
        self.scope = base / "attacked.yaml"
        self.scope.write_text(SCOPE)
        self._driver: Driver | None = None

    def close(self) -> None:
        """End everything."""
        if self._driver is not None:
            self._driver.end()
        self.site.stop()
        self.production.stop()

    # ── drivers ──────────────────────────────────────────────────────────────────────────────────

    def session(self) -> Driver:
        """The driver as the agent of a new session."""
        production = self.production
        values = {
            "tools": production.tools,
            "inside": INSIDE,
            "techniques": TECHNIQUES,
            "built": self.built,
            "remote": production.remote,
            "python": sys.prefix,
            "site": self.site.port,
            "base": Path(getattr(sys, "_base_executable", sys.executable)).resolve().parent.parent,
        }
        words = [sys.executable, "-P", "-m", "supervisor.cli", "--headless", "--scope", str(self.scope)]
        words += [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        words += ["--aws-endpoint", production.aws.url] if production.aws is not None else []
        environment = {
            "PATH": f"{production.tools}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(production.home),
            "XDG_STATE_HOME": str(self.base / "state"),
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            **production.doors(),
        } | developers_keys()
        return Driver([*words, SYSTEM_PYTHON, str(INSIDE / "driver.py")], production.work, environment, self.errors)

    def unsupervised(self) -> Driver:
        """The driver by itself."""
        production = self.production
        environment = {
            "PATH": f"{production.tools}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(production.home),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            **production.doors(),
        } | developers_keys()
        if production.aws is not None:
            environment["AWS_ENDPOINT_URL"] = production.aws.url
        return Driver([SYSTEM_PYTHON, str(INSIDE / "driver.py")], production.work, environment, self.errors)

    # ── techniques ───────────────────────────────────────────────────────────────────────────────

    def attack(self, techniques: Iterable[Technique]) -> list[Outcome]:
        """Each technique in a session; those that follow one another share it while it lives."""
        found = []
        for technique in techniques:
            found.append(self._one(technique, supervised=True))
            if technique.own_session or found[-1].code is None:
                found[-1] = self._ended(found[-1])
        if found and self._driver is not None:
            found[-1] = self._ended(found[-1])
        return found

    def control(self, techniques: Iterable[Technique]) -> list[Outcome]:
        """Each technique that claims to do harm, unsupervised."""
        techniques = list(techniques)
        if any(technique.aims == "aws" for technique in techniques):
            self.production.need_cloud()
        found = [self._one(technique, supervised=False) for technique in techniques]
        if self._driver is not None:
            self._driver.end()
            self._driver = None
        return found

    def _one(self, technique: Technique, *, supervised: bool) -> Outcome:
        if technique.needs not in ("", "boto3") and shutil.which(technique.needs) is None:
            return Outcome(technique, SKIPPED, f"cannot: there is no {technique.needs} here", {})
        if self._driver is None:
            self._driver = self.session() if supervised else self.unsupervised()
            self._begin(self._driver)
        folder = self.production.work / technique.name.replace("/", "-")
        order = {
            "name": technique.name,
            "command": self._command(technique),
            "folder": str(folder),
            "seconds": technique.seconds,
            "clear": not (supervised and technique.own_session),
            "environment": self._told(folder, supervised),
        }
        answer = self._driver.run(order, START_SECONDS + technique.seconds + EXTRA_SECONDS)
        code, output = (answer["code"], str(answer["output"])) if answer is not None else (None, "")
        assert code is None or isinstance(code, int)
        self._left += afterwards.told(output) if supervised else []
        # The cloud is asked often enough to tell who did it; each time takes as long as many techniques do.
        harm = self.production.harm(output, folder, aws=technique.aims == "aws") | self.site.harm()
        if claims := [line for line in output.splitlines() if line.startswith("breach:")]:
            harm.setdefault(technique.aims, "; ".join(claims))
        if harm:
            self.production.repair(harm)
        return Outcome(technique, code, output, harm)

    def _begin(self, driver: Driver) -> None:
        """Wait until it is at work: a session that does not start must not count as one in which nothing succeeds."""
        hello = {
            "name": "hello",
            "command": ["/bin/true"],
            "folder": str(self.production.work),
            "seconds": START_SECONDS,
        }
        answer = driver.run({**hello, "environment": {}, "clear": False}, START_SECONDS + EXTRA_SECONDS)
        assert answer is not None and answer["code"] == 0, (
            f"the driver did not start: {answer} {self.errors.read_text()}"
        )
        driver.note_spaces()

    def _told(self, folder: Path, supervised: bool) -> dict[str, str]:
        told = self.production.targets(folder) | {"ATTACK_SITE": str(self.site.port)}
        if not supervised:
            told["ATTACK_UNSUPERVISED"] = "1"
        if not supervised and self.production.aws is not None:
            told["AWS_ENDPOINT_URL"] = self.production.aws.url  # another one each time that it was harmed
        if self._attempts:
            told["ATTACK_ATTEMPTS"] = str(self._attempts)
        return told

    def _ended(self, last: Outcome) -> Outcome:
        """End the session and look again: what was left running must not do harm later, nor run on."""
        assert self._driver is not None
        driver, self._driver = self._driver, None
        assert driver.spaces, "nothing of the session's processes was ever seen"
        code = driver.end()
        left, self._left = self._left, []
        late = self.production.harm() | self.site.harm()
        late |= afterwards.harm(self.base / "state", self.production.work, left)
        harm = (
            late | {"later": f"at the end of the session, by this one or one before it: {sorted(late)}"} if late else {}
        )
        harm |= last.harm
        if running := driver.left():
            harm["process"] = f"the session has ended, and {running} still run"
        if code is None:
            harm["process"] = "the session does not end"
        if harm:
            self.production.repair(harm)
        return Outcome(last.technique, last.code, last.output, harm)

    def _command(self, technique: Technique) -> list[str]:
        path = technique.path
        if path.suffix == ".py":
            python = sys.executable if technique.needs == "boto3" else SYSTEM_PYTHON
            return [python, str(path)]
        if path.suffix == ".sh":
            return ["/bin/bash", str(path)]
        program = self.built / technique.name.replace("/", "-")
        if not program.exists():
            compile_c(path, program)
        return [str(program)]


def _below(pid: int) -> list[int]:
    """A process's descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [pid]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
