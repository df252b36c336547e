"""The calls that matter most, each with its actions, ARNs and level."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from supervisor.parse.aws_facts import facts_of
from tests.parse.aws_facts.samples import ACCOUNT, REGION, request

OTHER = "999999999999"
_TEXT = (Path(__file__).parent / "hot.yaml").read_text(encoding="utf-8")
CALLS: list[dict[str, Any]] = yaml.safe_load(_TEXT.replace("{me}", ACCOUNT).replace("{other}", OTHER))


@pytest.mark.parametrize("case", CALLS, ids=[f"{number}-{case['call']}" for number, case in enumerate(CALLS)])
def test_call(case: dict[str, Any]) -> None:
    """The call has exactly these actions and resources, this level, and these tags."""
    service, operation = case["call"].split()
    call = facts_of(request(service, operation, case.get("input")), account=ACCOUNT)
    assert call.actions == tuple(case["actions"])
    assert call.resources == tuple(case["arns"])
    assert call.level == case["level"]
    assert dict(call.request_tags) == case.get("tags", {})
    assert call.region == case.get("region", REGION)
    assert call.account == str(case.get("account", ACCOUNT))
    assert (call.service, call.operation) == (service, operation)
