"""An `aws` command line to the AWS call that it makes, for explanations: the aws gate decides on the call itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from supervisor.parse.grammars import GRAMMARS
from supervisor.parse.opaque import Opaque, is_known, readable
from supervisor.parse.scan import options_in, possible_words

_GRAMMAR = GRAMMARS["aws"]
# Words that the API spells in capitals, by service (AWS service authorization reference).
_SPELLED: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "rds": {"db": "DB", "az": "AZ", "ec2": "EC2", "http": "Http"},
        "iam": {"saml": "SAML", "mfa": "MFA", "ssh": "SSH", "open": "Open", "id": "ID"},
        "ec2": {"vpc": "Vpc", "nat": "Nat", "dhcp": "Dhcp", "ebs": "Ebs"},
        "cloudfront": {"vpc": "Vpc"},
        "s3api": {"acl": "Acl"},
        "sts": {"saml": "SAML", "mfa": "MFA"},
        "kms": {},
        "dynamodb": {},
        "lambda": {},
    }
)
_IAM: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {  # where the IAM action is not called as the operation
        ("s3", "ls"): ("s3:ListBucket",),
        ("s3", "mb"): ("s3:CreateBucket",),
        ("s3", "rb"): ("s3:DeleteBucket",),
        ("s3", "rm"): ("s3:DeleteObject",),
        ("s3", "presign"): ("s3:GetObject",),
        ("s3", "website"): ("s3:PutBucketWebsite",),
        ("s3api", "list-buckets"): ("s3:ListAllMyBuckets",),
        ("s3api", "list-objects"): ("s3:ListBucket",),
        ("s3api", "list-objects-v2"): ("s3:ListBucket",),
        ("s3api", "list-object-versions"): ("s3:ListBucketVersions",),
        ("s3api", "head-bucket"): ("s3:ListBucket",),
        ("s3api", "head-object"): ("s3:GetObject",),
        ("s3api", "delete-objects"): ("s3:DeleteObject",),
        ("s3api", "copy-object"): ("s3:GetObject", "s3:PutObject"),
        ("s3api", "put-bucket-encryption"): ("s3:PutEncryptionConfiguration",),
        ("s3api", "delete-bucket-encryption"): ("s3:PutEncryptionConfiguration",),
        ("s3api", "get-bucket-encryption"): ("s3:GetEncryptionConfiguration",),
        ("s3api", "put-public-access-block"): ("s3:PutBucketPublicAccessBlock",),
        ("s3api", "delete-public-access-block"): ("s3:PutBucketPublicAccessBlock",),
        ("s3api", "put-bucket-lifecycle-configuration"): ("s3:PutLifecycleConfiguration",),
        ("lambda", "invoke"): ("lambda:InvokeFunction",),
    }
)
_CALLED = MappingProxyType({"s3api": "s3"})
# Options that name a resource: by service, option → ARN with the value for {}.
_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "rds": {
            "--db-instance-identifier": "arn:aws:rds:{region}:*:db:{}",
            "--db-cluster-identifier": "arn:aws:rds:{region}:*:cluster:{}",
            "--db-snapshot-identifier": "arn:aws:rds:{region}:*:snapshot:{}",
        },
        "ec2": {
            "--instance-ids": "arn:aws:ec2:{region}:*:instance/{}",
            "--instance-id": "arn:aws:ec2:{region}:*:instance/{}",
            "--volume-id": "arn:aws:ec2:{region}:*:volume/{}",
            "--snapshot-id": "arn:aws:ec2:{region}::snapshot/{}",
            "--vpc-id": "arn:aws:ec2:{region}:*:vpc/{}",
            "--group-id": "arn:aws:ec2:{region}:*:security-group/{}",
        },
        "iam": {
            "--user-name": "arn:aws:iam::*:user/{}",
            "--role-name": "arn:aws:iam::*:role/{}",
            "--group-name": "arn:aws:iam::*:group/{}",
            "--policy-arn": "{}",
        },
        "cloudfront": {
            "--distribution-id": "arn:aws:cloudfront::*:distribution/{}",
            "--id": "arn:aws:cloudfront::*:distribution/{}",
        },
        "dynamodb": {"--table-name": "arn:aws:dynamodb:{region}:*:table/{}"},
        "kms": {"--key-id": "arn:aws:kms:{region}:*:key/{}"},
        "lambda": {"--function-name": "arn:aws:lambda:{region}:*:function:{}"},
    }
)


@dataclass(frozen=True, slots=True)
class AwsCommand:
    """The call that a command line makes: IAM actions, and ARN patterns (`()` = the resource cannot be told)."""

    service: str
    operation: str
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ()
    region: str = ""
    profile: str = ""


def aws_command(args: Sequence[str]) -> AwsCommand | Opaque:
    """Read the arguments behind `aws`; `Opaque` when the call cannot be told. Never raises."""
    shown = " ".join(readable(word) for word in args[:40])
    words, _ = possible_words(args[:200], _GRAMMAR)
    given, _ = options_in(args[:2000], _GRAMMAR, None)
    if len(words) < 2 or not all(is_known(word) for word in words[:2]):
        return Opaque(shown, "no service and operation among the words")
    service, operation = words[0], words[1]
    front, _ = options_in(args[: args.index(service)], _GRAMMAR, None)
    if any(option.doubtful for option in front):
        return Opaque(shown, "an option in front of the service that we do not know")
    values = {option.name: option.value for option in given if option.value is not None and is_known(option.value)}
    region = values.get("--region") or ""
    actions = _actions(service, operation, words)
    if not actions:
        return Opaque(shown, f"the actions of `aws {service} {operation}` are not in our table")
    flags = {option.name for option in given}
    if service == "s3":
        resources = _objects(words[2:4], operation, many="--recursive" in flags or operation == "sync")
        if operation == "sync" and "--delete" in flags:
            actions = (*actions, "s3:DeleteObject")
    elif service == "s3api":
        resources = _bucket(values, many=operation == "delete-objects")
    else:
        resources = _named(service, _parameters(args), region)
    return AwsCommand(
        _CALLED.get(service, service), operation, actions, resources, region, values.get("--profile") or ""
    )


def _parameters(args: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Each long option with the words behind it up to the next one, as the aws command reads its parameters."""
    found: dict[str, tuple[str, ...]] = {}
    name = ""
    for word in args[:2000]:
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            found[name] = (value,) if equals else ()
        elif name:
            found[name] = (*found[name], word)
    return found


