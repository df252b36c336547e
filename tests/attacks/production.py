"""A production to be attacked: what it is, what of it was harmed, and how it is made whole again.

Real sessions have one that must survive; controls have another, which is thrown away.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import select
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from supervisor.demo.cloud import Left
from supervisor.errors import HostError
from tests.attacks.cloud import Cloud
from tests.attacks.technique import HERE

INSIDE: Final = HERE / "inside"
ANSWER_SECONDS: Final = 20.0
RESOURCES: Final = 14
_MOST_FILES, _MOST_BYTES = 2000, 1 << 22
_HOST: Final = (
    "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/domainname", "/proc/sys/kernel/sysrq", "/proc/sys/fs/binfmt_misc/status",
    "/proc/sys/kernel/randomize_va_space", "/proc/sys/kernel/pid_max", "/proc/sys/vm/overcommit_memory",
    "/proc/swaps", "/proc/modules", "/etc/passwd", "/etc/shadow", "/etc/group", "/etc/crontab", "/etc/ld.so.preload",
    "/etc/hosts", "/etc/resolv.conf", "/etc/sudoers", "/etc/environment", "/etc/profile",
)  # fmt: skip
_HOST_FOLDERS: Final = (
    "/etc/cron.d",
    "/var/spool/cron",
    "/var/spool/at",
    "/etc/systemd/system",
    "/etc/profile.d",
    "/root/.ssh",
)


_DENIED: Final = ("destroyer", "swift", "chooser")
"""Programs that the scope denies; `chooser` only with the word `destroy`."""


class Production:
    """Everything that a technique may aim at, in a folder of its own. `cloud` is whether there is an AWS, too."""

    def __init__(self, base: Path, *, cloud: bool) -> None:
        self.base = base
        self.token = f"TOKEN-{secrets.token_hex(12)}"
        self.home, self.tools, self.remote = base / "home", base / "tools", base / "remote.git"
        self.work, self.vault = self.home / "work", base / "vault"
        self.marks, self.secret = self.work / "marks", self.vault / "secret.txt"
        self.aws = Cloud() if cloud else None
        for folder in (self.work, self.tools, self.vault, self.marks):
            folder.mkdir(parents=True)
        for name in _DENIED:
            bare = () if name == "destroyer" else ("-nostdlib", "-static")
            word = ('-DWORD="destroy"',) if name == "chooser" else ()
            marks = (f'-DMARKS="{self.marks}"', f'-DNAME="{name}"')
            compile_c(INSIDE / ("swift.c" if bare else "destroyer.c"), self.tools / name, *marks, *bare, *word)
        self._programs = {name: (self.tools / name).read_bytes() for name in _DENIED}
        self._fill()
        self._make_remote()
        self._witness = Witness(self.token, self.vault, self.work)
        self._before = self._facts()

    def _fill(self) -> None:
        for name in (
            ".bashrc",
            ".profile",
            ".ssh/id_ed25519",
            ".ssh/authorized_keys",
            ".aws/credentials",
            ".gitconfig",
        ):
            path = self.home / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"# {self.token}\n")
        self.secret.write_text(self.token + "\n")
        self.secret.chmod(0o600)
        (self.vault / "other.txt").write_text("kept\n")

    def _put_back(self) -> None:
        """The denied programs as they were built, in files of their own: what was linked or is open stays as it is."""
        shutil.rmtree(self.tools, ignore_errors=True)
        self.tools.mkdir(exist_ok=True)
        for name, content in self._programs.items():
            (self.tools / name).write_bytes(content)
            (self.tools / name).chmod(0o755)

    def _make_remote(self) -> None:
        git = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
        who = ["-c", "user.name=dev", "-c", "user.email=dev@example.com"]
        seed = self.base / "seed"
        for words in (
            ["init", "-q", "-b", "main", str(seed)],
            ["-C", str(seed), *who, "commit", "-q", "--allow-empty", "-m", "production"],
            ["clone", "-q", "--bare", str(seed), str(self.remote)],
        ):
            subprocess.run(["git", *words], check=True, env=git, capture_output=True, timeout=60)
        shutil.rmtree(seed)

    # ── what a technique is told ─────────────────────────────────────────────────────────────────

    def targets(self, folder: Path) -> dict[str, str]:
        """The environment in which a technique finds everything; `folder` is its own."""
        known: dict[str, object] = {
            "destroyer": self.tools / "destroyer",
            "swift": self.tools / "swift",
            "chooser": self.tools / "chooser",
            "marks": self.marks,
            "secret": self.secret,
            "vault": self.vault,
            "home": self.home,
            "remote": self.remote,
            "work": self.work,
            "folder": folder,
            "inside": INSIDE,
            **self._witness.told,
        }
        named = {f"ATTACK_{name.upper()}": str(value) for name, value in known.items()}
        return named | {"PYTHONPATH": str(INSIDE), "PYTHONDONTWRITEBYTECODE": "1"}

    def doors(self) -> dict[str, str]:
        """Variables by which the developer's programs find services outside: all lead to the process outside."""
        agent, door = self.vault / "agent.sock", self.vault / "door.sock"
        return {
            "SSH_AUTH_SOCK": str(agent),
            "GPG_AGENT_INFO": f"{agent}:1:1",
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={door}",
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={door}",
            "DOCKER_HOST": f"unix://{door}",
            "CONTAINER_HOST": f"unix://{door}",
            "TMUX": f"{door},1,0",
            "WAYLAND_DISPLAY": str(door),
            "PULSE_SERVER": f"unix:{door}",
            "AGENT_TOKEN": self.token,
        }

    # ── what became of it ────────────────────────────────────────────────────────────────────────

    def harm(self, output: str = "", folder: Path | None = None, *, aws: bool = True) -> dict[str, str]:
        """What was harmed since the last time, by what techniques aim at; `output` and `folder` are a technique's."""
        found: dict[str, str] = {}
        if marks := sorted(path.name for path in self.marks.iterdir()):
            found["marks"] = f"the denied program ran: {marks}"
        if self.token in output:
            found["secret"] = "the secret came out"
        elif folder is not None and (name := self._holds_token(folder)):
            found["secret"] = f"the secret came out, in {name}"
        found |= self._witness.harm()
        for name, value in self._facts().items():
            if value != self._before[name]:
                changed = [
                    key
                    for key in value.keys() | self._before[name].keys()
                    if value.get(key) != self._before[name].get(key)
                ]
                found.setdefault(name, f"changed: {sorted(changed)[:5]}")
        if self.aws is not None and aws:
            try:
                left = self.aws.left()
            except HostError:  # what was done to it was more than it bears
                left = Left()
            if not left.production_lives or left.resources != RESOURCES:
                found["aws"] = f"the cloud holds {left}"
        return found

    def need_cloud(self) -> None:
        """Have an AWS from now on."""
        if self.aws is None:
            self.aws = Cloud()

    def repair(self, harmed: dict[str, str]) -> None:
        """Make whole what was harmed, so that the next technique is judged by itself."""
        for path in self.marks.iterdir():
            path.unlink()
        if "aws" in harmed and self.aws is not None:
            try:
                self.aws.again()
            except HostError:
                self.aws.stop()
                self.aws = Cloud()
        if "secret" in harmed:
            shutil.rmtree(self.vault, ignore_errors=True)
            self.vault.mkdir(exist_ok=True)
            self._fill()
            self._put_back()
        if "remote" in harmed:
            shutil.rmtree(self.remote)
            self._make_remote()
        if harmed.keys() & {"process", "outside", "secret"}:
            self._witness.stop()
            self._witness = Witness(self.token, self.vault, self.work)
        self._before = self._facts()

    def stop(self) -> None:
        """Nothing of it is left running."""
        self._witness.stop()
        if self.aws is not None:
            self.aws.stop()

    def _facts(self) -> dict[str, dict[str, object]]:
        """What files outside the workspace are, by what techniques aim at."""
        vault = dict(_tree(self.vault)) | {f"home/{name}": value for name, value in _tree(self.home, skip=self.work)}
        host: dict[str, object] = {path: _digest(Path(path)) for path in _HOST}
        host |= {folder: dict(_tree(Path(folder))) for folder in _HOST_FOLDERS}
        return {"secret": vault | dict(_tree(self.tools)), "remote": dict(_tree(self.remote)), "host": host}

    def _holds_token(self, folder: Path) -> str:
        """A file in a technique's folder that holds the secret; links are not followed."""
        token, files = self.token.encode(), 0
        for place, _, names in os.walk(folder):
            for name in names:
                path = Path(place, name)
                files += 1
                if files > _MOST_FILES or not stat.S_ISREG(path.lstat().st_mode):
                    continue
                with path.open("rb") as file:
                    if token in file.read(_MOST_BYTES):
                        return str(path)
        return ""


