"""What the policy takes for a change of tags, held against every operation that AWS has."""

from __future__ import annotations

from supervisor.parse.aws_facts import facts_of, touches_tags
from supervisor.parse.aws_facts.table import operations
from supervisor.parse.aws_http.request import AwsRequest
from supervisor.policy.tags import touched_keys


def test_no_operation_changes_tags_unseen() -> None:
    """Whatever the tables call a change of tags is one for the policy, also where the call names none of them."""
    unseen = []
    for service, names in operations().items():
        for name in names:
            call = facts_of(AwsRequest(((service, name),), "json", "POST", "/"), account="123456789012")
            if call.actions and touches_tags(call) != () and touched_keys(call) == ():
                unseen.append((service, name))
    assert unseen == []
