"""How the tables are made: from IAM's lists, botocore's models, and the overlay."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tables import overlay
from tables.aws_actions import IAM_DATA_VERSION
from tables.aws_actions.__main__ import main
from tables.aws_actions.iam import Iam, iam_line, level_of
from tables.aws_actions.operations import service_line
from tests.parse.aws_facts.samples import model

QUEUE = "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"


def listed(name: str, level: str, *types: str, keys: tuple[str, ...] = ()) -> dict[str, Any]:
    """An action as iam-data lists it."""
    rows = [{"name": kind, "required": True, "conditionKeys": [], "dependentActions": []} for kind in types]
    return {
        "name": name,
        "accessLevel": level,
        "resourceTypes": rows,
        "conditionKeys": list(keys),
        "dependentActions": [],
    }


@pytest.fixture
def iam(tmp_path: Path) -> Iam:
    """A small iam-data with one service."""
    actions = [
        listed("DeleteQueue", "Write", "queue"),
        listed("GetQueueUrl", "Read", "queue"),
        listed("ListQueues", "Read"),
        listed("PurgeQueue", "Read", "queue"),
        listed("SetQueueAttributes", "Permissions management, Write", "queue"),
        listed("TagQueue", "Tagging, Write", "queue", keys=("aws:RequestTag/${TagKey}",)),
    ]
    for kind, content in (
        ("actions", {one["name"].lower(): one for one in actions}),
        ("resourceTypes", {"queue": {"key": "queue", "arn": QUEUE, "conditionKeys": ["aws:ResourceTag/${TagKey}"]}}),
    ):
        folder = tmp_path / "data" / kind
        folder.mkdir(parents=True)
        (folder / "sqs.json").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "package.json").write_text(json.dumps({"version": "0.0.1"}), encoding="utf-8")
    return Iam(tmp_path)


def test_iam_lines(iam: Iam) -> None:
    """An action's letters are its level, R where the resource's tags can limit it, Q where the request's can."""
    assert iam_line(iam, "sqs") == {
        "prefix": "sqs",
        "actions": {
            "DeleteQueue": "wR",
            "GetQueueUrl": "rR",
            "ListQueues": "r",
            "PurgeQueue": "wR",
            "SetQueueAttributes": "pR",
            "TagQueue": "tRQ",
        },
    }


def test_levels_are_read(iam: Iam) -> None:
    """A read that is called after a change is a write; of two levels the first says which kind of write it is."""
    assert level_of(iam, "sqs:PurgeQueue") == "w"
    assert level_of(iam, "sqs:SetQueueAttributes") == "p"
    assert level_of(iam, "sqs:Nothing") == "-"
    assert iam.prefixes() == ["sqs"]


def test_service_lines(iam: Iam) -> None:
    """Operations have the actions that are called like them or that the overlay names; others are not known."""
    made = service_line(iam, "sqs", model("sqs"))
    assert made == service_line(iam, "sqs", model("sqs"))
    operations, strings = made["operations"], made["strings"]
    assert operations["DeleteQueue"]["a"] == ["sqs:DeleteQueue"]
    assert strings[operations["DeleteQueue"]["on"][0]] == "arn:{P}:sqs:{R}:{QueueUrl!queue}"
    assert operations["SendMessageBatch"]["a"] == ["sqs:SendMessage"]
    assert strings[operations["ListQueues"]["always"][0]] == "*"
    assert "a" not in operations["RemovePermission"]
    assert operations["TagQueue"]["t"] == [["Tags", "map"]]
    assert operations["UntagQueue"]["u"] == ["TagKeys[]"]


@pytest.mark.parametrize(
    ("operations", "why"),
    [
        ({"DropQueue": {}}, "no operation DropQueue"),
        ({"DeleteQueue": {"arns": ["topic {QueueUrl}"]}}, "no resource type topic"),
        ({"DeleteQueue": {"arns": ["queue"]}}, "needs more slots"),
        ({"DeleteQueue": {"arns": ["queue {QueueUrl} {QueueUrl}"]}}, "too many slots"),
        ({"DeleteQueue": {"arns": ["queue {QueueName}"]}}, "no member QueueName"),
        ({"DeleteQueue": {"also": [{"when": {"Force": True}}]}}, "no member Force"),
    ],
)
def test_an_overlay_that_does_not_fit_is_refused(
    iam: Iam, monkeypatch: pytest.MonkeyPatch, operations: dict[str, Any], why: str
) -> None:
    """An operation, type or member that is misspelled makes no table."""
    monkeypatch.setattr(overlay, "services", lambda: {"sqs": {"iam": "sqs", "operations": operations}})
    with pytest.raises(ValueError, match=why):
        service_line(iam, "sqs", model("sqs"))


def test_another_version_is_refused(iam: Iam, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the pinned version of iam-data makes the file."""
    assert main([str(iam.folder)]) == 1
    assert IAM_DATA_VERSION in capsys.readouterr().err
