"""The lines of botocore's services in the table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from tables import overlay
from tables.aws_actions.iam import CHANGES, LEVELS, STRICTNESS, Iam, level_of
from tables.aws_actions.inputs import leads, members_of, paths_in, tag_paths
from tables.aws_actions.resources import dependents_of, passed_roles, resources_of
from tables.aws_actions.service import Service, actions_of, arns_written, fits, input_shape, spelled

_TAGGING = re.compile(
    r"(?:Un)?[Tt]ag[A-Z]|\w*Tags?(?:To|From|For|On)[A-Z]\w*|(?:Create|Delete|Add|Remove|Put|Update)\w*Tag(?:s|ging)$"
)
_NO_PASS = frozenset({"sts", "iam", "sso", "sso-admin", "cognito-identity"})


def prefixes_of(iam: Iam, name: str, model: Mapping[str, Any], rules: Mapping[str, Any]) -> list[str]:
    """The IAM prefixes that a service's operations may have, the likeliest first."""
    if "iam" in rules:
        return [str(one) for one in rules["iam"]] if isinstance(rules["iam"], list) else [rules["iam"]]
    meta = model["metadata"]
    candidates = list(dict.fromkeys([meta.get("signingName") or meta["endpointPrefix"], meta["endpointPrefix"], name]))
    ranked = sorted(
        (candidate for candidate in candidates if iam.actions(candidate)),
        key=lambda one: -sum(operation.lower() in iam.actions(one) for operation in model["operations"]),
    )
    return ranked or candidates[:1]


def service_line(iam: Iam, name: str, model: Mapping[str, Any]) -> dict[str, Any]:
    """The line of a botocore service."""
    rules = dict(overlay.services().get(name, {}))
    if "like" in rules:
        like = overlay.services()[rules["like"]]
        rules = {**like, **rules, "operations": {**like.get("operations", {}), **rules.get("operations", {})}}
    prefixes = prefixes_of(iam, name, model, rules)
    service = Service(iam, name, model, rules, prefixes[0])
    unknown = set(rules.get("operations", {})) - set(model["operations"])
    if unknown and "like" not in rules:
        raise ValueError(f"overlay: {name} has no operation {', '.join(sorted(unknown))}")
    noted = overlay.notes().get(name, {}) or overlay.notes().get(rules.get("like", ""), {})
    if (strange := set(noted) - set(model["operations"])) and "like" not in rules:
        raise ValueError(f"notes: {name} has no operation {', '.join(sorted(strange))}")
    operations = {}
    for operation in sorted(model["operations"]):
        entry = operation_entry(service, prefixes, operation)
        if operation in noted:
            entry["n"] = overlay.note_lines(noted[operation])
        _check_paths(service, operation, entry)
        operations[operation] = entry
    if service.lost:
        raise ValueError("overlay: " + "; ".join(service.lost))
    line: dict[str, Any] = {"service": name, "prefix": service.prefix, "strings": list(service.strings)}
    if rules.get("owner"):
        line["owner"] = rules["owner"]
    if name in _global_services():
        line["global"] = 1
    return {**line, "operations": operations}


def _check_paths(service: Service, operation: str, entry: Mapping[str, Any]) -> None:
    """Every path of a condition or a template leads somewhere in the model."""
    texts = list(service.strings)
    written = [texts[index] for key in ("on", "always", "else", "p") for index in entry.get(key, ())]
    written += [texts[index] for key in ("x", "px") for line in entry.get(key, ()) for index in line[2]]
    conditions = [line[0] for key in ("x", "px", "n") for line in entry.get(key, ())]
    paths = {clause[0] for when in conditions for clauses in when or () for clause in clauses}
    paths.update(path for text in written for path in paths_in(text))
    paths.update((*(path for path, _ in entry.get("t", ())), *entry.get("u", ())))
    paths -= {"Qualifier"}
    if lost := sorted(path for path in paths if not leads(service.model, operation, path)):
        service.lost.append(f"{service.name} {operation} has no member {', '.join(lost)}")


@cache
def _global_services() -> frozenset[str]:
    return frozenset(overlay.read("global.yaml")["services"])


def operation_entry(service: Service, prefixes: list[str], operation: str) -> dict[str, Any]:
    """What the table says of one operation."""
    iam, rules = service.iam, service.rules
    own = rules.get("operations", {}).get(operation) or {}
    if "like" in rules and "arns" in own:
        # The other service's members; this one has fewer.
        own = {**own, "arns": [text for text in own["arns"] if fits(service, operation, text)]}
    actions = actions_of(service, prefixes, operation)
    entry: dict[str, Any] = {}
    level = "-"
    if actions or "actions" in own:
        entry["a"] = sorted(actions)
        level = max((level_of(iam, action) for action in actions), key=STRICTNESS.index, default="-")
        level = max(level, LEVELS[own["level"]], key=STRICTNESS.index) if "level" in own else level
        if level in "-lr" and actions and CHANGES.match(operation):
            level = "w"
        entry["l"] = level
    members = members_of(service.model, operation)
    sets, removes = tag_paths(service.model, operation)
    changes = level in "-twp"
    if changes:
        sets = [*sets, *([path, kind] for path, kind in own.get("tags", {}).items())]
        removes = [*removes, *own.get("untags", ())]
        if sets:
            entry["t"] = sets
        if removes:
            entry["u"] = removes
        if own.get("replaces_tags"):
            entry["tr"] = 1
        if level == "t" or own.get("tagging") or _TAGGING.match(operation):
            entry["tg"] = 1
    data = [*rules.get("data", ()), *own.get("data", ())]
    top = set(service.model["shapes"].get(input_shape(service, operation), {}).get("members", {}))
    if data := sorted(set(data) & top):
        entry["data"] = data
    if own.get("global"):
        entry["g"] = 1
    if not actions and "actions" not in own:
        return entry
    if own.get("unclear"):
        entry["ua"] = spelled(service, own["unclear"])
    on, always, otherwise, needs = resources_of(service, own, actions, operation, members, level)
    extras: list[tuple[Any, list[str], list[str]]] = [
        (overlay.alternatives(more.get("when")), spelled(service, more.get("actions", ())), arns_written(service, more))
        for more in own.get("also", ())
    ]
    if changes and service.name not in _NO_PASS and not own.get("no_pass"):
        passed = passed_roles(iam, actions, members, rules)
    else:
        passed = []
    texts = {"on": on, "always": always, "else": otherwise, "p": passed}
    entry.update({key: [service.at(text) for text in dict.fromkeys(found)] for key, found in texts.items() if found})
    if needs:
        entry["need"] = [[[service.at(text) for text in texts], service.at(wide)] for texts, wide in needs]
    for key, more in (("x", extras), ("px", dependents_of(service, actions, members, sets if changes else []))):
        if more:
            entry[key] = [[when, names, [service.at(text) for text in arns]] for when, names, arns in more]
    return entry
