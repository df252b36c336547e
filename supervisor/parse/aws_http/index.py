"""The operations of every AWS service as botocore models them: a table shipped as data, decoded a service at a time.

The file is written by `tables/aws_index.py`. Its first line is a header: `hosts` maps a host name without region and
DNS suffix to services (a first label `*` is the customer's own), `signing` a credential scope's service name to
services, `homes` a service to the regions that it may be signed for anywhere, `lines` a service to offset and length
of its two lines. The first of these holds

* `models`: for each API version its `protocols`, its `target` prefix and its `operations` (name to place in the list
  below; several API versions share what did not change);
* `operations`: `[body, method, uri, traits]`, without what is empty at the end. `body` is a reference to a shape, or ""
  when the operation has no body. Traits: `query`, `header` (wire name to `[member, kind]`), `label` (label to
  `[member, kind]`, where that is not the label and text), `query_map` (`[member, kind]`), `header_map` (`[prefix,
  member]`), `needs_query`, `needs_header`, `payload`, `root` (XML), `streams`, `events` (1 in, 2 out, 3 both), `auth`
  (`none`, `bearer`, `sigv4a`), `host` (prefix), `old` (deprecated), `gzip`;

the second the shapes, which `shapes.py` describes. A kind is a scalar's letter, in upper case for a list of such.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from supervisor.parse.aws_http.request import Protocol

Reference = int | str
"""A shape's place in its service's table, a scalar's letter, `d` for a free document, or "" for nothing."""

Binding = Sequence[str]
"""The member that a query parameter or header is, and its kind."""

_EMPTY: Mapping[str, Any] = {}
_REST = ("rest-json", "rest-xml")
_DATA = "index.jsonl"
# A session speaks to a handful of services; whoever tries them all must not fill the memory.
_SERVICES_KEPT = 24
_SHAPES_KEPT = 12


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as it looks on the wire. `fixed` is the query in its URI, `labels` the members in its path."""

    service: str
    name: str
    method: str = "POST"
    body: Reference = ""
    fixed: tuple[tuple[str, str], ...] = ()
    labels: tuple[Binding, ...] = ()
    query: Mapping[str, Binding] = field(default_factory=dict)
    header: Mapping[str, Binding] = field(default_factory=dict)
    traits: Mapping[str, Any] = field(default_factory=dict)
    rank: int = 0
    """How much of a request's query and headers this operation needs, beside others of the same path."""

    @property
    def streams(self) -> bool:
        """The body is a blob of any length."""
        return "streams" in self.traits

    def knows_query(self, name: str) -> bool:
        """True when the model has a parameter of this name in the query."""
        return name in self.query or "query_map" in self.traits or any(name == fixed for fixed, _ in self.fixed)

    def knows_header(self, name: str) -> bool:
        """True when the model has a member that travels in this header (name in lower case)."""
        if name in self.header:
            return True
        prefix = self.traits.get("header_map")
        return prefix is not None and name.startswith(prefix[0])


