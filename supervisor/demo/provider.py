"""What the demo's terraform knows of AWS: how each type of resource is looked up, and how it is destroyed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from supervisor.demo.aws import CLOUDFRONT
from supervisor.demo.estate import CLUSTER
from supervisor.demo.wire import Answer, Refused, call, query, target

_RDS: Final = "2014-10-31"
_EC2: Final = "2016-11-15"
_ELB: Final = "2015-12-01"
_ECS: Final = "AmazonEC2ContainerServiceV20141113"
_PUBLIC: Final = {"publicAccessBlock": ""}


def account() -> str:
    """Whose account it is, as the provider asks before anything else. Raises `Refused`."""
    return query("sts", "GetCallerIdentity", "2011-06-15").text("Account")


def found(kind: str, name: str) -> str:
    """By what the cloud knows this resource (an id, an ARN, an ETag); empty = there is none. Raises `Refused`."""
    try:
        return _FIND[kind](name)
    except Refused as error:
        if "NotFound" in error.code or error.code.startswith("NoSuch"):
            return ""
        raise


def destroy(kind: str, name: str, handle: str) -> None:
    """Destroy what `found` gave `handle` for. Raises `Refused`."""
    _DESTROY[kind](name, handle)


# ── looking up ───────────────────────────────────────────────────────────────────────────────────


def _cloudfront(collection: str, operation: str) -> Callable[[str], str]:
    def etag(name: str) -> str:
        return call("cloudfront", operation, method="GET", path=f"{CLOUDFRONT}/{collection}/{name}").headers["etag"]

    return etag


def _by_name(operation: str, element: str) -> Callable[[str], str]:
    def identifier(name: str) -> str:
        asked = {"Filter.1.Name": "tag:Name", "Filter.1.Value.1": name}
        return query("ec2", operation, _EC2, asked).text(element)

    return identifier


def _bucket(name: str) -> str:
    call("s3", "ListObjectsV2", method="GET", path=f"/{name}", query={"list-type": "2", "max-keys": "1"})
    return name


def _public_access(name: str) -> str:
    call("s3", "GetPublicAccessBlock", method="GET", path=f"/{name}", query=_PUBLIC)
    return name


def _database(name: str) -> str:
    return query("rds", "DescribeDBInstances", _RDS, {"DBInstanceIdentifier": name}).text("DBInstanceArn")


def _subnet_group(name: str) -> str:
    return query("rds", "DescribeDBSubnetGroups", _RDS, {"DBSubnetGroupName": name}).text("DBSubnetGroupArn")


def _balancer(name: str) -> str:
    asked = {"Names.member.1": name}
    return query("elasticloadbalancing", "DescribeLoadBalancers", _ELB, asked).text("LoadBalancerArn")


def _cluster(name: str) -> str:
    return _active(target("ecs", _ECS, "DescribeClusters", {"clusters": [name]}).get("clusters", []), "clusterArn")


def _service(name: str) -> str:
    answer = target("ecs", _ECS, "DescribeServices", {"cluster": CLUSTER, "services": [name]})
    return _active(answer.get("services", []), "serviceArn")


def _active(listed: list[dict[str, str]], member: str) -> str:
    return next((item[member] for item in listed if item.get("status") == "ACTIVE"), "")


_FIND: Final[dict[str, Callable[[str], str]]] = {
    "aws_cloudfront_distribution": _cloudfront("distribution", "GetDistribution"),
    "aws_cloudfront_origin_access_control": _cloudfront("origin-access-control", "GetOriginAccessControl"),
    "aws_s3_bucket_public_access_block": _public_access,
    "aws_s3_bucket": _bucket,
    "aws_ecs_service": _service,
    "aws_ecs_cluster": _cluster,
    "aws_lb": _balancer,
    "aws_db_instance": _database,
    "aws_db_subnet_group": _subnet_group,
    "aws_security_group": _by_name("DescribeSecurityGroups", "groupId"),
    "aws_subnet": _by_name("DescribeSubnets", "subnetId"),
    "aws_vpc": _by_name("DescribeVpcs", "vpcId"),
}


# ── destroying ───────────────────────────────────────────────────────────────────────────────────


def _end_cloudfront(collection: str, operation: str) -> Callable[[str, str], Answer]:
    def end(name: str, etag: str) -> Answer:
        path = f"{CLOUDFRONT}/{collection}/{name}"
        return call("cloudfront", operation, method="DELETE", path=path, headers={"If-Match": etag})

    return end


def _end_bucket(name: str, handle: str) -> Answer:
    """As with `force_destroy`: a bucket is emptied first."""
    while keys := call("s3", "ListObjectsV2", method="GET", path=f"/{name}", query={"list-type": "2"}).texts("Key"):
        for key in keys:
            call("s3", "DeleteObject", method="DELETE", path=f"/{name}/{quote(key, safe='/~')}")
    return call("s3", "DeleteBucket", method="DELETE", path=f"/{name}")


def _end_ec2(operation: str, parameter: str) -> Callable[[str, str], Answer]:
    return lambda name, identifier: query("ec2", operation, _EC2, {parameter: identifier})


_DESTROY: Final[dict[str, Callable[[str, str], object]]] = {
    "aws_cloudfront_distribution": _end_cloudfront("distribution", "DeleteDistribution"),
    "aws_cloudfront_origin_access_control": _end_cloudfront("origin-access-control", "DeleteOriginAccessControl"),
    "aws_s3_bucket_public_access_block": lambda name, _: call(
        "s3", "DeletePublicAccessBlock", method="DELETE", path=f"/{name}", query=_PUBLIC
    ),
    "aws_s3_bucket": _end_bucket,
    "aws_ecs_service": lambda name, _: target(
        "ecs", _ECS, "DeleteService", {"cluster": CLUSTER, "service": name, "force": True}
    ),
    "aws_ecs_cluster": lambda name, _: target("ecs", _ECS, "DeleteCluster", {"cluster": name}),
    "aws_lb": lambda _, arn: query("elasticloadbalancing", "DeleteLoadBalancer", _ELB, {"LoadBalancerArn": arn}),
    "aws_db_instance": lambda name, _: query(
        "rds", "DeleteDBInstance", _RDS, {"DBInstanceIdentifier": name, "SkipFinalSnapshot": "true"}
    ),
    "aws_db_subnet_group": lambda name, _: query("rds", "DeleteDBSubnetGroup", _RDS, {"DBSubnetGroupName": name}),
    "aws_security_group": _end_ec2("DeleteSecurityGroup", "GroupId"),
    "aws_subnet": _end_ec2("DeleteSubnet", "SubnetId"),
    "aws_vpc": _end_ec2("DeleteVpc", "VpcId"),
}
