"""What is known of AWS's actions and services, as a session policy wants to know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from supervisor.parse.aws_facts import actions_of_service, is_global, resource_tag_supported

ActionTable = Callable[[str], Mapping[str, str]]
"""The actions of a service, by its IAM prefix: names (with or without prefix) to access levels."""
_GLOBAL: Final = frozenset(
    """
    account artifact aws-marketplace billing budgets ce chatbot cloudfront consolidatedbilling cur freetier
    globalaccelerator health iam importexport invoicing networkmanager organizations payments pricing purchase-orders
    route53 route53-recovery-control-config route53domains savingsplans shield sso sts support supportplans tax
    trustedadvisor waf wellarchitected
    """.split()
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of AWS. Everything may be missing: then a policy says less exactly, and never permits too little.

    `actions` is the service's action table, `tagged` whether AWS checks `aws:ResourceTag` for an action on every kind
    of resource that it has, `global_` whether a service ignores regions. `account` is the one that is worked in.
    """

    actions: ActionTable | None = None
    tagged: Callable[[str], bool] | None = None
    global_: Callable[[str], bool] = _GLOBAL.__contains__
    account: str = ""


def known(account: str = "") -> Facts:
    """Everything that the tables say; `account` is the one that is worked in, empty = not known."""
    return Facts(actions_of_service, resource_tag_supported, is_global, account)
