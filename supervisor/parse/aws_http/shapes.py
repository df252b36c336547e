"""Bodies under the model's names: what a decoded JSON, CBOR, form or XML body says, member by member.

A service's shapes are a list. A record is `["s", members]`, `["l", element, name]` or `["m", key, value, key name,
value name]`; a member is a reference or `[reference, traits]` with `n` (name on the wire), `q` (name in EC2's
protocol), `f` (flattened) and `a` (XML attribute). A reference is a place in the list or a scalar's letter: `s` text,
`i` whole number, `f` number, `b` boolean, `t` time, `x` blob (base64 text, as JSON has it), `d` free document.

What the model does not have is refused: an operation that a newer service knows more parameters of means something that
nobody decided on. So is a value of another type, which some services would convert and others not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from supervisor.parse.aws_http.cbor_body import Blob
from supervisor.parse.aws_http.head import shown
from supervisor.parse.aws_http.index import Reference, shape_records
from supervisor.parse.aws_http.xml_body import Element

DEEPEST = 64

Member = tuple[str, Reference, Mapping[str, Any]]
Wires = Mapping[str, Member]

_NONE: Mapping[str, Any] = {}
_WHOLE = re.compile(r"-?[0-9]{1,20}\Z", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,4})?\Z", re.ASCII)
_PLACE = re.compile(r"[1-9][0-9]{0,5}\Z", re.ASCII)
_WORDS = frozenset(("NaN", "Infinity", "-Infinity"))


class Unfit(Exception):
    """A body that does not fit the model; stays inside this package, which answers with `Refused`."""


def members(service: str, reference: Reference, form: str = "") -> Wires:
    """A structure's members by their names on the wire; `form` is `query` or `ec2` for those protocols."""
    if isinstance(reference, str):
        return {}
    records = shape_records(service)
    found: dict[str, Member] = {}
    for name, entry in records[reference][1].items():
        target, traits = (entry[0], entry[1]) if isinstance(entry, list) else (entry, _NONE)
        wire = traits.get("n", name)
        if form == "ec2":
            wire = traits.get("q") or (wire[0].upper() + wire[1:] if "n" in traits else name)
        elif form and "f" in traits and isinstance(target, int):
            record = records[target]
            # A flattened list is named like its elements (`Attribute.1` for `Attributes`).
            if record[0] == "l" and len(record) > 2:
                wire = record[2]
        if wire in found and "f" not in traits:
            # A list took the place of a single value, and has its elements' name on the wire.
            continue
        found[wire] = (name, target, traits)
    return found


