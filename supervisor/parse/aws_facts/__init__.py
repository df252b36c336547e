"""What a call to AWS is, for the policy: the facts of an understood request, and what IAM says of actions."""

from supervisor.parse.aws_facts.facts import GLOBAL, facts_of
from supervisor.parse.aws_facts.iam import (
    actions_of_service,
    is_global,
    levels,
    request_tag_supported,
    resource_tag_supported,
    touches_tags,
    vends_credentials,
)

__all__ = [
    "GLOBAL",
    "actions_of_service",
    "facts_of",
    "is_global",
    "levels",
    "request_tag_supported",
    "resource_tag_supported",
    "touches_tags",
    "vends_credentials",
]
