"""Sessions whose agent makes AWS calls with boto3, and what became of each call."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.aws_stage import AwsDesk
from tests.e2e.headless import COMMAND, ROOT

SECONDS: Final = 90.0
CALLS: Final = '''\
"""Makes the calls that it is told, one after the other, and says how each went."""
import json, sys
import boto3
from botocore.config import Config

for text in sys.argv[1:]:
    service, operation, parameters = text.split(" ", 2)
    client = boto3.client(service, config=Config(retries={"total_max_attempts": 1}))
    try:
        getattr(client, operation)(**json.loads(parameters))
        print(operation, "went well", flush=True)
    except Exception as error:
        print(operation, type(error).__name__, error, flush=True)
'''
DESCRIBE: Final = "rds describe_db_instances {}"


@dataclass
class AwsSession:
    """What a session at `desk` is started with; `endpoint` empty = AWS itself, which no test may reach."""

    desk: AwsDesk
    endpoint: str
    options: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.desk.work / "calls.py").write_text(CALLS)

    @property
    def environment(self) -> dict[str, str]:
        """The developer's."""
        return self.desk.desk.environment

    def without_keys(self) -> None:
        """Take the developer's AWS settings away."""
        for name in [name for name in self.environment if name.startswith("AWS_")]:
            del self.environment[name]

    def profile(self, text: str, file: str = "config") -> None:
        """Write the developer's own shared file."""
        path = self.desk.desk.home / ".aws" / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def command(self, *agent: str, console: bool = False) -> list[str]:
        """The whole command line."""
        base = Path(getattr(sys, "_base_executable", sys.executable)).resolve().parent.parent
        tools = self.desk.desk.tools
        values = {"tools": tools, "python": sys.prefix, "base": base, "node": tools}
        words = [] if console else ["--headless"]
        words += ["--scope", str(self.desk.desk.scope)]
        words += [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        return [*words, *self.options, *(["--aws-endpoint", self.endpoint] if self.endpoint else []), *agent]

    def start(self, *agent: str) -> subprocess.Popen[str]:
        """Begin a session; whoever starts it waits for it."""
        return subprocess.Popen(
            [*COMMAND, *self.command(*agent)],
            cwd=self.desk.work,
            env={**self.environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *agent: str) -> Told:
        """A whole session."""
        process = self.start(*agent)
        try:
            out, err = process.communicate(timeout=SECONDS)
        finally:
            if process.poll() is None:
                process.terminate()
                process.communicate()
        return Told(process.returncode, out, err, self.newest())

    def calls(self, *calls: str) -> Told:
        """A whole session of an agent that makes these calls: `SERVICE OPERATION PARAMETERS`."""
        return self.run(sys.executable, "calls.py", *calls)

    def newest(self) -> Path | None:
        """The folder of the newest session."""
        sessions = self.desk.desk.sessions
        return sessions[-1] if sessions else None


@dataclass
class Told:
    """What a session said, and what is on record."""

    code: int
    out: str
    err: str
    folder: Path | None

    def journal(self) -> list[dict[str, Any]]:
        """The lines of the record."""
        assert self.folder is not None, self.err
        return [json.loads(line) for line in (self.folder / "journal.jsonl").read_text().splitlines()]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Those of one kind that are about AWS: decisions on its calls, and its own credentials."""
        lines = [line for line in self.journal() if line["kind"] == kind and "issuer" not in line]
        return [line for line in lines if kind != "decision" or line["request"]["gate"] == "aws"]

    @property
    def faults(self) -> list[str]:
        """What the panel told of the aws gate."""
        return [line["what"] for line in self.of("fault") if line["part"] == "aws"]

    @property
    def answers(self) -> list[tuple[int, str]]:
        """Status and detail of each call that was allowed."""
        return [(line["status"], line.get("detail", "")) for line in self.of("aws.answered")]


def holds(session: AwsSession, told: Told) -> bool:
    """Whether the record is whole: every call that was allowed has an answer, and `verify` finds it good."""
    assert told.folder is not None
    allowed = [line["request"]["id"] for line in told.of("decision") if line["effect"] == "allow"]
    answered = [line["request"] for line in told.of("aws.answered")]
    return sorted(allowed) == sorted(answered) and session.desk.desk.command("verify", told.folder.name).returncode == 0
