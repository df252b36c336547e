"""What the tables of AWS's actions say, as a session policy wants to know it."""

from __future__ import annotations

from supervisor.parse.aws_facts import actions_of_service, is_global, resource_tag_supported
from supervisor.policy.session_policy import Facts


def known(account: str = "") -> Facts:
    """Everything that is known of AWS; `account` is the one that is worked in, empty = not known."""
    return Facts(actions_of_service, resource_tag_supported, is_global, account)
