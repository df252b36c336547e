"""An AWS call in plain words: what it does to which things, where, and what was looked up of them.

Everything returned went through `visible`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Final

from supervisor.model.request import AwsCall
from supervisor.model.visible import visible
from supervisor.policy.irreversible import VERSIONED, irreversible
from supervisor.policy.resources import common_folder, is_exact, is_object, named
from supervisor.policy.tags import UNTOLD, changes_tags

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KIND = re.compile(r"([^/:]+)[/:]")
_UNTOLD: Final = "some that cannot be told"
FEW: Final = 3
LISTED: Final = 8
"""Resources that are written out one a row; more are told together."""

_SERVICES: Final = {
    "acm": "ACM",
    "backup": "Backup",
    "cloudformation": "CloudFormation",
    "cloudfront": "CloudFront",
    "cloudtrail": "CloudTrail",
    "dynamodb": "DynamoDB",
    "ec2": "EC2",
    "ecr": "ECR",
    "ecs": "ECS",
    "eks": "EKS",
    "elasticache": "ElastiCache",
    "elasticfilesystem": "EFS",
    "elasticloadbalancing": "ELB",
    "es": "OpenSearch",
    "events": "EventBridge",
    "iam": "IAM",
    "kinesis": "Kinesis",
    "kms": "KMS",
    "lambda": "Lambda",
    "logs": "CloudWatch",
    "rds": "RDS",
    "redshift": "Redshift",
    "route53": "Route 53",
    "s3": "S3",
    "secretsmanager": "Secrets Manager",
    "sns": "SNS",
    "sqs": "SQS",
    "ssm": "SSM",
    "states": "Step Functions",
}
_NOUNS: Final = {
    ("s3", "object"): ("object", ("object", "objectversion")),
    ("rds", "db"): ("RDS instance", ("dbinstance",)),
    ("rds", "cluster"): ("RDS cluster", ("dbcluster",)),
    ("rds", "snapshot"): ("RDS snapshot", ("dbsnapshot",)),
    ("rds", "cluster-snapshot"): ("RDS cluster snapshot", ("dbclustersnapshot",)),
    ("rds", "auto-backup"): ("automated backups of the RDS instance", ("dbinstanceautomatedbackup",)),
    ("ec2", "volume"): ("EBS volume", ("volume",)),
    ("ec2", "snapshot"): ("EBS snapshot", ("snapshot",)),
    ("sqs", ""): ("SQS queue", ("queue",)),
    ("sns", ""): ("SNS topic", ("topic",)),
    ("elasticache", "cluster"): ("ElastiCache cluster", ("cachecluster",)),
    ("elasticache", "replicationgroup"): ("ElastiCache replication group", ("replicationgroup",)),
    ("elasticloadbalancing", "loadbalancer"): ("load balancer", ("loadbalancer",)),
    ("route53", "hostedzone"): ("hosted zone", ("hostedzone",)),
    ("secretsmanager", "secret"): ("secret", ("secret",)),
    ("logs", "log-group"): ("log group", ("loggroup",)),
    ("iam", "mfa"): ("MFA device", ("mfadevice", "virtualmfadevice")),
}
_VERBS: Final = {"Modify": "Change", "Update": "Change", "Describe": "Look at", "Head": "Look at", "Get": "Read"}
_TELLING: Final = {
    "irreversible: no final snapshot is taken": "without a final snapshot",
    "irreversible: the automated backups go too": "with its automated backups",
    "irreversible: the images go too": "with its images",
}
"""Notes that belong into the first sentence."""
_OBJECT_VERBS: Final = {"Put": "Write", "Upload": "Write", "Copy": "Copy to"}


def action_names(call: AwsCall) -> str:
    """The IAM actions; the operation where they are not known."""
    return visible(", ".join(call.actions) or f"{call.service}:{call.operation}")


def headline(call: AwsCall) -> str:
    """What happens if this is allowed: `Delete 1,204 objects under s3://shop-logs/2025/`."""
    operation = call.operation or (call.actions[0].partition(":")[2] if call.actions else "Call")
    words = _CAMEL.sub(" ", operation).split(" ")
    if words[0] == "Batch" and len(words) > 1:
        words = words[1:]
    verb, rest = words[0], words[1:]
    what = things(call.resources)
    said = [_VERBS.get(verb, verb), *(word if word.isupper() else word.lower() for word in rest)]
    if call.level == "tagging" and changes_tags(call):
        told = _tagging(call, verb, what)
    elif call.resources == ("*",):
        told = " ".join(said)
    elif not rest or _is_named(rest, call.resources):
        objects = all(is_object(arn) for arn in call.resources)
        told = f"{_OBJECT_VERBS.get(verb, said[0]) if objects else said[0]} {what}"
    else:
        told = f"{' '.join(said)}: {what}"
    return ", ".join((visible(told), *(text for note, text in _TELLING.items() if note in call.notes)))


def _tagging(call: AwsCall, verb: str, what: str) -> str:
    if verb in ("Untag", "Remove", "Delete"):
        keys = ", ".join(key if key != UNTOLD else _UNTOLD for key, _ in call.request_tags)
        return f"Remove the tags {keys or _UNTOLD} from {what}"
    return f"Tag {what} with {pairs(call.request_tags) or _UNTOLD}"


def _is_named(rest: list[str], arns: tuple[str, ...]) -> bool:
    """True when the operation's words say no more than what kind of thing it is about."""
    wanted = "".join(rest).casefold()
    forms = {wanted, wanted.removesuffix("s"), wanted.removesuffix("es")}
    kinds = {_kind(arn) for arn in arns}
    return bool(kinds) and all(forms.intersection(_operation_nouns(*kind)) for kind in kinds)