@dataclass(slots=True)
class Node:
    """A place in the tree of a service's paths."""

    literals: dict[str, Node] = field(default_factory=dict)
    label: Node | None = None
    greedy: list[tuple[tuple[str, ...], Node]] = field(default_factory=list)
    """What may follow a label that takes several segments, longest first."""
    methods: dict[str, list[Operation]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Service:
    """One service's operations, by every way that a request can name them."""

    name: str
    signing: frozenset[str]
    protocols: frozenset[Protocol]
    targets: Mapping[str, Mapping[str, Operation]]
    """By the prefix of X-Amz-Target, which is also the service's name in the paths of RPC v2."""
    actions: Mapping[str, Mapping[str, Operation]]
    """By API version, for the query protocols."""
    routes: Node
    bases: tuple[str, ...] = ()
    """Paths that may stand before the model's, because they belong to the endpoint."""
    rest: Protocol | None = None
    """The protocol that names operations by method and path, if the service speaks one."""
    form: Protocol | None = None
    """The protocol that names operations by Action and Version, if the service speaks one."""


@dataclass(frozen=True, slots=True)
class Index:
    """The header of the table."""

    botocore: str
    suffixes: tuple[str, ...]
    regions: tuple[str, ...]
    hosts: Mapping[str, tuple[str, ...]]
    signing: Mapping[str, tuple[str, ...]]
    lines: Mapping[str, tuple[int, int, int, int]]
    homes: Mapping[str, tuple[str, ...]]
    """Regions that calls of a service are signed for, whatever region their host names."""
    start: int
    """Where the lines of services begin, in bytes."""


@lru_cache(maxsize=1)
def index() -> Index:
    """The table's header, read once."""
    with resources.files(__package__).joinpath(_DATA).open("rb") as file:
        line = file.readline()
    data = json.loads(line)
    return Index(
        botocore=data["botocore"],
        suffixes=tuple(data["suffixes"]),
        regions=tuple(data["regions"]),
        hosts={stem: tuple(services) for stem, services in data["hosts"].items()},
        signing={name: tuple(services) for name, services in data["signing"].items()},
        lines={service: tuple(place) for service, place in data["lines"].items()},
        homes={service: tuple(regions) for service, regions in data["homes"].items()},
        start=len(line),
    )


@lru_cache(maxsize=_SERVICES_KEPT)
def service(name: str) -> Service:
    """A service's operations. Raises KeyError for a name that `index().lines` does not have."""
    offset, length, _, _ = index().lines[name]
    data = _line(offset, length)
    protocols: set[Protocol] = set()
    targets: dict[str, dict[str, Operation]] = {}
    actions: dict[str, dict[str, Operation]] = {}
    routes = Node()
    made: dict[tuple[str, int], Operation] = {}
    for model in data["models"]:
        protocols.update(model["protocols"])
        rest = any(protocol in _REST for protocol in model["protocols"])
        named: dict[str, Operation] = {}
        for title, place in model["operations"].items():
            if (title, place) not in made:
                made[title, place] = operation = _operation(name, title, data["operations"][place])
                if rest:
                    _plant(routes, data["operations"][place][2], operation)
            named[title] = made[title, place]
        if model["target"]:
            # Newest first: what an API version renamed nothing of is that of the newest one.
            known = targets.setdefault(model["target"], {})
            known.update({title: one for title, one in named.items() if title not in known})
        if not rest:
            actions[model["version"]] = named
    return Service(
        name=name,
        signing=frozenset(data["signing"]),
        protocols=frozenset(protocols),
        targets=targets,
        actions=actions,
        routes=routes,
        bases=tuple(data.get("bases", ())),
        rest=next((protocol for protocol in sorted(protocols) if protocol in _REST), None),
        form=next((protocol for protocol in sorted(protocols) if protocol in ("query", "ec2")), None),
    )


@lru_cache(maxsize=_SHAPES_KEPT)
def shape_records(name: str) -> list[Any]:
    """The shapes of a service's bodies, as the table has them."""
    _, _, offset, length = index().lines[name]
    records: list[Any] = _line(offset, length)
    return records


def _line(offset: int, length: int) -> Any:
    with resources.files(__package__).joinpath(_DATA).open("rb") as file:
        file.seek(index().start + offset)
        return json.loads(file.read(length))


def _operation(service_name: str, name: str, record: Sequence[Any]) -> Operation:
    if len(record) == 1:
        return Operation(service_name, name, body=record[0])
    body, method, uri, *more = record
    traits: Mapping[str, Any] = more[0] if more else _EMPTY
    path, _, query = uri.partition("?")
    fixed = tuple((part.partition("=")[0], part.partition("=")[2]) for part in query.split("&") if part)
    labels = tuple(
        traits.get("label", _EMPTY).get(label, (label, "s"))
        for label in (segment[1:-1].rstrip("+") for segment in path.split("/") if segment.startswith("{"))
    )
    return Operation(
        service=service_name,
        name=name,
        method=method or "POST",
        body=body,
        fixed=fixed,
        labels=labels,
        query=traits.get("query", _EMPTY),
        header=traits.get("header", _EMPTY),
        traits=traits,
        rank=len(fixed) + len(traits.get("needs_query", ())) + len(traits.get("needs_header", ())),
    )


def _plant(root: Node, uri: str, operation: Operation) -> None:
    """Put an operation at its path in the tree."""
    node = root
    segments = uri.partition("?")[0].split("/")[1:]
    for place, segment in enumerate(segments):
        if segment.endswith("+}"):
            rest = tuple(segments[place + 1 :])
            end = next((found for follow, found in node.greedy if follow == rest), None)
            if end is None:
                end = Node()
                node.greedy.append((rest, end))
                node.greedy.sort(key=lambda entry: -len(entry[0]))
            node = end
            break
        if segment.startswith("{"):
            node.label = node.label or Node()
            node = node.label
        else:
            node = node.literals.setdefault(segment, Node())
    node.methods.setdefault(operation.method, []).append(operation)


def route(node: Node, segments: Sequence[str], method: str, at: int = 0) -> tuple[list[Operation], list[str]] | None:
    """Operations of a method at a path, most literal path first, with what the labels stand for (still encoded)."""
    if at == len(segments):
        found = node.methods.get(method)
        return None if found is None else (found, [])
    segment = segments[at]
    below = node.literals.get(segment)
    if below is not None:
        result = route(below, segments, method, at + 1)
        if result is not None:
            return result
    if node.label is not None and segment:
        result = route(node.label, segments, method, at + 1)
        if result is not None:
            return result[0], [segment, *result[1]]
    for follow, end in node.greedy:
        stop = len(segments) - len(follow)
        if stop > at and tuple(segments[stop:]) == follow and method in end.methods:
            whole = "/".join(segments[at:stop])
            if whole:
                return end.methods[method], [whole]
    return None
