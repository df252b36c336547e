"""The ARNs of a session policy: those of a scope's rules for one service, and those of one call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from supervisor.policy.glob import ARN_PARTS, covers_arn, matches
from supervisor.policy.scope import Rule
from supervisor.policy.session_policy_statement import literal, without_wildcards

ANY: Final = ("*",)
# Whose actions work on other services' ARNs, as AWS's Service Authorization Reference has it (a backup's recovery
# point is an EC2 snapshot, a web ACL is put on a load balancer).
_ELSEWHERE: Final = frozenset(
    """
    access-analyzer application-autoscaling backup backup-gateway cloudfront-keyvaluestore codeconnections
    codestar-connections datasync dlm ds-data ec2-instance-connect inspector2 kafka-cluster neptune-db oam pi rbin
    rds-data rds-db redshift-data resource-groups s3-object-lambda securityhub servicecatalog shield ssm ssm-sap sts
    synthetics tag verified-access waf-regional wafv2
    """.split()
)
# Whose ARNs, or some of them, have no account in them.
_WITHOUT_ACCOUNT: Final = frozenset(
    """
    apigateway aws-marketplace cloudfront ec2 elasticbeanstalk execute-api health iam imagebuilder route53
    route53-recovery-control route53-recovery-readiness s3 servicecatalog ssm
    """.split()
)
# What calls that make something need beside what they name; AWS's Service Authorization Reference, "Resource types".
_GROUPS: Final = ("og:", "pg:", "cluster-pg:", "subgrp:", "secgrp:")
_IMPLIED: Final = (
    ("ec2:RunInstances", ("instance/", "network-interface/", "security-group/", "subnet/", "volume/")),
    ("ec2:CreateFleet", ("fleet/", "instance/", "network-interface/", "security-group/", "subnet/", "volume/")),
    ("rds:CreateDB*", _GROUPS),
    ("rds:ModifyDB*", _GROUPS),
    ("rds:RestoreDB*", _GROUPS),
    ("elasticache:Create*", ("parametergroup:", "securitygroup:", "subnetgroup:")),
)


def resources_of(rule: Rule, service: str, account: str) -> tuple[str, ...]:
    """The resources of a rule for `service`; empty where it can match none of them, `("*",)` without `on`.

    `account` is put where an ARN of a service that has accounts in its ARNs leaves it out; empty = `*`.
    """
    if not rule.on or "*" in rule.on:
        return ANY
    arns = [parts for on in rule.on if (parts := _parts(on)) is not None]
    own = [parts for parts in arns if matches(parts[2], service)]
    named = {pattern.partition(":")[0].lower() for pattern in rule.patterns}
    if own and service not in _ELSEWHERE:
        # ARNs of the other services that the rule names are for their sessions.
        arns = [parts for parts in arns if parts in own or parts[2] not in named]
    made = []
    for parts in arns:
        if "*" in parts[2] or "?" in parts[2]:
            if service in _ELSEWHERE:
                return ANY
            if parts not in own:
                continue
            parts = [*parts[:2], service, *parts[3:]]
        if not parts[4] and parts[2] not in _WITHOUT_ACCOUNT:
            parts = [*parts[:4], account or "*", parts[5]]
        made.append(":".join(parts))
    return tuple(literal(arn) for arn in _widest(made))


def _parts(arn: str) -> list[str] | None:
    """The six parts of an ARN pattern that can match something at AWS."""
    parts = arn.split(":", ARN_PARTS - 1)
    if len(parts) != ARN_PARTS or parts[0] != "arn" or not parts[5]:
        return None
    # A parameter that was left empty makes `arn:aws:s3:::/*` and `distribution/`.
    if (parts[2] == "s3" and parts[5].startswith("/")) or parts[5].endswith(("/", ":")):
        return None
    return parts


def _widest(arns: Iterable[str]) -> list[str]:
    """Without those that another one covers."""
    unique = list(dict.fromkeys(arns))
    return [
        arn
        for arn in unique
        if not any(other != arn and "?" not in other and covers_arn(other, arn) for other in unique)
    ]


def resources_of_call(actions: Iterable[str], arns: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The resources of one call, exactly at first, then wider and fewer for a call with more than a policy can name."""
    every = list(dict.fromkeys(arns))
    if not every or any(arn.count(":") < ARN_PARTS - 1 or not arn.startswith("arn:") for arn in every):
        yield ANY
        return
    every += _implied(actions, every)
    yield tuple(_itself(arn) for arn in every)
    yield tuple(_widest(_folder(arn) for arn in every))
    yield tuple(_widest(_kind(arn) for arn in every))
    yield ANY


def _implied(actions: Iterable[str], arns: list[str]) -> list[str]:
    """The kinds of resources that AWS checks too although a call does not name one: a default group, a new volume."""
    made = []
    for action in actions:
        place = next((arn.split(":")[:5] for arn in arns if arn.split(":")[2] == action.partition(":")[0]), None)
        for pattern, kinds in _IMPLIED if place else ():
            if matches(pattern, action) and place:
                place[4] = place[4] or next((parts[4] for arn in arns if (parts := arn.split(":"))[4]), "*")
                named = tuple(":".join(arn.split(":")[5:]) for arn in arns)
                made += [":".join((*place, kind + "*")) for kind in kinds if not any(n.startswith(kind) for n in named)]
    return list(dict.fromkeys(made))


def _itself(arn: str) -> str:
    parts = arn.split(":", ARN_PARTS - 1)
    bucket, slash, key = parts[5].partition("/")
    if parts[2] != "s3" or not slash or parts[4]:
        return literal(arn)
    # In the name of an object `*` is a character like others; at its end it stands for all of a folder.
    folder, star = (key[:-1], "*") if key.endswith("/*") or key == "*" else (key, "")
    return ":".join((*parts[:5], literal(bucket))) + slash + without_wildcards(folder) + star


def _folder(arn: str) -> str:
    made = _itself(arn)
    return made.rpartition("/")[0] + "/*" if "/" in made else made


def _kind(arn: str) -> str:
    parts = arn.split(":", ARN_PARTS - 1)
    resource = parts[5]
    for sign in ("/", ":"):
        if sign in resource:
            resource = resource.partition(sign)[0] + sign
            return literal(":".join((*parts[:5], resource))) + "*"
    return literal(arn)