def _actions(service: str, operation: str, words: Sequence[str]) -> tuple[str, ...]:
    known = _IAM.get((service, operation))
    if service == "s3" and operation == "ls" and len(words) == 2:
        return ("s3:ListAllMyBuckets",)
    if known is not None:
        return known
    if service == "s3":
        return _transfer(operation, words[2:])
    spelled = _SPELLED.get(service)
    if spelled is None or not operation.replace("-", "").isalnum():
        return ()
    name = "".join(spelled.get(part, part[:1].upper() + part[1:]) for part in operation.split("-"))
    return (f"{_CALLED.get(service, service)}:{name}",)


def _transfer(operation: str, places: Sequence[str]) -> tuple[str, ...]:
    if operation not in ("cp", "mv", "sync") or len(places) < 2:
        return ()
    source, target = places[0].startswith("s3://"), places[1].startswith("s3://")
    actions = []
    if source:
        actions.append("s3:GetObject")
        if operation == "mv":
            actions.append("s3:DeleteObject")
    if target:
        actions.append("s3:PutObject")
    if operation == "sync":
        actions.append("s3:ListBucket")
    return tuple(actions)


def _objects(places: Sequence[str], operation: str, *, many: bool) -> tuple[str, ...]:
    found = []
    for place in places:
        if place.startswith("s3://") and is_known(place):
            bucket, _, key = place.removeprefix("s3://").partition("/")
            whole = operation in ("ls", "mb", "rb", "website")
            found.append(f"arn:aws:s3:::{bucket}" if whole else f"arn:aws:s3:::{bucket}/{key}{'*' if many else ''}")
    return tuple(found)


def _bucket(values: Mapping[str, str | None], *, many: bool) -> tuple[str, ...]:
    bucket, key = values.get("--bucket"), "*" if many else values.get("--key")
    if not bucket:
        return ()
    return (f"arn:aws:s3:::{bucket}/{key}",) if key else (f"arn:aws:s3:::{bucket}",)


def _named(service: str, pairs: Mapping[str, tuple[str, ...]], region: str) -> tuple[str, ...]:
    found = []
    for option, pattern in _NAMES.get(service, {}).items():
        for value in pairs.get(option, ()):
            if is_known(value):
                filled = pattern.replace("{region}", region or "*").replace("{}", value)
                found.append(value if value.startswith("arn:") else filled)
    return tuple(found)
