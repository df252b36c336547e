"""The use of KMS keys that services make in a caller's name: what is stored encrypted cannot be read or made without.

Source: AWS KMS Developer Guide, "Condition keys for AWS KMS", kms:ViaService; AWS IAM User Guide, "Forward access
sessions": the session policy of the caller limits what a service does in its name.
"""

from __future__ import annotations

from typing import Final

from supervisor.model.effect import Effect
from supervisor.policy.glob import covers_action, overlaps
from supervisor.policy.scope import Rule
from supervisor.policy.session_policy_actions import restricted
from supervisor.policy.session_policy_statement import Statement

_READ_BEHIND: Final = frozenset(
    "athena dynamodb ecr firehose kinesis lambda logs s3 secretsmanager sns sqs ssm states".split()
)
_BUILT_BEHIND: Final = frozenset("backup ec2 elasticache elasticfilesystem es fsx rds redshift".split())
_READ_KEY: Final = ("kms:Decrypt",)
_WRITE_KEY: Final = ("kms:Decrypt", "kms:GenerateDataKey*")
_BUILD_KEY: Final = ("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*", "kms:ReEncrypt*")
READING: Final = frozenset({"list", "read"})
"""The access levels that change nothing."""


def keys_behind(service: str, *, writes: bool) -> list[Statement]:
    """The use of KMS keys that a service makes in the caller's name: through the service and not else."""
    keys: tuple[str, ...]
    if service in _READ_BEHIND:
        keys = _WRITE_KEY if writes else _READ_KEY
    elif service in _BUILT_BEHIND and writes:
        keys = _BUILD_KEY
    else:
        return []
    return [Statement("Allow", keys, conditions=(("StringLike", "kms:ViaService", (f"{service}.*",)),))]


def may_deny_keys(rule: Rule) -> bool:
    """True when a rule denies such a use, wherever."""
    keys = [key.partition(":")[2] for key in _BUILD_KEY]
    except_ = restricted(rule.except_, "kms")
    return rule.effect is Effect.DENY and any(
        overlaps(pattern.lower(), key.lower())
        for pattern in restricted(rule.patterns, "kms")
        for key in keys
        if not any(covers_action(one, key) for one in except_)
    )
