"""What `doctor` says about the developer's AWS credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from supervisor.cell.doctor import Check
from supervisor.identity.doctor import identity_checks
from tests.identity.fake_sts import ACCOUNT, FakeSts, Refusal

USER = {"AWS_ACCESS_KEY_ID": "AKIADEVELOPER", "AWS_SECRET_ACCESS_KEY": "secret", "HOME": "/nowhere"}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/agents"


def checked(sts: FakeSts, environment: Mapping[str, str], seconds: float = 20) -> dict[str, Check]:
    """The checks by name."""
    return {check.name: check for check in identity_checks(environment, endpoint=sts.url, seconds=seconds)}


def test_keys_of_a_user_federate(sts: FakeSts) -> None:
    """AssumeRole is not tried without a role; what is minted for the trial is good for nothing."""
    found = checked(sts, USER)
    assert found["aws credentials"].holds and ACCOUNT in found["aws credentials"].detail
    assert not found["AssumeRole"].holds and "AGENT_SUPERVISE_AWS_ROLE" in found["AssumeRole"].fix
    assert found["GetFederationToken"].holds and "neither IAM nor STS" in found["GetFederationToken"].detail
    (call,) = sts.of("GetFederationToken")
    (statement,) = json.loads(call["Policy"])["Statement"]
    assert statement == {"Action": "*", "Effect": "Deny", "Resource": "*"} and call["DurationSeconds"] == "900"


def test_a_role_is_assumed(sts: FakeSts) -> None:
    """The named one, else a session's own."""
    found = checked(sts, USER | {"AGENT_SUPERVISE_AWS_ROLE": ROLE})
    assert found["AssumeRole"].holds and ROLE in found["AssumeRole"].detail
    sts.caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/builder/me"
    own = checked(sts, USER | {"AWS_SESSION_TOKEN": "t"})
    assert own["AssumeRole"].holds and "role/deep/builder" in own["AssumeRole"].detail
    assert not own["GetFederationToken"].holds and "IAM user only" in own["GetFederationToken"].detail


def test_what_is_not_allowed_says_what_to_allow(sts: FakeSts) -> None:
    """Each way with AWS's words and its own fix."""
    for action in ("AssumeRole", "GetFederationToken"):
        sts.refuse[action] = Refusal("AccessDenied", f"not authorized to perform: sts:{action}", 403)
    found = checked(sts, USER | {"AGENT_SUPERVISE_AWS_ROLE": ROLE})
    assert "not authorized" in found["AssumeRole"].detail and f"trust policy of {ROLE}" in found["AssumeRole"].fix
    assert "sts:GetFederationToken" in found["GetFederationToken"].fix
    sts.caller = f"arn:aws:iam::{ACCOUNT}:user/dev"
    token = checked(sts, USER | {"AWS_SESSION_TOKEN": "t"})
    assert "no session of a role" in token["AssumeRole"].detail and "role_arn" in token["AssumeRole"].fix


def test_keys_that_aws_does_not_know_end_the_trial(sts: FakeSts) -> None:
    """One line with the reason."""
    sts.refuse["GetCallerIdentity"] = Refusal("InvalidClientTokenId", "The security token is invalid", 403)
    found = checked(sts, USER)
    assert list(found) == ["aws credentials"] and "InvalidClientTokenId" in found["aws credentials"].detail


def test_an_aws_that_does_not_answer_holds_nobody_up(sts: FakeSts) -> None:
    """After its time the trial is given up."""
    sts.held.clear()
    try:
        found = checked(sts, USER, seconds=0.2)
    finally:
        sts.held.set()
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and thread.daemon and thread.name.startswith("Thread-"):
                thread.join(10)
    assert not found["aws"].holds and "no answer" in found["aws"].detail


def test_no_gate_depends_on_it() -> None:
    """Nothing here is a gate that does not hold: the exit code is that of the cell."""
    assert all(not check.gate for check in identity_checks({"HOME": "/nowhere"}))


def test_doctor_tells_it_beside_the_gates(tmp_path: Path) -> None:
    """In words and as JSON, without contacting anybody where nothing is configured."""
    run = "from supervisor.commands.doctor import doctor; doctor()"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "AGENT_"))}
    root = Path(__file__).parents[2]
    for words in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.argv[1:] = {words}; {run}"],
            cwd=root,
            env=environment | {"HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "aws credentials" in done.stdout + done.stderr and "Traceback" not in done.stderr
