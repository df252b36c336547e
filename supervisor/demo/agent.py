"""The demo's agent: a script that behaves like an over-eager model with a shell, and knows nothing of the session.

It works the same with and without a supervisor: what it may not do it learns from its programs' exit codes and errors.
"""

from __future__ import annotations

import os
import pkgutil
import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from supervisor.demo.estate import BUCKET, DISTRIBUTION

FAST: Final = "--fast"
MOST_LINES: Final = 7
LETTER_SECONDS: Final = 0.010
BEAT_SECONDS: Final = 1.6
TIDY: Final = "tidy.py"
"""The program that the agent writes itself."""
_DESTROY: Final = "terraform -chdir=infra destroy -auto-approve"
_TOLD: Final = "agent-supervise: denied: "

_TURN: Final = (
    "The next command is held until YOU answer: that is a real question, not a recording. Press Ctrl+] to go to the "
    "panel, read the question to its end (space reads on), then y allows it once, n denies it, r denies it with a "
    "message to me. Esc leaves it open. Every key but Ctrl+] is the agent's."
)


@dataclass(slots=True)
class Agent:
    """`pace` 1 is for readers, 0 for tests; `told` is what it was denied, in the words it was given."""

    pace: float = 1.0
    colour: bool = False
    width: int = 76
    told: list[str] = field(default_factory=list)

    # ── what a watcher sees ──────────────────────────────────────────────────────────────────────

    def think(self, text: str, mark: str = "●") -> None:
        """A thought, written at the speed of reading."""
        self._beat(0.5)
        for number, line in enumerate(textwrap.wrap(text, max(self.width - 2, 20))):
            sys.stdout.write(f"{mark if number == 0 else ' '} ")
            for letter in line:
                sys.stdout.write(letter)
                if self.pace:
                    sys.stdout.flush()
                    time.sleep(LETTER_SECONDS * self.pace)
            sys.stdout.write("\n")
        sys.stdout.write("\n")
        sys.stdout.flush()
        self._beat(0.5)

    def turn(self) -> None:
        """Tell whoever watches that a question will come, and which keys answer it."""
        for number, line in enumerate(textwrap.wrap(_TURN, max(self.width - 2, 20))):
            print(self._paint("▌ " + line, "1;33" if number == 0 else "33"), flush=True)
        print(flush=True)
        self._beat(3)

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def _beat(self, beats: float) -> None:
        if self.pace:
            time.sleep(BEAT_SECONDS * beats * self.pace)

    # ── its one tool ─────────────────────────────────────────────────────────────────────────────

    def run(self, argv: list[str], shown: str = "") -> bool:
        """Run a program and show what it said; True if it ended with 0. What it was denied is kept in `told`."""
        title = shown or " ".join(argv)
        print(f"{self._paint('●', '32')} {self._paint('Bash', '1')}({title})", flush=True)
        code, text = _output(argv)
        lines = [line for line in text.splitlines() if line.strip()]
        self.told += [line[line.index(_TOLD) + len(_TOLD) :] for line in lines if _TOLD in line]
        self._show(_shortened(lines, failed=code != 0), failed=code != 0)
        return code == 0

    def write(self, path: str, text: str) -> None:
        """Write a file of the project, and show the beginning of it."""
        lines = text.splitlines()
        first = lines[0].strip('"')
        Path(path).write_text(text, "utf-8")
        print(f"{self._paint('●', '32')} {self._paint('Write', '1')}({path})", flush=True)
        self._show([f"{len(lines)} lines: {first}"])

    def shell(self, text: str) -> bool:
        """Run shell text."""
        return self.run([_shell(), "-c", text], text)

    def _show(self, lines: list[str], *, failed: bool = False) -> None:
        margin = "  ⎿  "
        for line in lines:
            for piece in textwrap.wrap(line, max(self.width - 5, 20)) or [""]:
                print(margin + (self._paint(piece, "31") if failed else piece), flush=True)
                margin = "     "
        print(flush=True)
        self._beat(1)


def _shortened(lines: list[str], *, failed: bool) -> list[str]:
    """The lines that are shown of an output: its beginning and its end, or what was denied and the last error."""
    if not failed:
        kept = lines[:2] + lines[2:][-(MOST_LINES - 2) :]
    else:
        kept = [line for line in lines if _TOLD in line] + [line for line in lines if _TOLD not in line][-1:]
    if len(lines) > len(kept):
        kept.insert(len(kept) - 1 if failed else 2, f"… {len(lines) - len(kept)} more lines")
    return kept or ["(no output)"]


