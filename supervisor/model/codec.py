"""Model values as plain JSON and back: the one encoding of the journal, the sockets and `--json`.

A dataclass becomes an object of its fields; a class with `KIND` adds `"kind"`, by which a union is read back. Fields
that equal an empty default (`""`, `()`, `None`) are left out. Text goes through `portable`, times are RFC 3339 in UTC
with microseconds, durations are seconds. `canonical` is RFC 8785 for the values that occur here: strings, integers,
booleans, null, arrays and objects with ASCII keys (no record holds a float).
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from hashlib import sha256
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from supervisor.model.effect import Effect
from supervisor.model.visible import from_portable, portable

Json = dict[str, Any]


class Malformed(ValueError):
    """Data that is not an encoding of the wanted type; the text says which field."""


def _refuse(value: object) -> object:
    raise TypeError(f"not a JSON value: {type(value).__name__}")


_CANONICAL = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_refuse, allow_nan=False, check_circular=False
)


def canonical(value: object) -> str:
    """Canonical JSON text (RFC 8785) of a plain value; raises `TypeError` for foreign types."""
    return _CANONICAL.encode(value)


def digest(value: object) -> str:
    """`sha256:` and the hex digest of the canonical JSON of a plain value."""
    return "sha256:" + sha256(canonical(value).encode()).hexdigest()


def rfc3339(moment: datetime) -> str:
    """`2026-02-01T12:00:00.000000Z`; `moment` must be aware."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_rfc3339(text: str) -> datetime:
    """The inverse of `rfc3339`; takes any RFC 3339 offset, raises `ValueError` for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without an offset: {text!r}")
    return moment.astimezone(UTC)


@cache
def _plan(cls: type) -> tuple[str | None, tuple[tuple[str, object], ...]]:
    """The KIND of a dataclass and its (field, empty default) pairs; `_plan` itself marks a field always written."""
    fields = []
    for field in dataclasses.fields(cls):
        default = field.default
        omit = default if default in ("", (), None) and not isinstance(default, bool) else _plan
        fields.append((field.name, omit))
    return getattr(cls, "KIND", None), tuple(fields)


def to_json(value: object) -> Any:
    """Encode a model value as plain JSON."""
    encode = _ENCODERS.get(type(value))
    if encode is None:
        encode = _ENCODERS[type(value)] = _encoder(type(value))
    return encode(value)


def _encoder(cls: type) -> Callable[[Any], Any]:
    """How values of exactly this class are encoded; looked up once a class, because each program start is encoded."""
    if issubclass(cls, str) and not issubclass(cls, Enum):
        return portable
    if cls is type(None) or issubclass(cls, bool):
        return lambda value: value
    if issubclass(cls, Effect):
        return lambda value: value.word
    if issubclass(cls, Enum):
        return lambda value: value.value
    if issubclass(cls, int):
        return lambda value: value
    if issubclass(cls, tuple | list):
        return lambda value: [to_json(item) for item in value]
    if issubclass(cls, Mapping):
        return lambda value: {portable(str(key)): to_json(item) for key, item in value.items()}
    if issubclass(cls, datetime):
        return rfc3339
    if issubclass(cls, timedelta):
        return lambda value: round(value.total_seconds())
    if dataclasses.is_dataclass(cls):
        return _dataclass_encoder(cls)
    raise TypeError(f"not a model value: {cls.__name__}")


def _dataclass_encoder(cls: type) -> Callable[[Any], Any]:
    kind, fields = _plan(cls)

    def encode(value: Any) -> Json:
        out: Json = {} if kind is None else {"kind": kind}
        for name, empty in fields:
            item = getattr(value, name)
            if item != empty:
                out[name] = to_json(item)
        return out

    return encode


_ENCODERS: dict[type, Callable[[Any], Any]] = {}


_Reader = Callable[[Any], Any]


def from_json(cls: Any, data: object) -> Any:
    """Decode plain JSON as `cls` (a dataclass, a union of them, or a field type); raises `Malformed`."""
    try:
        return _reader(cls)(data)
    except Malformed:
        raise
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Malformed(f"not a {getattr(cls, '__name__', cls)}: {error}") from error


@cache
def _reader(cls: Any) -> _Reader:
    origin = get_origin(cls)
    if dataclasses.is_dataclass(cls):
        return _dataclass_reader(cls)  # type: ignore[arg-type]
    if origin in (Union, types.UnionType):
        return _union_reader(get_args(cls))
    if origin is tuple:
        return _tuple_reader(get_args(cls))
    if origin is Literal:
        return _literal_reader(get_args(cls))
    if origin in (dict, Mapping):
        value_reader = _reader(get_args(cls)[1])
        return lambda data: {str(key): value_reader(item) for key, item in _expect(dict, data).items()}
    if cls is str:
        return lambda data: from_portable(_expect(str, data))
    if cls is datetime:
        return lambda data: parse_rfc3339(_expect(str, data))
    if cls is timedelta:
        return lambda data: timedelta(seconds=_expect(int, data))
    if cls is Effect:
        return lambda data: Effect.of(_expect(str, data))
    if isinstance(cls, type) and issubclass(cls, Enum):
        return cls
    if cls in (int, bool, type(None)):
        return lambda data: _expect(cls, data)
    if cls in (Any, object):
        return lambda data: data
    raise TypeError(f"no encoding for {cls!r}")


def _expect(kind: Any, data: Any) -> Any:
    if not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
        raise Malformed(f"expected {kind.__name__}, got {type(data).__name__}")
    return data


def _dataclass_reader(cls: type) -> _Reader:
    hints = get_type_hints(cls)
    readers = {field.name: _reader(hints[field.name]) for field in dataclasses.fields(cls)}

    def read(data: Any) -> Any:
        values = {}
        for name, item in _expect(dict, data).items():
            if name in readers:
                try:
                    values[name] = readers[name](item)
                except (Malformed, TypeError, ValueError, KeyError) as error:
                    raise Malformed(f"{cls.__name__}.{name}: {error}") from error
            elif name != "kind":
                raise Malformed(f"{cls.__name__} has no field {name!r}")
        return cls(**values)

    return read


def _union_reader(members: tuple[Any, ...]) -> _Reader:
    kinds = {member.KIND: _reader(member) for member in members if hasattr(member, "KIND")}
    plain = [_reader(member) for member in members if member is not type(None) and not hasattr(member, "KIND")]
    optional = type(None) in members

    def read(data: Any) -> Any:
        if data is None and optional:
            return None
        if isinstance(data, dict) and data.get("kind") in kinds:
            return kinds[data["kind"]](data)
        for reader in plain:
            return reader(data)
        raise Malformed(f"no such kind: {data.get('kind') if isinstance(data, dict) else data!r}")

    return read


def _tuple_reader(arguments: tuple[Any, ...]) -> _Reader:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        item_reader = _reader(arguments[0])
        return lambda data: tuple(item_reader(item) for item in _expect(list, data))
    readers = tuple(_reader(argument) for argument in arguments)

    def read(data: Any) -> Any:
        if len(_expect(list, data)) != len(readers):
            raise Malformed(f"expected {len(readers)} items, got {len(data)}")
        return tuple(reader(item) for reader, item in zip(readers, data, strict=True))

    return read


def _literal_reader(choices: tuple[Any, ...]) -> _Reader:
    def read(data: Any) -> Any:
        if data not in choices:
            raise Malformed(f"expected one of {', '.join(map(str, choices))}, got {data!r}")
        return data

    return read
