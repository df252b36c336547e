"""The tags of one resource, asked from the service that it belongs to.

Whatever is not certain raises: an answer of several pages, a kind of thing that is not known here, an error of AWS.
Source of the operations: the services' API references, by way of botocore's models.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from supervisor.gates.aws.lookups_clients import HOME_REGION, CannotTell, Clients

Tags = tuple[tuple[str, str], ...]
MOST_AT_ONCE: Final = 100
"""Resources of one GetResources call (Resource Groups Tagging API) and of one DescribeTags call (EC2)."""

_EC2_ID = re.compile(r"[a-z]+(?:-[a-z]+)*-[0-9a-f]{8,17}\Z")
_KEYS, _VALUES = ("Key", "TagKey", "key"), ("Value", "TagValue", "value")

# ARN service: (client, operation, parameter that takes the ARN, member with the tags)
_BY_ARN: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "rds": ("rds", "list_tags_for_resource", "ResourceName", "TagList"),
    "elasticache": ("elasticache", "list_tags_for_resource", "ResourceName", "TagList"),
    "sns": ("sns", "list_tags_for_resource", "ResourceArn", "Tags"),
    "logs": ("logs", "list_tags_for_resource", "resourceArn", "tags"),
    "ecs": ("ecs", "list_tags_for_resource", "resourceArn", "tags"),
    "eks": ("eks", "list_tags_for_resource", "resourceArn", "tags"),
    "ecr": ("ecr", "list_tags_for_resource", "resourceArn", "tags"),
    "states": ("stepfunctions", "list_tags_for_resource", "resourceArn", "tags"),
    "events": ("events", "list_tags_for_resource", "ResourceARN", "Tags"),
    "acm": ("acm", "list_tags_for_certificate", "CertificateArn", "Tags"),
    "es": ("opensearch", "list_tags", "ARN", "TagList"),
    "cloudwatch": ("cloudwatch", "list_tags_for_resource", "ResourceARN", "Tags"),
    "backup": ("backup", "list_tags", "ResourceArn", "Tags"),
    "secretsmanager": ("secretsmanager", "describe_secret", "SecretId", "Tags"),
}
# ARN kind: (operation, parameter), all of IAM
_IAM: Final[Mapping[str, tuple[str, str]]] = {
    "role": ("list_role_tags", "RoleName"),
    "user": ("list_user_tags", "UserName"),
    "policy": ("list_policy_tags", "PolicyArn"),
    "instance-profile": ("list_instance_profile_tags", "InstanceProfileName"),
    "server-certificate": ("list_server_certificate_tags", "ServerCertificateName"),
}


def plain(arn: str) -> str:
    """An ARN as the tag operations take it: a log group without the `:*` that names its streams."""
    return arn.removesuffix(":*") if ":log-group:" in arn else arn


def tags_of(clients: Clients, arn: str) -> dict[str, str]:
    """The tags of a thing. Raises `CannotTell`, or what botocore raises."""
    parts = arn.split(":", 5)
    service, region, rest = parts[2], parts[3], parts[5]
    known = _BY_ARN.get(service)
    if known is not None:
        client, operation, parameter, member = known
        answer = clients.whole(client, region or HOME_REGION, operation, **{parameter: _whole(service, arn)})
        return tags_in(answer.get(member))
    own = _OWN.get(service)
    if own is None:
        raise CannotTell(f"the tags of {service} are not looked up")
    return own(clients, region or HOME_REGION, rest, arn)


def tags_in(listed: Any) -> dict[str, str]:
    """Tags as services list them: a mapping, or a list of keys and values. Raises `CannotTell` for anything else."""
    if listed is None:
        return {}
    if isinstance(listed, Mapping):
        pairs: Iterable[tuple[Any, Any]] = listed.items()
    elif isinstance(listed, list):
        pairs = [(_member(item, _KEYS), _member(item, _VALUES)) for item in listed]
    else:
        raise CannotTell("tags of an unknown shape")
    found: dict[str, str] = {}
    for key, value in pairs:
        if not isinstance(key, str) or not isinstance(value, str | None):
            raise CannotTell("a tag of an unknown shape")
        found[key] = value or ""
    return found


def _member(item: Any, names: tuple[str, ...]) -> Any:
    if not isinstance(item, Mapping):
        raise CannotTell("a tag of an unknown shape")
    return next((item[name] for name in names if name in item), None)


def ec2_tags(clients: Clients, region: str, arns: list[str]) -> dict[str, dict[str, str]]:
    """The tags of things of EC2 in one region, by ARN, at most `MOST_AT_ONCE`. Raises as `tags_of`."""
    by_id = {arn.rpartition("/")[2]: arn for arn in arns}
    if len(by_id) != len(arns) or not all(_EC2_ID.match(name) for name in by_id):
        raise CannotTell("a thing of EC2 that is not named by its id")
    wanted = [{"Name": "resource-id", "Values": sorted(by_id)}]
    answer = clients.whole("ec2", region, "describe_tags", Filters=wanted)
    found: dict[str, dict[str, str]] = {arn: {} for arn in arns}
    for tag in answer.get("Tags", ()):
        found[by_id[tag["ResourceId"]]][tag["Key"]] = tag.get("Value", "")
    return found


def grouped_tags(clients: Clients, region: str, arns: list[str]) -> dict[str, dict[str, str]]:
    """What the Resource Groups Tagging API knows of these things, by ARN, at most `MOST_AT_ONCE`.

    It leaves out what never had a tag and what it does not support: those are not in the answer. Raises as `tags_of`.
    """
    answer = clients.whole("resourcegroupstaggingapi", region, "get_resources", ResourceARNList=arns)
    wanted = set(arns)
    found = {item["ResourceARN"]: tags_in(item.get("Tags")) for item in answer.get("ResourceTagMappingList", ())}
    return {arn: tags for arn, tags in found.items() if arn in wanted}


# ── services that want more than the ARN ─────────────────────────────────────────────────────────


def _whole(service: str, arn: str) -> str:
    parts = arn.split(":")
    # A subscription has no tags of its own: it is its topic's.
    return ":".join(parts[:6]) if service == "sns" else arn


def _s3(clients: Clients, region: str, rest: str, arn: str) -> dict[str, str]:
    if "/" in rest or arn.split(":", 5)[3]:
        raise CannotTell("the tags of objects and access points are not looked up")
    try:
        return tags_in(clients.call("s3", region, "get_bucket_tagging", Bucket=rest).get("TagSet"))
    except Exception as error:
        if error_code(error) == "NoSuchTagSet":
            return {}
        raise


def error_code(error: Exception) -> str:
    """AWS's code of an error; empty for errors of another kind."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return code if isinstance(code, str) else ""