def _operation_nouns(service: str, kind: str) -> tuple[str, ...]:
    known = _NOUNS.get((service, kind))
    return known[1] if known else (kind.replace("-", "").casefold(),)


def _kind(arn: str) -> tuple[str, str]:
    parts = arn.split(":", 5)
    if len(parts) < 6:
        return "", ""
    if parts[2] == "s3" and not parts[3] and not parts[4]:
        return "s3", "object" if "/" in parts[5] else "bucket"
    found = _KIND.match(parts[5])
    return parts[2], found[1] if found else ""


def _noun(service: str, kind: str) -> str:
    known = _NOUNS.get((service, kind))
    if known:
        return known[0]
    return " ".join(part for part in (_SERVICES.get(service, service), kind.replace("-", " ")) if part) or "resource"


def _name(arn: str) -> str:
    """What the thing is called behind its kind."""
    if is_object(arn):
        return f"s3://{named(arn)}"
    service, kind = _kind(arn)
    text = named(arn)
    # A log group's ARN ends in `:*`, which names its streams.
    return text if service == "s3" or not kind else text[len(kind) + 1 :].removesuffix(":*")


def things(arns: tuple[str, ...]) -> str:
    """The resources in a few words: `the RDS instance prod`, `3 EC2 instances: i-1, i-2, i-3`."""
    if not arns:
        return "any resource (cannot be told)"
    folder = common_folder(arns) if len(arns) > 1 else ""
    if folder:
        return visible(f"{len(arns):,} objects under s3://{named(folder)}")
    kinds = {_kind(arn) for arn in arns}
    noun = _noun(*next(iter(kinds))) if len(kinds) == 1 else "resource"
    if len(arns) == 1:
        name = _name(arns[0])
        if not is_exact(arns[0].removesuffix(":*")):
            return visible(f"any {noun}" if name in ("*", "") else f"any {noun} called {_brief(name)}")
        return visible(f"the {noun} {_brief(name)}")
    names = ", ".join(_brief(_name(arn) if len(kinds) == 1 else named(arn)) for arn in arns[:FEW])
    more = f" and {len(arns) - FEW:,} more" if len(arns) > FEW else ""
    return visible(f"{len(arns):,} {_plural(noun)}: {names}{more}")


def _plural(noun: str) -> str:
    if noun.endswith("s"):
        return noun
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeou" else f"{noun}s"


def _brief(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:59]}…"


def short(call: AwsCall) -> str:
    """The call in one line."""
    if len(call.resources) > FEW:
        return f"{action_names(call)} {things(call.resources)}"
    return " ".join((action_names(call), *(visible(named(arn)) for arn in call.resources)))


def effects(call: AwsCall) -> list[tuple[str, str]]:
    """What a reader has to know, as (label, text): what it does, on what, where, their tags, and what was found."""
    lines = [("does", visible(", ".join(call.actions)) or "an action that is not understood")]
    few = call.resources if len(call.resources) <= LISTED else call.resources[:FEW]
    lines += [("on" if number == 0 else "", visible(arn)) for number, arn in enumerate(few)]
    if len(few) < len(call.resources):
        lines.append(("more", f"{len(call.resources) - len(few):,} others, all of them in the call below"))
    where = [part for part in (call.account and f"account {call.account}", call.region) if part]
    lines += [("where", visible(" · ".join(where)))] if where else []
    if call.tags is not None:
        lines.append(("tags", visible(pairs(call.tags)) or "none" + (" that all have" if call.some_tags else "")))
        lines += [("", visible(f"some have {pairs(call.some_tags)}"))] if call.some_tags else []
    if call.request_tags:
        lines.append(("sets", visible(f"tags {pairs(call.request_tags)}")))
    lines += [("note", visible(note)) for note in call.notes]
    if VERSIONED in call.facts and not irreversible(call) and any("delete" in name.casefold() for name in call.actions):
        lines.append(("note", "can be undone: the bucket keeps a version of what is deleted"))
    found = " · ".join(f"{label} {text}" for label, text in _grouped(call.facts))
    return lines + ([("found", visible(found))] if found else [])


def pairs(tags: Iterable[tuple[str, str]]) -> str:
    """Tags as people write them."""
    return ", ".join(f"{key}={value}" if key != UNTOLD else _UNTOLD for key, value in tags)


def _grouped(facts: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each label once, with what was found under it: the first few, and a count."""
    found: dict[str, list[str]] = {}
    for label, text in facts:
        found.setdefault(label, []).append(text)
    return [
        (label, ", ".join(texts[:FEW]) + (f" and {len(texts) - FEW:,} more" if len(texts) > FEW else ""))
        for label, texts in found.items()
    ]


def raw(call: AwsCall) -> tuple[str, str]:
    """The whole call as (how much of what, text). Every resource is there; many of one folder stand in words below it.

    Words are quoted as a shell would want them, so that no two calls give the same text.
    """
    count = len(call.resources)
    amount = f"{count:,} resource" if count == 1 else f"{count:,} resources"
    folder = common_folder(call.resources) if count > LISTED else ""
    if not folder:
        return amount, "\n".join((action_names(call), *(visible(arn) for arn in call.resources)))
    keys = " ".join(shlex.quote(visible(arn[len(folder) :])) for arn in call.resources)
    return amount, f"{action_names(call)}\n{visible(folder)}\n{keys}"
