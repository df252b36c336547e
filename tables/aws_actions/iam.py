"""What iam-data says of actions, with the stricter levels of the overlay; IAM's lines of the table."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tables import overlay

LEVELS = {"List": "l", "Read": "r", "Tagging": "t", "Write": "w", "Permissions management": "p"}
STRICTNESS = "-lrtwp"
CHANGES = re.compile(
    r"(?:Batch)?(?:Delete|Terminate|Put|Update|Create|Modify|Remove|Purge|Attach|Detach|Associate|Disassociate|Reset|"
    r"Register|Deregister|Revoke|Authorize|Set|Enable|Disable|Reboot|Stop|Restore|Import|Copy|Cancel|Tag|Untag|Add|"
    r"Release|Replace|Accept|Reject|Invoke|Send|Publish|Write|Execute)(?=[A-Z]|$)"
)
PLACE = {"Partition": "{P}", "Region": "{R}", "Account": "{A}", "AccountId": "{A}"}
VARIABLE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Iam:
    """iam-data: actions and resource types by service prefix."""

    folder: Path

    @cache  # noqa: B019 - one instance, one run
    def actions(self, prefix: str) -> Mapping[str, Any]:
        """The actions of a prefix by lower-case name; empty where there is none."""
        return self._read("actions", prefix)

    @cache  # noqa: B019
    def types(self, prefix: str) -> Mapping[str, Any]:
        """The resource types of a prefix by lower-case name."""
        return {name.lower(): entry for name, entry in self._read("resourceTypes", prefix).items()}

    def prefixes(self) -> list[str]:
        """Every prefix that has actions."""
        names = sorted(path.stem for path in (self.folder / "data" / "actions").glob("*.json"))
        return [name for name in names if name != "action-recommendations" and self.actions(name)]

    def version(self) -> str:
        """The package's version."""
        return str(json.loads((self.folder / "package.json").read_text(encoding="utf-8"))["version"])

    def _read(self, kind: str, prefix: str) -> Mapping[str, Any]:
        path = self.folder / "data" / kind / f"{prefix}.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return found if isinstance(found, dict) else {}


@cache
def _overrides() -> Mapping[str, str]:
    """Level letters by lower-case `service:action`, where ours are stricter or AWS names another kind."""
    found = {}
    for prefix, levels in overlay.read("levels.yaml").items():
        for level, names in levels.items():
            for name in names:
                found[f"{prefix}:{name.lower()}"] = LEVELS[level]
    return found


def level_of(iam: Iam, action: str) -> str:
    """The level letter of `service:Action`, `-` when IAM has no such action."""
    prefix, _, name = action.partition(":")
    entry = iam.actions(prefix).get(name.lower())
    if entry is None:
        return _overrides().get(action.lower(), "-")
    # "Tagging, Write" and "Permissions management, Write" are those kinds of write.
    letter = LEVELS[entry["accessLevel"].partition(",")[0]]
    if letter in "lr" and CHANGES.match(entry["name"]):
        letter = "w"
    return max(letter, _overrides().get(action.lower(), "-"), key=STRICTNESS.index)


def _flags(iam: Iam, prefix: str, entry: Mapping[str, Any]) -> str:
    rows = entry["resourceTypes"]
    types = iam.types(prefix)

    def keys(row: Mapping[str, Any]) -> set[str]:
        return {*row["conditionKeys"], *types.get(row["name"].lower(), {}).get("conditionKeys", ())}

    own = set(entry["conditionKeys"])
    needed = [row for row in rows if row["required"]] or rows
    by_resource = any(key.startswith("aws:ResourceTag/") for key in own) or (
        bool(needed) and all(any(key.startswith("aws:ResourceTag/") for key in keys(row)) for row in needed)
    )
    by_request = any(
        key.startswith("aws:RequestTag/") for key in own.union(*(set(row["conditionKeys"]) for row in rows))
    )
    return level_of(iam, f"{prefix}:{entry['name']}") + "R" * by_resource + "Q" * by_request


def iam_line(iam: Iam, prefix: str) -> dict[str, Any]:
    """The line of an IAM service prefix."""
    entries = sorted(iam.actions(prefix).values(), key=lambda entry: entry["name"])
    return {"prefix": prefix, "actions": {entry["name"]: _flags(iam, prefix, entry) for entry in entries}}


def types_of(iam: Iam, actions: list[str]) -> dict[tuple[str, str], bool]:
    """The resource types of the actions as (prefix, type) → required."""
    rows: dict[tuple[str, str], bool] = {}
    for action in actions:
        prefix, _, name = action.partition(":")
        entry = iam.actions(prefix).get(name.lower())
        for row in entry["resourceTypes"] if entry else ():
            if row["name"].lower() in iam.types(prefix):
                key = (prefix, row["name"].lower())
                rows[key] = rows.get(key, False) or bool(row["required"])
    return rows


def first_arn(iam: Iam, prefix: str, kind: str) -> str:
    """A type's template; a few types have several, of which the first is the usual one."""
    return str(iam.types(prefix)[kind]["arn"]).partition(", ")[0]


def dependent_actions(iam: Iam, action: str) -> set[str]:
    prefix, _, name = action.partition(":")
    entry = iam.actions(prefix).get(name.lower())
    if entry is None:
        return set()
    return {*entry["dependentActions"], *(one for row in entry["resourceTypes"] for one in row["dependentActions"])}
