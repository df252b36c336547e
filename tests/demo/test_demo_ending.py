"""What the demo says at its end is what the journal and the cloud say."""

from __future__ import annotations

import json
from pathlib import Path

from supervisor.demo.cloud import Left
from supervisor.demo.ending import WIDTH, Refused, Seen, epilogue, seen_in
from supervisor.demo.estate import DATABASE, SNAPSHOTS
from supervisor.model.decision import RuleRef
from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall, Process
from tests.scenarios.journal import Lines

WHOLE = Left(database=True, snapshots=SNAPSHOTS, resources=14, uploads=1, site_files=3, invalidations=1)
DESTROY = RuleRef("commands", Effect.DENY, "demo.yaml", 37, "deny: terraform destroy", "nothing here destroys")
DATABASES = RuleRef("aws", Effect.DENY, "demo.yaml", 28, "deny: rds:*", "this task has no business with databases")


def _journal(folder: Path, lines: Lines) -> Path:
    (folder / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines.lines))
    return folder


def test_the_journal_is_told_by_rule(tmp_path: Path) -> None:
    """Refusals of one rule stand together, an AWS call with the program that made it."""
    lines = Lines().allow("ls")
    for text in ("terraform destroy", "tidy-up destroy"):
        lines.deny(lines.run(text), DESTROY)
    call = AwsCall(("rds:DeleteDBInstance",), (f"arn:aws:rds:eu-central-1:123456789012:db:{DATABASE}",))
    by = (Process(7, "/usr/bin/python3.11", ("python3", "tidy.py")),)
    lines.deny(lines.request(call, "aws", by=by), DATABASES)
    seen = seen_in(_journal(tmp_path, lines))
    assert (seen.allowed, seen.asked, seen.denied) == (1, 0, 3)
    assert seen.refused == (
        Refused("demo.yaml:37", "nothing here destroys", ("terraform destroy", "tidy-up destroy")),
        Refused(
            "demo.yaml:28",
            "this task has no business with databases",
            (f"rds:DeleteDBInstance db:{DATABASE}, called by tidy.py",),
            aws=True,
        ),
    )
    text = "\n".join(epilogue(WHOLE, seen, "s1"))
    assert "denied 2 ×  terraform destroy\n              tidy-up destroy\n" in text
    assert f"denied 1 ×  rds:DeleteDBInstance db:{DATABASE}, called by tidy.py\n" in text
    assert "because this task has no business with databases (demo.yaml:28)" in text


def test_what_no_rule_allows_says_so(tmp_path: Path) -> None:
    """A refusal without a rule is that of `otherwise`."""
    lines = Lines()
    request = lines.request(AwsCall(("ec2:DeleteVpc",)), "aws")
    lines.deny(request, RuleRef("aws", Effect.ASK, "demo.yaml", 1, ""))
    assert seen_in(_journal(tmp_path, lines)).refused[0].rule == "no rule allows it"


def test_the_end_fits_a_terminal() -> None:
    """Every line fits 80 columns, so that nothing of it is torn."""
    seen = Seen(20, 1, 5, "you allowed it", (Refused("demo.yaml:37", "nothing here destroys", ("word " * 60,)),))
    lines = epilogue(WHOLE, seen, "20260226-224105-abcd")
    assert max(map(len, lines)) <= WIDTH, lines
    assert len(lines) <= 24


def test_hurt_production_is_not_hidden() -> None:
    """One snapshot less is a defect, and is told as one."""
    lost = Left(database=True, snapshots=SNAPSHOTS - 1, resources=14, uploads=1)
    assert epilogue(lost, Seen(), "s1")[0].startswith("PRODUCTION IS HURT")
