"""What a Terraform plan will do, from the text of `terraform show -json PLAN`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from supervisor.parse.opaque import Opaque

# Source: developer.hashicorp.com/terraform/internals/json-format. A minor version only adds; 0.1 and 0.2 are what
# terraform 0.12 to 1.0 wrote, with the same parts that we read.
_MAJOR = "1"
_EARLY = frozenset({"0.1", "0.2"})
_LONGEST = 100_000_000
_MOST_CHANGES = 100_000

_CREATED, _CHANGED, _REPLACED, _DESTROYED, _FORGOTTEN = "created", "changed", "replaced", "destroyed", "forgotten"
_MEANING: dict[tuple[str, ...], str] = {
    ("no-op",): "",
    ("read",): "",
    ("create",): _CREATED,
    ("update",): _CHANGED,
    ("delete",): _DESTROYED,
    ("delete", "create"): _REPLACED,
    ("create", "delete"): _REPLACED,
    ("forget",): _FORGOTTEN,
    # The old one lives on, unmanaged.
    ("create", "forget"): _FORGOTTEN,
    ("forget", "create"): _FORGOTTEN,
}


@dataclass(frozen=True, slots=True)
class PlannedResource:
    """One resource of a plan: its address (`module.db.aws_db_instance.main[0]`) and type (`aws_db_instance`)."""

    address: str
    type: str
    provider: str = ""
    reason: str = ""
    """Why Terraform replaces or destroys it, in its own word (`delete_because_no_resource_config`)."""


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """What applying the plan does. `complete` False: Terraform put changes off, there will be more than these."""

    created: tuple[PlannedResource, ...] = ()
    changed: tuple[PlannedResource, ...] = ()
    replaced: tuple[PlannedResource, ...] = ()
    destroyed: tuple[PlannedResource, ...] = ()
    forgotten: tuple[PlannedResource, ...] = ()
    terraform_version: str = ""
    complete: bool = True

    @property
    def lost(self) -> tuple[PlannedResource, ...]:
        """Everything that the plan destroys, replaced resources included."""
        return self.destroyed + self.replaced


def plan_facts(text: str) -> PlanFacts | Opaque:
    """The facts of a plan, or `Opaque` with what is not understood. Never raises."""
    if len(text) > _LONGEST:
        return _opaque(text, f"{len(text)} characters are more than we read")
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        return _opaque(text, "nested more deeply than any plan")
    except ValueError as error:
        if text.lstrip().startswith("{") and '"@level"' in text[:10_000]:
            return _opaque(text, "this is the log of `terraform plan -json`: use `terraform show -json PLANFILE`")
        return _opaque(text, f"not JSON: {error}")
    if not isinstance(document, dict):
        return _opaque(text, "not a plan: the text is not a JSON object")
    why = _refused(document)
    if why:
        return _opaque(text, why)
    changes = document.get("resource_changes", [])
    if not isinstance(changes, list) or len(changes) > _MOST_CHANGES:
        return _opaque(text, "`resource_changes` is not a list that we can read")
    return _facts(text, document, changes)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return table


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _opaque(text: str, why: str) -> Opaque:
    return Opaque(text[:200], why)


def _refused(document: dict[str, Any]) -> str:
    """Why the document is not a plan that can be applied; empty if it is one."""
    version = document.get("format_version")
    if not isinstance(version, str) or not (version in _EARLY or version.partition(".")[0] == _MAJOR):
        return f"format_version {version!r} is not 1.x" if version is not None else "not a plan: no format_version"
    if "resource_changes" not in document and "planned_values" not in document:
        return "this is a state and not a plan" if "values" in document else "not a plan: no planned_values"
    if document.get("errored") not in (None, False):
        return "planning failed: the plan is not whole"
    return ""


def _facts(text: str, document: dict[str, Any], changes: list[Any]) -> PlanFacts | Opaque:
    found: dict[str, list[PlannedResource]] = {
        word: [] for word in (_CREATED, _CHANGED, _REPLACED, _DESTROYED, _FORGOTTEN)
    }
    for entry in changes:
        change = entry.get("change") if isinstance(entry, dict) else None
        actions = change.get("actions") if isinstance(change, dict) else None
        if not isinstance(actions, list) or not _all_text([entry.get("address"), entry.get("type"), *actions]):
            return _opaque(text, "a resource change without address, type or actions")
        meaning = _MEANING.get(tuple(actions))
        if meaning is None:
            return _opaque(text, f"{entry['address']}: actions {actions!r} are not known")
        if meaning:
            found[meaning].append(_resource(entry))
    version = document.get("terraform_version")
    return PlanFacts(
        **{word: tuple(resources) for word, resources in found.items()},
        terraform_version=version if isinstance(version, str) else "",
        complete=document.get("complete", True) is True and not document.get("deferred_changes"),
    )


def _all_text(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _resource(entry: dict[str, Any]) -> PlannedResource:
    deposed, provider, reason = (entry.get(key) for key in ("deposed", "provider_name", "action_reason"))
    address = f"{entry['address']} (deposed {deposed})" if isinstance(deposed, str) and deposed else entry["address"]
    return PlannedResource(
        address,
        entry["type"],
        provider if isinstance(provider, str) else "",
        reason if isinstance(reason, str) else "",
    )
