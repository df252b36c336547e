"""Compiles botocore's models into the operation index that requests to AWS are identified with.

Run as `python -m tables.aws_index` after an upgrade of botocore; the result is committed. The file's first line is a
header (hosts, signing names, where each service's lines lie), then come two lines for each service: how its operations
look on the wire, and the shapes of their bodies. `supervisor/parse/aws_http/index.py` describes and reads the format.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import botocore
from botocore.exceptions import DataNotFoundError
from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

OUTPUT = Path(__file__).parents[1] / "supervisor" / "parse" / "aws_http" / "index.jsonl"

_SCALARS = {
    "string": "s",
    "character": "s",
    "integer": "i",
    "long": "i",
    "float": "f",
    "double": "f",
    "boolean": "b",
    "timestamp": "t",
    "blob": "x",
}
_REST = ("rest-json", "rest-xml")
# Hosts that no model names: SQS's oldest ones, and those whose first label is the customer's own resource.
_MORE_HOSTS = {
    "queue": ["sqs"],
    "*.execute-api": ["apigatewaymanagementapi"],
    "*.iot": ["iot-data"],
    "*.credentials.iot": [],
    "*.kinesisvideo": ["kinesis-video-archived-media", "kinesis-video-media", "kinesis-video-signaling"],
    "*.data.mediastore": ["mediastore-data"],
    "*.cloudsearch": ["cloudsearchdomain"],
    "*.neptune": ["neptunedata"],
    "realtime.machinelearning": ["machinelearning"],
    "*.timestream": ["timestream-query", "timestream-write"],
    "s3-accelerate": ["s3"],
    "s3-accelerate.dualstack": ["s3"],
}


def services(loader: Loader) -> list[str]:
    """Every service that botocore models, by its name there."""
    return sorted(loader.list_available_services("service-2"))


def compile_service(loader: Loader, service: str) -> tuple[dict[str, Any], list[Any]]:
    """How one service's operations look on the wire, in all API versions that botocore has, and their shapes."""
    versions = sorted(loader.list_api_versions(service, "service-2"), reverse=True)
    models = [
        (version, ServiceModel(loader.load_service_model(service, "service-2", version), service))
        for version in versions
    ]
    shapes = _Shapes()
    operations: list[Any] = []
    known: dict[str, int] = {}
    found = []
    for _, model in models:
        names = {}
        crowded = _crowded(model)
        shapes.begin()
        for name in sorted(model.operation_names):
            record = _operation(model.operation_model(name), shapes, crowded)
            text = _json(record)
            if text not in known:
                known[text] = len(operations)
                operations.append(record)
            names[name] = known[text]
        metadata = model.metadata
        found.append(
            {
                "version": metadata["apiVersion"],
                "protocols": sorted({metadata["protocol"], *metadata.get("protocols", ())}),
                "target": metadata.get("targetPrefix", ""),
                "operations": names,
            }
        )
    head = {
        "service": service,
        "signing": sorted(_signing_names(loader, service, [model for _, model in models])),
        "models": found,
        "operations": operations,
    }
    bases = sorted(_base_paths(loader, service))
    if bases:
        head["bases"] = bases
    return head, shapes.records


def write(names: Iterable[str] | None = None) -> bytes:
    """The whole index, or that of the named services."""
    loader = Loader()
    header: dict[str, Any] = {
        "botocore": botocore.__version__,
        "suffixes": _suffixes(loader),
        "regions": [part["regionRegex"] for part in loader.load_data("partitions")["partitions"]],
        "hosts": {},
        "signing": {},
        "homes": {},
        "lines": {},
    }
    hosts: dict[str, set[str]] = {stem: set(found) for stem, found in _MORE_HOSTS.items()}
    old_endpoints = _endpoint_data(loader)
    lines: list[bytes] = []
    offset = 0
    for service in services(loader) if names is None else names:
        head, shapes = compile_service(loader, service)
        prefixes = {record[3]["host"] for record in head["operations"] if len(record) > 3 and "host" in record[3]}
        endpoint_prefix = loader.load_service_model(service, "service-2")["metadata"]["endpointPrefix"]
        for stem in _stems(loader, service, endpoint_prefix, old_endpoints, header):
            hosts.setdefault(stem, set()).add(service)
            for prefix in prefixes:
                hosts.setdefault(_prefixed(prefix, stem), set()).add(service)
        for signing in head["signing"]:
            header["signing"].setdefault(signing, []).append(service)
        homes = sorted(_homes(loader, service, endpoint_prefix))
        if homes:
            header["homes"][service] = homes
        place = []
        for value in (head, shapes):
            line = _json(value).encode("ascii") + b"\n"
            place += [offset, len(line)]
            offset += len(line)
            lines.append(line)
        header["lines"][service] = place
    known = set(header["lines"])
    header["hosts"] = {stem: sorted(found & known) for stem, found in sorted(hosts.items()) if found & known}
    return b"".join([_json(header).encode("ascii") + b"\n", *lines])


