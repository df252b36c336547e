"""The members of an operation's input in botocore's models: leaves, tags, and where a path leads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from supervisor.parse.aws_facts.paths import steps_of

DEEPEST = 5


@dataclass(frozen=True)
class Member:
    """A leaf of an operation's input, or a list of leaves."""

    path: str
    name: str
    depth: int
    required: bool
    shape: Mapping[str, Any]


def bare_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


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
                target, bare = shapes[reference["shape"]], bare_name(member)
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


def paths_in(text: str) -> list[str]:
    """The member paths in a short form or a template."""
    if text.startswith("@"):
        return text.split()[1:]
    return [re.split(r"[!=]", slot)[0] for slot in re.findall(r"\{([^}]+)\}", text) if slot not in ("P", "R", "A")]


def leads(model: Mapping[str, Any], operation: str, path: str) -> bool:
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