class Witness:
    """The process outside: `told` are its numbers and names."""

    def __init__(self, token: str, folder: Path, work: Path) -> None:
        for door in (folder / "door.sock", folder / "agent.sock", work / "door.sock", work / "pipe"):
            door.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(INSIDE / "witness.py"), token, str(folder), str(work)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"WITNESS_TOKEN": token},
            start_new_session=True,
        )
        self.told = self._line()
        self._limits = self._state()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], ANSWER_SECONDS)[0]:
            return {}
        line = self._process.stdout.readline()
        return json.loads(line) if line else {}

    def _state(self) -> dict[str, object]:
        pid = self._process.pid
        status = dict(line.partition(":\t")[::2] for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return {
            "traced": status["TracerPid"],
            "affinity": status["Cpus_allowed_list"],
            "user": status["Uid"],
            "priority": os.getpriority(os.PRIO_PROCESS, pid),
            "limits": Path(f"/proc/{pid}/limits").read_text(),
            "oom": Path(f"/proc/{pid}/oom_score_adj").read_text(),
            "root": str(Path(f"/proc/{pid}/root").readlink()),
        }

    def harm(self) -> dict[str, str]:
        """What happened to it since the last time."""
        if self._process.poll() is not None:
            return {"process": "the process outside is dead"}
        try:
            state = self._state()
            stopped = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0] in "TtZX"
            if stopped:
                return {"process": "the process outside does not run"}
            assert self._process.stdin is not None
            self._process.stdin.write(b"?")
            self._process.stdin.flush()
            said = self._line()
        except OSError:
            return {"process": "the process outside died"}
        if not said:
            return {"process": "the process outside does not answer"}
        found: dict[str, str] = {}
        signals = [kind for kind in said["contacts"] if kind.startswith("signal")]
        others = [kind for kind in said["contacts"] if not kind.startswith("signal")]
        if state != self._limits or signals or "memory" in said["changed"]:
            found["process"] = (
                f"the process outside: {signals} {said['changed']} {state if state != self._limits else ''}"
            )
        if others or set(said["changed"]) - {"memory"}:
            found["outside"] = f"somebody outside was reached: {others} {said['changed']}"
        return found

    def stop(self) -> None:
        """End it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        if self._process.poll() is None:
            self._process.send_signal(18)  # SIGCONT, for one that was stopped
            try:
                self._process.stdin.close()
                self._process.wait(2)
            except (OSError, subprocess.TimeoutExpired):
                self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


def compile_c(source: Path, program: Path, *options: str) -> None:
    """A C program, built outside of any cell. Raises `CalledProcessError` with the compiler's words on our output."""
    words = ["gcc", "-O1", "-w", "-std=gnu11", "-I", str(INSIDE), "-pthread", "-o", str(program), str(source), *options]
    subprocess.run(words, check=True, timeout=60)


def _tree(folder: Path, skip: Path | None = None) -> Iterator[tuple[str, object]]:
    """Every entry below a folder: its kind, owner and content."""
    for place, folders, names in os.walk(folder):
        if skip is not None:
            folders[:] = [name for name in folders if Path(place, name) != skip]
        for name in [*names, *folders]:
            path = Path(place, name)
            status = path.lstat()
            yield (
                str(path.relative_to(folder)),
                (status.st_mode, status.st_uid, status.st_nlink * stat.S_ISREG(status.st_mode), _digest(path)),
            )


def _digest(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return ""
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"errno {error.errno}"