class Decoder:
    """Reads the bodies of one service; keeps what it looked up, and is made for one request."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._records = shape_records(service)
        self._wires: dict[tuple[Reference, str], Wires] = {}

    def _members(self, reference: Reference, form: str = "") -> Wires:
        key = (reference, form)
        if key not in self._wires:
            self._wires[key] = members(self._service, reference, form)
        return self._wires[key]

    # JSON and CBOR ------------------------------------------------------------------------------------------------

    def tree(self, value: Any, reference: Reference, where: str = "", depth: int = 0) -> Any:
        """A decoded JSON or CBOR value. Raises Unfit."""
        if depth > DEEPEST:
            raise Unfit("the body is nested too deeply")
        if isinstance(reference, str):
            return _scalar(value, reference, where, depth)
        record = self._records[reference]
        if record[0] == "l":
            if not isinstance(value, list):
                raise Unfit(f"{where or 'the body'} is no list")
            return [self.tree(item, record[1], where, depth + 1) if item is not None else None for item in value]
        if not isinstance(value, dict):
            raise Unfit(f"{where or 'the body'} is no structure")
        if record[0] == "m":
            return {
                key: self.tree(item, record[2], f"{where}[]", depth + 1) if item is not None else None
                for key, item in value.items()
            }
        wires = self._members(reference)
        found = {}
        for wire, item in value.items():
            if wire not in wires:
                raise Unfit(f"{_at(where, wire)} is no parameter that the model has")
            if item is not None:
                name, target, _ = wires[wire]
                found[name] = self.tree(item, target, _at(where, name), depth + 1)
        return found

    # The query protocols ------------------------------------------------------------------------------------------

    def form(self, pairs: Sequence[tuple[str, str]], reference: Reference, protocol: str) -> dict[str, Any]:
        """The parameters of a form, without Action and Version. Raises Unfit."""
        root: dict[str, Any] = {}
        for name, value in pairs:
            node = root
            parts = name.split(".")
            if len(parts) > DEEPEST:
                raise Unfit("the parameters are nested too deeply")
            for part in parts[:-1]:
                inner = node.setdefault(part, {})
                if not isinstance(inner, dict):
                    raise Unfit(f"{shown(name)} is given as a value too")
                node = inner
            if parts[-1] in node:
                raise Unfit(f"{shown(name)} stands there twice")
            node[parts[-1]] = value
        if not root:
            return {}
        if reference == "":
            raise Unfit(f"{shown(next(iter(root)))} is no parameter that the model has")
        return self._form_structure(root, reference, protocol, "")

    def _form_structure(self, node: Any, reference: Reference, protocol: str, where: str) -> dict[str, Any]:
        if not isinstance(node, dict):
            # `Structure=` stands for an empty one.
            if node == "":
                return {}
            raise Unfit(f"{where} is no structure")
        wires = self._members(reference, protocol)
        found: dict[str, Any] = {}
        for wire, inner in node.items():
            if wire not in wires:
                raise Unfit(f"{_at(where, wire)} is no parameter that the model has")
            name, target, traits = wires[wire]
            found[name] = self._form_value(inner, target, protocol, _at(where, wire), "f" in traits)
        return found

    def _form_value(self, node: Any, reference: Reference, protocol: str, where: str, flat: bool = False) -> Any:
        if isinstance(reference, str):
            if not isinstance(node, str):
                raise Unfit(f"{where} is a single value")
            return _text(node, reference, where)
        record = self._records[reference]
        if record[0] == "s":
            return self._form_structure(node, reference, protocol, where)
        if node == "":
            return [] if record[0] == "l" else {}
        if not isinstance(node, dict):
            raise Unfit(f"{where} is a list of values")
        if record[0] == "l":
            if not flat and protocol != "ec2":
                node = _only(node, ("member", *record[2:3]), where)
            return [self._form_value(item, record[1], protocol, where) for item in _ordered(node, where)]
        if not flat:
            node = _only(node, ("entry",), where)
        key_name, value_name = _entry_names(record)
        result: dict[str, Any] = {}
        for item in _ordered(node, where):
            if not isinstance(item, dict) or set(item) - {key_name, value_name}:
                raise Unfit(f"{where} is a map of keys and values")
            key = item.get(key_name)
            if not isinstance(key, str) or key in result:
                raise Unfit(f"{where} has an entry without a key, or one twice")
            result[key] = self._form_value(item.get(value_name, ""), record[2], protocol, where)
        return result

    # XML ----------------------------------------------------------------------------------------------------------

    def xml(self, element: Element, reference: Reference, where: str = "") -> Any:
        """An element of a body whose depth was limited when it was read. Raises Unfit."""
        if isinstance(reference, str):
            if element.children or element.attributes:
                raise Unfit(f"{where} is a single value")
            return _text(element.text, reference, where)
        record = self._records[reference]
        if element.text.strip():
            raise Unfit(f"{where or shown(element.name)} has text between its elements")
        if record[0] == "l":
            name = record[2] if len(record) > 2 else "member"
            if element.attributes or any(child.name != name for child in element.children):
                raise Unfit(f"{where} is a list of {name}")
            return [self.xml(child, record[1], where) for child in element.children]
        if record[0] == "m":
            if any(child.name != "entry" for child in element.children):
                raise Unfit(f"{where} is a map")
            return self._xml_map(element.children, record, where)
        return self._xml_structure(element, reference, where)

    def _xml_structure(self, element: Element, reference: Reference, where: str) -> dict[str, Any]:
        wires = self._members(reference)
        found: dict[str, Any] = {}
        for attribute, value in element.attributes:
            if attribute not in wires or "a" not in wires[attribute][2]:
                raise Unfit(f"{where} has an attribute {shown(attribute)} that the model does not have")
            found[wires[attribute][0]] = value
        repeated: dict[str, list[Element]] = {}
        for child in element.children:
            repeated.setdefault(child.name, []).append(child)
        for wire, children in repeated.items():
            if wire not in wires or "a" in wires[wire][2]:
                raise Unfit(f"{_at(where, wire)} is no parameter that the model has")
            name, target, traits = wires[wire]
            if "f" in traits and isinstance(target, int):
                record = self._records[target]
                if record[0] == "l":
                    found[name] = [self.xml(child, record[1], _at(where, name)) for child in children]
                else:
                    found[name] = self._xml_map(children, record, _at(where, name))
            elif len(children) > 1:
                raise Unfit(f"{_at(where, wire)} stands there twice")
            else:
                found[name] = self.xml(children[0], target, _at(where, name))
        return found

    def _xml_map(self, entries: Sequence[Element], record: Sequence[Any], where: str) -> dict[str, Any]:
        key_name, value_name = _entry_names(record)
        found: dict[str, Any] = {}
        for entry in entries:
            parts = {child.name: child for child in entry.children}
            key = parts.get(key_name)
            value = parts.get(value_name)
            if len(entry.children) != 2 or key is None or value is None or key.text in found:
                raise Unfit(f"{where} has an entry that is no key and value, or one twice")
            found[key.text] = self.xml(value, record[2], where)
        return found


def head_value(text: str, kind: str, where: str) -> Any:
    """A query parameter's or a header's value; `kind` as in the index. Raises Unfit."""
    return _text(text, kind, where)


def _scalar(value: Any, kind: str, where: str, depth: int) -> Any:
    """A JSON or CBOR scalar, whose type must be the model's."""
    match kind:
        case "s":
            fits = isinstance(value, str) and not isinstance(value, Blob)
        case "x":
            fits = isinstance(value, str)
        case "b":
            fits = isinstance(value, bool)
        case "i":
            fits = isinstance(value, int | float) and not isinstance(value, bool) and value == math.floor(value)
        case "f":
            fits = (isinstance(value, int | float) and not isinstance(value, bool)) or (
                isinstance(value, str) and value in _WORDS
            )
        case "t":
            fits = isinstance(value, int | float | str) and not isinstance(value, bool)
        case _:
            fits = not _too_deep(value, DEEPEST - depth)
    if not fits:
        raise Unfit(f"{where or 'the body'} is not of the type that the model has")
    return value