class _Shapes:
    """The shapes of one service's inputs, each once; what is the same in several API versions is shared."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self._places: dict[str, int] = {}
        self._open: dict[str, int] = {}

    def begin(self) -> None:
        """Another API version: a name may stand for another shape from here on."""
        self._open = {}

    def body(self, shape: StructureShape) -> int:
        """An operation's input, without what travels in the request's head."""
        members = {name: member for name, member in shape.members.items() if "location" not in member.serialization}
        if len(members) == len(shape.members):
            return self.reference(shape)  # type: ignore[return-value]
        return self._keep(["s", self._members(members)])

    def reference(self, shape: Shape) -> int | str:
        """A scalar's letter, or a shape's place in the table."""
        if shape.type_name in _SCALARS:
            return _SCALARS[shape.type_name]
        if isinstance(shape, StructureShape) and shape.is_document_type:
            return "d"
        if shape.name in self._open:
            return self._open[shape.name]
        # A shape may hold itself, so that its place is taken before its members are known.
        if _is_recursive(shape):
            place = len(self.records)
            self.records.append(None)
            self._open[shape.name] = place
            self.records[place] = self._record(shape)
            return place
        place = self._keep(self._record(shape))
        self._open[shape.name] = place
        return place

    def _record(self, shape: Shape) -> list[Any]:
        if isinstance(shape, StructureShape):
            return ["s", self._members(shape.members)]
        if isinstance(shape, ListShape):
            name = shape.member.serialization.get("name")
            return ["l", self.reference(shape.member), *([name] if name else [])]
        assert isinstance(shape, MapShape)
        names = [shape.key.serialization.get("name", ""), shape.value.serialization.get("name", "")]
        return ["m", self.reference(shape.key), self.reference(shape.value), *(names if any(names) else [])]

    def _members(self, members: dict[str, Shape]) -> dict[str, Any]:
        return {name: self._member(name, member) for name, member in members.items()}

    def _member(self, name: str, member: Shape) -> Any:
        traits = member.serialization
        more: dict[str, Any] = {}
        if traits.get("name", name) != name:
            more["n"] = traits["name"]
        if "queryName" in traits:
            more["q"] = traits["queryName"]
        if traits.get("flattened"):
            more["f"] = 1
        if traits.get("xmlAttribute"):
            more["a"] = 1
        reference = self.reference(member)
        return [reference, more] if more else reference

    def _keep(self, record: list[Any]) -> int:
        text = _json(record)
        if text not in self._places:
            self._places[text] = len(self.records)
            self.records.append(record)
        return self._places[text]


def _is_recursive(shape: Shape) -> bool:
    """True when the shape can be met again inside itself."""
    seen: set[str] = set()
    todo = _inner(shape)
    while todo:
        inner = todo.pop()
        if inner.name == shape.name:
            return True
        if inner.name not in seen:
            seen.add(inner.name)
            todo += _inner(inner)
    return False


def _inner(shape: Shape) -> list[Shape]:
    if isinstance(shape, StructureShape):
        return list(shape.members.values())
    if isinstance(shape, ListShape):
        return [shape.member]
    if isinstance(shape, MapShape):
        return [shape.key, shape.value]
    return []


def _crowded(model: ServiceModel) -> set[tuple[str, str]]:
    """Method and path of operations that only their query or a header tells from another one."""
    met: dict[tuple[str, str], int] = {}
    for name in model.operation_names:
        http = model.operation_model(name).http
        place = http["method"], _place(http["requestUri"])
        met[place] = met.get(place, 0) + 1
    return {place for place, count in met.items() if count > 1}


def _place(uri: str) -> str:
    return re.sub(r"\{[^}+]*\}", "{}", re.sub(r"\{[^}]*\+\}", "{+}", uri.partition("?")[0]))


def _operation(operation: OperationModel, shapes: _Shapes, crowded: set[tuple[str, str]]) -> list[Any]:
    http = operation.http
    service = operation.service_model
    rest = service.metadata["protocol"] in _REST
    shape = operation.input_shape
    more: dict[str, Any] = {}
    body: int | str = ""
    if rest and shape is not None:
        more |= _head_bindings(shape)
        if (http["method"], _place(http["requestUri"])) in crowded:
            more |= _required_in_head(shape)
        payload = shape.serialization.get("payload")
        if payload is not None:
            member = shape.members[payload]
            more["payload"] = payload
            if service.metadata["protocol"] == "rest-xml" and "name" in member.serialization:
                more["root"] = member.serialization["name"]
            body = shapes.reference(member)
            if member.serialization.get("streaming") or operation.auth_type == "v4-unsigned-body":
                more["streams"] = 1
        elif any("location" not in member.serialization for member in shape.members.values()):
            body = shapes.body(shape)
            if service.metadata["protocol"] == "rest-xml" and "name" in shape.serialization:
                more["root"] = shape.serialization["name"]
    elif shape is not None and shape.members:
        body = shapes.reference(shape)
    events = (2 if operation.has_event_stream_output else 0) + (1 if operation.has_event_stream_input else 0)
    if events:
        more["events"] = events
    auth = _auth(operation)
    if auth:
        more["auth"] = auth
    if operation.endpoint and "hostPrefix" in operation.endpoint:
        more["host"] = operation.endpoint["hostPrefix"]
    if operation.deprecated:
        more["old"] = 1
    if operation.request_compression:
        more["gzip"] = 1
    if not rest:
        return [body, "", "", more] if more else [body]
    return [body, http["method"], http["requestUri"], *([more] if more else [])]


def _head_bindings(shape: StructureShape) -> dict[str, Any]:
    query: dict[str, Any] = {}
    header: dict[str, Any] = {}
    label: dict[str, list[str]] = {}
    more: dict[str, Any] = {}
    for name, member in shape.members.items():
        wire = member.serialization.get("name", name)
        match member.serialization.get("location"):
            case "uri":
                if wire != name or _kind(member) != "s":
                    label[wire] = [name, _kind(member)]
            case "querystring" if isinstance(member, MapShape):
                more["query_map"] = [name, _kind(member.value)]
            case "querystring":
                query[wire] = [name, _kind(member)]
            case "header":
                header[wire.lower()] = [name, _kind(member)]
            case "headers":
                more["header_map"] = [wire.lower(), name]
    for key, bound in (("query", query), ("header", header), ("label", label)):
        if bound:
            more[key] = bound
    return more


def _kind(shape: Shape) -> str:
    """A scalar's letter; in upper case for a list of such."""
    if isinstance(shape, ListShape):
        return _SCALARS[shape.member.type_name].upper()
    return _SCALARS[shape.type_name]


