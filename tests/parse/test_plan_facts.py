"""The facts of a Terraform plan."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.parse.opaque import Opaque
from supervisor.parse.terraform import PlanFacts, plan_facts


def change(address: str, *actions: str, **more: str) -> dict[str, object]:
    kind = address.split(".")[-2]
    return {"address": address, "type": kind, "mode": "managed", "change": {"actions": list(actions)}, **more}


def plan(*changes: dict[str, object], **more: object) -> str:
    whole = {"format_version": "1.2", "terraform_version": "1.9.5", "planned_values": {}, "resource_changes": changes}
    return json.dumps({**whole, **more})


def facts(text: str) -> PlanFacts:
    found = plan_facts(text)
    assert isinstance(found, PlanFacts), found
    return found


def test_each_kind_of_change() -> None:
    """What is created, changed, replaced, destroyed and forgotten is told apart, by address and type."""
    found = facts(
        plan(
            change("aws_s3_bucket.new", "create"),
            change("aws_s3_bucket.same", "no-op"),
            change("data.aws_ami.x", "read"),
            change("aws_instance.web", "update"),
            change("aws_instance.one", "delete", "create", action_reason="replace_because_cannot_update"),
            change("aws_instance.two", "create", "delete"),
            change("module.db.aws_db_instance.main", "delete"),
            change("aws_iam_role.old", "forget"),
        )
    )
    assert [one.address for one in found.created] == ["aws_s3_bucket.new"]
    assert [one.address for one in found.changed] == ["aws_instance.web"]
    assert [one.address for one in found.replaced] == ["aws_instance.one", "aws_instance.two"]
    assert [(one.address, one.type) for one in found.destroyed] == [
        ("module.db.aws_db_instance.main", "aws_db_instance")
    ]
    assert [one.address for one in found.forgotten] == ["aws_iam_role.old"]
    assert [one.address for one in found.lost] == [
        "module.db.aws_db_instance.main",
        "aws_instance.one",
        "aws_instance.two",
    ]
    assert found.replaced[0].reason == "replace_because_cannot_update"
    assert (found.terraform_version, found.complete) == ("1.9.5", True)


def test_a_deposed_object_is_destroyed_under_its_own_name() -> None:
    """What an interrupted replacement left behind is told apart from the resource itself."""
    (one,) = facts(plan(change("aws_instance.web", "delete", deposed="ab12"))).destroyed
    assert one.address == "aws_instance.web (deposed ab12)"


def test_a_plan_without_changes_is_a_plan() -> None:
    """Terraform leaves `resource_changes` out where there are none."""
    assert facts('{"format_version": "1.2", "planned_values": {}}') == PlanFacts()


def test_put_off_changes_are_said() -> None:
    """A plan that puts changes off says that there will be more."""
    assert not facts(plan(complete=False)).complete
    assert not facts(plan(deferred_changes=[{"reason": "unknown"}])).complete


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "no format_version"),
        (plan(format_version="2.0"), "not 1.x"),
        (plan(format_version=1), "not 1.x"),
        ('{"format_version": "1.0", "values": {}}', "a state and not a plan"),
        ('{"format_version": "1.0"}', "no planned_values"),
        (plan(errored=True), "planning failed"),
        (plan(change("a.b.c", "obliterate")), "are not known"),
        (plan({"address": "a"}), "without address, type or actions"),
        (plan(resource_changes={}), "not a list"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[" * 100_000, "nested"),
        ('{"@level":"info"}\n{"@level":"info"}', "terraform plan -json"),
        ("NaN", "NaN"),
        ("9" * 5_000, "not JSON"),
    ],
)
def test_what_is_not_understood_is_opaque(text: str, why: str) -> None:
    """Anything but a whole plan of a known format is opaque, and says why."""
    found = plan_facts(text)
    assert isinstance(found, Opaque)
    assert why in found.why


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["address", "type", "change", "actions", "x"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(JSON)
def test_any_change_has_an_answer(value: object) -> None:
    """Whatever stands where Terraform writes changes, nothing is raised."""
    assert isinstance(plan_facts(plan(resource_changes=[value])), PlanFacts | Opaque)
    assert isinstance(plan_facts(plan(resource_changes=value)), PlanFacts | Opaque)
