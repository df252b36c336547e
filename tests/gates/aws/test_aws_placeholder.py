"""The credentials that the agent's tools see, and the variables that lead the tools to the gate."""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import boto3
import botocore
import pytest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.loaders import Loader
from botocore.utils import hyphenize_service_id

from supervisor.gates.aws.placeholder import SERVICE_PREFIX, Placeholder
from supervisor.gates.aws.shared_names import SHARED
from supervisor.parse.aws_http import identify
from tests.corpus.aws_requests import GATE, Factory, Made

pytestmark = pytest.mark.long


def test_shape() -> None:
    """They look like temporary credentials of AWS's and like nobody's real ones, and differ by session."""
    one, other = Placeholder.create(), Placeholder.create()
    assert re.fullmatch(r"ASIASUPERVISE[A-Z2-7]{7}", one.access_key)
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", one.secret_key)
    assert one.token.startswith("agentSupervisePlaceholder")
    assert len({one.access_key, other.access_key, one.secret_key, other.secret_key, one.token, other.token}) == 6


def test_secrets_are_not_shown() -> None:
    """What is printed of them has neither the secret nor the token."""
    placeholder = Placeholder.create()
    for text in (repr(placeholder), str(placeholder), f"{placeholder!r}"):
        assert placeholder.access_key in text
        assert placeholder.secret_key not in text
        assert placeholder.token not in text


def test_environment() -> None:
    """No file, metadata service or other host is left for a tool to find credentials at."""
    placeholder = Placeholder.create()
    environment = placeholder.environment(4100, "eu-central-1")
    assert environment["AWS_ACCESS_KEY_ID"] == placeholder.access_key
    assert environment["AWS_SECRET_ACCESS_KEY"] == placeholder.secret_key
    assert environment["AWS_SESSION_TOKEN"] == placeholder.token
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4100"
    assert "AWS_ENDPOINT_URL_S3" not in environment
    assert "AWS_ENDPOINT_URL_API_GATEWAY" not in environment
    assert environment["AWS_ENDPOINT_URL_RDS"] == "http://127.0.0.1:4100/_svc/rds"
    for name, value in environment.items():
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", name)
        assert value.isprintable()
        if "URL" in name:
            assert value.startswith("http://127.0.0.1:4100")


@pytest.mark.parametrize("service", ["s3", "dynamodb", "sts"])
def test_where_boto3_goes(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 takes the gate as every service's endpoint."""
    for name, value in Placeholder.create().environment(4100, "eu-central-1").items():
        monkeypatch.setenv(name, value)
    client = boto3.session.Session().client(service)
    ending = f"{SERVICE_PREFIX}{service}" if service in SHARED else ""
    assert client.meta.endpoint_url == f"http://127.0.0.1:4100{ending}"


@pytest.mark.parametrize("service", SHARED)
def test_endpoints_that_name_their_service(service: str) -> None:
    """botocore finds a service's own endpoint where its signature does not tell it from another one."""
    environment = Placeholder.create().environment(4100, "eu-central-1")
    found = ConfiguredEndpointProvider({}, {}, service, environment).provide()
    # Two names of one API have one service id, and so one variable.
    same = {name for name, suffix in SHARED.items() if suffix == SHARED[service]}
    assert found in {f"http://127.0.0.1:4100{SERVICE_PREFIX}{name}" for name in same}


def test_one_variable_for_two_services() -> None:
    """The only services that cannot have an endpoint of their own are the two names of one API."""
    of_suffix: dict[str, list[str]] = defaultdict(list)
    for service, suffix in SHARED.items():
        of_suffix[suffix].append(service)
    assert [same for same in of_suffix.values() if len(same) > 1] == [["pinpoint-sms-voice", "sms-voice"]]


def _signing_names(rules: object) -> Iterator[str]:
    if isinstance(rules, dict):
        if "signingName" in rules:
            yield rules["signingName"]
        for value in rules.values():
            yield from _signing_names(value)
    elif isinstance(rules, list):
        for value in rules:
            yield from _signing_names(value)


def _metadata(service: str, version: str) -> dict[str, str]:
    """The start of a model: to read all of it for all services takes long."""
    path = Path(botocore.__file__).parent / "data" / service / version / "service-2.json.gz"
    with gzip.open(path) as file:
        start = file.read(16384).decode("utf-8", "ignore")
    found: dict[str, str] = json.JSONDecoder().raw_decode(start, start.index("{", start.index('"metadata"')))[0]
    return found


def _has_untold(factory: Factory, service: str) -> bool:
    """Whether one of the service's requests needs its own URL to be told."""
    bare = factory.all_of(factory.client(service, endpoint=GATE), full=False)
    named = factory.client(service, endpoint=f"{GATE}{SERVICE_PREFIX}{service}")
    return any(
        made is not None and not _is_told(made) and _is_told(factory.make_one(named, operation, full=False))
        for operation, made in bare
    )


def _is_told(made: Made | None) -> bool:
    return made is not None and identify(made.method, made.target, made.headers, made.body) == (made.name,)


def test_shared_names() -> None:
    """Of the services that share a signing name those have a URL of their own whose requests need it to be told."""
    loader = Loader()
    services: dict[str, set[str]] = defaultdict(set)
    suffixes: dict[str, str] = {}
    for service in loader.list_available_services("service-2"):
        metadata = _metadata(service, loader.determine_latest_version(service, "service-2"))
        rules = loader.load_service_model(service, "endpoint-rule-set-1")
        for name in {metadata.get("signingName", metadata["endpointPrefix"]), *_signing_names(rules)}:
            services[name].add(service)
        suffixes[service] = hyphenize_service_id(metadata["serviceId"]).replace("-", "_").upper()
    factory = Factory()
    sharing = sorted({service for group in services.values() if len(group) > 1 for service in group})
    untold = {service: suffixes[service] for service in sharing if _has_untold(factory, service)}
    assert dict(SHARED) == untold, f"SHARED must be {untold}"