def _required_in_head(shape: StructureShape) -> dict[str, Any]:
    more: dict[str, Any] = {}
    for location, key in (("querystring", "needs_query"), ("header", "needs_header")):
        wires = [
            shape.members[name].serialization.get("name", name).lower()
            if location == "header"
            else shape.members[name].serialization.get("name", name)
            for name in shape.required_members
            if shape.members[name].serialization.get("location") == location
        ]
        if wires:
            more[key] = sorted(wires)
    return more


def _auth(operation: OperationModel) -> str:
    """How the call is authorised, where it is not SigV4: `none`, `bearer`, or `sigv4a` when nothing else will do."""
    schemes = operation.auth or operation.service_model.metadata.get("auth") or []
    if operation.auth_type == "none" or schemes == ["smithy.api#noAuth"]:
        return "none"
    if operation.auth_type == "bearer" or operation.service_model.metadata.get("signatureVersion") == "bearer":
        return "bearer"
    if schemes == ["smithy.api#httpBearerAuth"]:
        return "bearer"
    return "sigv4a" if schemes == ["aws.auth#sigv4a"] else ""


def _signing_names(loader: Loader, service: str, models: list[ServiceModel]) -> set[str]:
    names = {model.metadata.get("signingName", model.metadata["endpointPrefix"]) for model in models}
    for rules in _rule_sets(loader, service):
        for found in _walk(rules):
            names |= {
                scheme["signingName"]
                for scheme in found.get("authSchemes", ())
                if isinstance(scheme.get("signingName"), str) and "{" not in scheme["signingName"]
            }
    return names


def _rule_sets(loader: Loader, service: str) -> Iterator[dict[str, Any]]:
    for version in loader.list_api_versions(service, "service-2"):
        try:
            yield loader.load_service_model(service, "endpoint-rule-set-1", version)
        except DataNotFoundError:
            continue


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)


def _urls(loader: Loader, service: str) -> Iterator[str]:
    for rules in _rule_sets(loader, service):
        for found in _walk(rules):
            url = found.get("url")
            if isinstance(url, str) and url.startswith("https://"):
                yield url.removeprefix("https://")