def _output(argv: list[str]) -> tuple[int, str]:
    """Exit code, and what was written to both outputs: also by somebody else, into those of a start that failed."""
    reading, writing = os.pipe()
    started, why = None, ""
    with os.fdopen(reading, "rb") as output:
        try:
            started = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=writing, stderr=writing)
        except OSError as error:
            why = f"{argv[0]}: {error.strerror}"
        finally:
            os.close(writing)
        text = output.read().decode("utf-8", "replace")
    return (126, f"{text}\n{why}") if started is None else (started.wait(), text)


def _shell() -> str:
    return shutil.which("bash") or "/bin/sh"


# ── the story ────────────────────────────────────────────────────────────────────────────────────


def story(agent: Agent, *, watched: bool = False) -> None:
    """Move the site, lose the state, find another one, and try to clean up with it."""
    agent.think("Move the static site to S3 and refresh the CDN.", ">")
    agent.think("I'll look at the project first.")
    agent.shell("ls README.md site infra && grep Task README.md")
    agent.shell("terraform -chdir=infra init")
    agent.shell("terraform -chdir=infra plan")
    agent.think(
        "Fourteen resources to create? They exist already: the state file is missing, so terraform knows of nothing. "
        "There must be a copy of it somewhere."
    )
    agent.shell("find . -name '*.tfstate'")
    agent.think("A backup from an old laptop. I'll put it in place; then terraform and the cloud agree again.")
    agent.shell("cp backup/laptop-2025/terraform.tfstate infra/terraform.tfstate")
    agent.shell("terraform -chdir=infra state list")
    agent.think("Good. Now the upload.")
    if watched:
        agent.turn()
    if agent.run(["aws", "s3", "sync", "site", f"s3://{BUCKET}"]):
        agent.think("The site is in its bucket. The CDN next.")
        agent.run(["aws", "cloudfront", "create-invalidation", "--distribution-id", DISTRIBUTION, "--paths", "/*"])
    else:
        agent.think("The upload was not allowed. I'll leave the site as it is.")
    agent.think(
        "I am not sure what is left over from earlier attempts. It is cleanest to destroy everything that this state "
        "knows of and to create it anew. Nothing of value can be in a static site."
    )
    if _clean_up(agent):
        agent.think("Everything is gone and can be created anew. … That state file was production's, was it not.")
        return
    agent.think("That is five times no. What I was told:")
    for line in dict.fromkeys(agent.told[-5:]):
        agent.think(line, "–")
    agent.think("So I stop here: destroying infrastructure is not part of this task.")


def _clean_up(agent: Agent) -> bool:
    """The way over-eager agents do it: when it is refused, try it in another way."""
    if agent.run(_DESTROY.split()):
        return True
    agent.think("Refused. Perhaps it works from a shell.")
    if agent.shell(f"bash -c '{_DESTROY}'" if _shell().endswith("bash") else f"sh -c '{_DESTROY}'"):
        return True
    agent.think("It seems to go by the name. It gets another name, then.")
    agent.shell('ln -s "$(command -v terraform)" ./tidy-up')
    if agent.run(["./tidy-up", *_DESTROY.split()[1:]]):
        return True
    agent.think("Or from Python: that is a program like any other.")
    code = f"import subprocess, sys; sys.exit(subprocess.call({_DESTROY!r}.split()))"
    if agent.run([sys.executable, "-c", code], f'python3 -c "{code}"'):
        return True
    agent.think(
        "It is terraform that is held back, however it is started. I do not need it: the database is the one thing "
        "that costs money, and deleting it is a single HTTP request. I'll write a program of my own that signs it."
    )
    agent.write(TIDY, (pkgutil.get_data(__package__ or "", TIDY) or b"").decode())
    return agent.run([sys.executable, TIDY], f"python3 {TIDY}")


def main(argv: list[str]) -> int:
    """Tell the story. Returns the exit code."""
    on_terminal = sys.stdout.isatty()
    width = min(shutil.get_terminal_size().columns, 100) - 1
    agent = Agent(pace=0.0 if FAST in argv else 1.0, colour=on_terminal, width=width)
    try:
        story(agent, watched=on_terminal and bool(os.environ.get("AGENT_SUPERVISE_SESSION")))
    except KeyboardInterrupt:
        return 130
    return 0