def _too_deep(value: Any, left: int) -> bool:
    if left < 0:
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_too_deep(item, left - 1) for item in inner)


def _text(text: str, kind: str, where: str) -> Any:
    """A scalar that travels as text."""
    match kind:
        case "b":
            if text not in ("true", "false"):
                raise Unfit(f"{where} is neither true nor false")
            return text == "true"
        case "i":
            if _WHOLE.match(text) is None:
                raise Unfit(f"{where} is no whole number")
            return int(text)
        case "f":
            if text in _WORDS:
                return text
            number = float(text) if _NUMBER.match(text) else math.inf
            if not math.isfinite(number):
                raise Unfit(f"{where} is no number")
            return number
        case _:
            return text


def _entry_names(record: Sequence[Any]) -> tuple[str, str]:
    """What a map's keys and values are called on the wire."""
    if len(record) < 5:
        return "key", "value"
    return record[3] or "key", record[4] or "value"


def _only(node: dict[str, Any], names: Sequence[str], where: str) -> dict[str, Any]:
    """What stands under the one name that a list or map has its entries under."""
    (name, inner), *more = node.items()
    if more or name not in names or not isinstance(inner, dict):
        raise Unfit(f"{where} must have its entries under {' or '.join(names)}")
    return inner


def _ordered(node: dict[str, Any], where: str) -> list[Any]:
    if any(_PLACE.match(place) is None for place in node):
        raise Unfit(f"{where} must number its entries from 1")
    return [node[place] for place in sorted(node, key=int)]


def _at(where: str, name: str) -> str:
    return f"{where}.{shown(name)}" if where else shown(name)