def _base_paths(loader: Loader, service: str) -> set[str]:
    """Paths that stand in an endpoint's URL and not in the model, such as `/v2` of the maps services."""
    paths = {"/" + url.partition("/")[2] for url in _urls(loader, service) if "/" in url}
    return {path for path in paths if path != "/" and "{" not in path}


_REGIONAL = re.compile(r"\{[^{}]*(?:[Rr]egion|#name)[^{}]*\}\Z")
_SUFFIX = re.compile(r"\{[^{}]*[sS]uffix[^{}]*\}")


def _stems(
    loader: Loader, service: str, prefix: str, old_endpoints: dict[str, list[str]], header: dict[str, Any]
) -> Iterator[str]:
    """Host names of a service without region and DNS suffix; a first label of `*` is the customer's own."""
    region = re.compile("|".join(header["regions"]))
    for url in [*_urls(loader, service), *old_endpoints.get(prefix, ())]:
        host = _SUFFIX.sub("@", url.partition("/")[0].partition(":")[0])
        for suffix in header["suffixes"]:
            if host.endswith("." + suffix):
                host = host.removesuffix(suffix) + "@"
                break
        if not host.endswith(".@"):
            continue
        labels = [label for label in host.removesuffix(".@").split(".") if not _REGIONAL.match(label)]
        labels = [label for label in labels if not region.match(label)]
        for operation_type in ("control", "data") if any("OperationType" in label for label in labels) else ("",):
            known = [
                re.sub(r"\{[^{}]*OperationType[^{}]*\}", operation_type, label).replace("{FIPS}", "")
                for label in labels
            ]
            while known and "{" in known[0] and len(known) > 2:
                known.pop(0)
            if known and re.fullmatch(r"\{[^{}]*\}", known[0]):
                known[0] = "*"
            if known and known != ["*"] and not any("{" in label for label in known):
                yield ".".join(known)


def _prefixed(prefix: str, stem: str) -> str:
    """The host of an operation that has a prefix of its own; what a parameter puts there becomes the label `*`."""
    whole = prefix + stem
    return re.sub(r"[^.]*\{[^}]*\}[^.]*", "*", whole, count=1)


def _homes(loader: Loader, service: str, prefix: str) -> set[str]:
    """Regions that calls are signed for although the host names the caller's region."""
    found = set()
    for partition in loader.load_data("endpoints")["partitions"]:
        data = partition["services"].get(prefix, {})
        if data.get("isRegionalized") is False:
            whole = data["endpoints"].get(data.get("partitionEndpoint", ""), {})
            found |= {whole["credentialScope"]["region"]} if "credentialScope" in whole else set()
    for rules in _rule_sets(loader, service):
        for part in _walk(rules):
            url = part.get("url")
            if not isinstance(url, str) or not any(_REGIONAL.match(label) for label in url.split(".")):
                continue
            found |= {
                scheme["signingRegion"]
                for scheme in part.get("properties", {}).get("authSchemes", ())
                if "{" not in scheme.get("signingRegion", "{")
            }
    return found


def _endpoint_data(loader: Loader) -> dict[str, list[str]]:
    """Host templates by endpoint prefix, from the list of endpoints that came before the rule sets."""
    found: dict[str, list[str]] = {}
    for partition in loader.load_data("endpoints")["partitions"]:
        for prefix, data in partition["services"].items():
            names = found.setdefault(prefix, [f"{prefix}.{{region}}.{{dnsSuffix}}"])
            for part in _walk(data):
                names += [part[key] for key in ("hostname", "sslCommonName") if isinstance(part.get(key), str)]
    return {prefix: sorted({name.replace("{service}", prefix) for name in names}) for prefix, names in found.items()}


def _suffixes(loader: Loader) -> list[str]:
    found = set()
    for part in loader.load_data("partitions")["partitions"]:
        found |= {part["outputs"]["dnsSuffix"], part["outputs"]["dualStackDnsSuffix"]}
    # No partition names these, but rule sets do; `aws` is Amazon's own top-level domain.
    return sorted(found | {"on.aws", "aws", "aws.amazon.com"}, key=lambda suffix: (-len(suffix), suffix))


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def main() -> None:
    """Write the index beside the code that reads it."""
    data = write()
    OUTPUT.write_bytes(data)
    print(f"{OUTPUT.name}: {len(data):,} bytes, botocore {botocore.__version__}", file=sys.stderr)


if __name__ == "__main__":
    main()