def _iam(clients: Clients, region: str, rest: str, arn: str) -> dict[str, str]:
    kind, _, name = rest.partition("/")
    if kind not in _IAM:
        raise CannotTell(f"the tags of IAM's {kind} are not looked up")
    operation, parameter = _IAM[kind]
    named = arn if kind == "policy" else name.rpartition("/")[2]
    return tags_in(clients.whole("iam", HOME_REGION, operation, **{parameter: named}).get("Tags"))


def _lambda(clients: Clients, region: str, rest: str, arn: str) -> dict[str, str]:
    if not rest.startswith("function:"):
        raise CannotTell("only functions have tags")
    function = ":".join(arn.split(":")[:7])  # without the version or alias behind it
    return tags_in(clients.call("lambda", region, "list_tags", Resource=function).get("Tags"))


def _dynamodb(clients: Clients, region: str, rest: str, arn: str) -> dict[str, str]:
    kind, _, name = rest.partition("/")
    if kind != "table":
        raise CannotTell("only tables have tags")
    table = arn.removesuffix(rest) + f"table/{name.partition('/')[0]}"
    return tags_in(clients.whole("dynamodb", region, "list_tags_of_resource", ResourceArn=table).get("Tags"))


def _sqs(clients: Clients, region: str, rest: str, arn: str) -> dict[str, str]:
    owner = arn.split(":")[4]
    url = clients.call("sqs", region, "get_queue_url", QueueName=rest, QueueOwnerAWSAccountId=owner)["QueueUrl"]
    return tags_in(clients.call("sqs", region, "list_queue_tags", QueueUrl=url).get("Tags"))


def _kms(clients: Clients, region: str, rest: str, arn: str) -> dict[str, str]:
    key = arn
    if rest.startswith("alias/"):
        key = clients.call("kms", region, "describe_key", KeyId=arn)["KeyMetadata"]["KeyId"]
    return tags_in(clients.whole("kms", region, "list_resource_tags", KeyId=key).get("Tags"))


def _cloudformation(clients: Clients, region: str, rest: str, arn: str) -> dict[str, str]:
    stacks = clients.whole("cloudformation", region, "describe_stacks", StackName=arn)["Stacks"]
    if len(stacks) != 1:
        raise CannotTell("not one stack")
    return tags_in(stacks[0].get("Tags"))


def _kinesis(clients: Clients, region: str, rest: str, arn: str) -> dict[str, str]:
    answer = clients.call("kinesis", region, "list_tags_for_stream", StreamName=rest.partition("/")[2])
    if answer.get("HasMoreTags"):
        raise CannotTell("more tags than one page")
    return tags_in(answer.get("Tags"))


def _efs(clients: Clients, region: str, rest: str, arn: str) -> dict[str, str]:
    answer = clients.whole("efs", region, "list_tags_for_resource", ResourceId=rest.rpartition("/")[2])
    return tags_in(answer.get("Tags"))


def _ssm(clients: Clients, region: str, rest: str, arn: str) -> dict[str, str]:
    kind, _, name = rest.partition("/")
    if kind != "parameter":
        raise CannotTell("only parameters are looked up")
    # An ARN does not tell `name` from `/name`: a path begins with the slash, and has more of them.
    name = f"/{name}" if "/" in name else name
    wanted = {"ResourceType": "Parameter", "ResourceId": name}
    return tags_in(clients.whole("ssm", region, "list_tags_for_resource", **wanted).get("TagList"))


_OWN: Final[Mapping[str, Callable[[Clients, str, str, str], dict[str, str]]]] = {
    "s3": _s3,
    "iam": _iam,
    "lambda": _lambda,
    "dynamodb": _dynamodb,
    "sqs": _sqs,
    "kms": _kms,
    "cloudformation": _cloudformation,
    "kinesis": _kinesis,
    "elasticfilesystem": _efs,
    "ssm": _ssm,
}
