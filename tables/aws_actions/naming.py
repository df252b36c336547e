"""Which members of an input name the resources of a type, as ARN templates."""

from __future__ import annotations

import re

from tables.aws_actions.iam import PLACE, VARIABLE
from tables.aws_actions.inputs import Member, bare_name
from tables.aws_actions.service import Service

_SUFFIX = re.compile(r"(?:arn|id|name|identifier|namewithpath|idorarn|nameorarn)s?$|s$")
_GENERIC = frozenset({"name", "id", "arn", "identifier", "resourcearn", "resourceid", "resourceidentifier", "resource"})


def _base(name: str) -> str:
    """A name without what says how it names: `DBInstanceIdentifiers` and `DbInstanceName` are `dbinstance`."""
    bare = bare_name(name)
    for _ in range(2):
        bare = _SUFFIX.sub("", bare)
    return bare


def filled_by(
    service: Service, arn: str, kind: str, members: list[Member], *, generic: bool, wide: bool, creates: bool
) -> list[str]:
    """The ARN template of a resource type with the members that fill it, once for each that may name the thing."""
    variables = [name for name in VARIABLE.findall(arn) if name not in PLACE]
    if not variables:
        return [VARIABLE.sub(lambda variable: PLACE[variable[1]], arn)]
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
            if name in PLACE:
                return PLACE[name]
            if name == main:
                default = "=*" if wide and not member.required and len(naming) == 1 else ""
                default = _default(service, member) or default
                return "{" + member.path + _convert(service, member, kind) + default + "}"
            for other in _naming(service, name, name, members):
                if other.path not in used and "[]" not in other.path:
                    used.add(other.path)
                    return "{" + other.path + _convert(service, other, name) + (_default(service, other) or "=*") + "}"
            return "*"

        made.append(VARIABLE.sub(fill, arn))
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
    exact, wanted = {bare_name(variable)}, {_base(variable)} - {""}
    if by_kind:
        mapped = service.rules.get("members", {})
        found = [one for one in texts if one.depth == 1 and str(mapped.get(one.name)).lower() == kind]
        if found:
            return found
        texts = [one for one in texts if mapped.get(one.name) is None]
        exact |= {bare_name(kind) + end for end in ("", "arn", "id", "name")}
        wanted |= {_base(kind)} - {""}
    for depth in (1, 2, 3):
        level = [one for one in texts if one.depth == depth]
        found = [one for one in level if bare_name(one.name) in exact]
        if not found:
            found = [one for one in level if _base(one.name) in wanted and _base(one.name)]
        if found:
            return found
        if depth == 1 and generic:
            found = [one for one in level if bare_name(one.name) in _GENERIC]
            if found:
                return found[:2]
    return []


def _is_filter(path: str) -> bool:
    return re.search(r"(?i)filter|nexttoken|marker|sort|orderby|tags?\b", path) is not None
