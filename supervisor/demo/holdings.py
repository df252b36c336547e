"""What the demo's AWS holds: the estate at first, and what of it is there when somebody asks."""

from __future__ import annotations

from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from moto.cloudfront.models import cloudfront_backends
from moto.rds.models import rds_backends

from supervisor.demo.cloud import Left
from supervisor.demo.estate import (
    ACCESS_CONTROL,
    ACCOUNT,
    BUCKET,
    CLUSTER,
    DATABASE,
    DISTRIBUTION,
    REGION,
    SNAPSHOTS,
    SUBNETS,
    UPLOADS,
    resources,
)

_PRODUCTION: Final = [{"Key": "env", "Value": "prod"}]
_UPLOADED: Final = ("avatars.tar", b"a face" * 8_000)


class Holdings:
    """The estate in the moto at this URL, through its API as anybody would use it."""

    def __init__(self, url: str) -> None:
        self._session = boto3.Session(aws_access_key_id="demo", aws_secret_access_key="demo", region_name=REGION)
        self._config = Config(proxies={}, retries={"total_max_attempts": 1})
        self._url = url
        self._clients: dict[str, Any] = {}

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service, endpoint_url=self._url, config=self._config)
        return self._clients[service]

    # ── at first ─────────────────────────────────────────────────────────────────────────────────

    def seed(self) -> None:
        """Make the fourteen resources, the database's snapshots and what users uploaded."""
        network = self._seed_network()
        self._seed_database(network["subnets"])
        self._seed_buckets()
        self._seed_distribution()
        self._seed_services(network["subnets"], network["group"])

    def _seed_network(self) -> dict[str, Any]:
        ec2 = self._client("ec2")

        def named(kind: str, name: str) -> list[dict[str, Any]]:
            return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}, *_PRODUCTION]}]

        vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", TagSpecifications=named("vpc", "shop-vpc"))["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc,
                CidrBlock=f"10.20.{number}.0/24",
                AvailabilityZone=f"{REGION}{letter}",
                TagSpecifications=named("subnet", f"shop-{letter}"),
            )["Subnet"]["SubnetId"]
            for number, letter in enumerate("ab")
        ]
        group = ec2.create_security_group(
            GroupName="shop", Description="The shop", VpcId=vpc, TagSpecifications=named("security-group", "shop-sg")
        )["GroupId"]
        return {"subnets": subnets, "group": group}

    def _seed_database(self, subnets: list[str]) -> None:
        rds = self._client("rds")
        rds.create_db_subnet_group(
            DBSubnetGroupName=SUBNETS, DBSubnetGroupDescription="The shop's database", SubnetIds=subnets
        )
        rds.create_db_instance(
            DBInstanceIdentifier=DATABASE,
            DBInstanceClass="db.m6g.large",
            Engine="postgres",
            AllocatedStorage=500,
            MasterUsername="shop",
            MasterUserPassword="not-a-real-password",
            DBSubnetGroupName=SUBNETS,
            DeletionProtection=False,
            BackupRetentionPeriod=SNAPSHOTS,
            Tags=_PRODUCTION,
        )
        # Automated ones, which nobody can make through the API; as in the real RDS they go with their instance.
        backend = rds_backends[ACCOUNT][REGION]
        for made in rds.describe_db_snapshots(DBInstanceIdentifier=DATABASE)["DBSnapshots"]:
            backend.delete_db_snapshot(made["DBSnapshotIdentifier"])
        for day in range(1, SNAPSHOTS + 1):
            backend.create_auto_snapshot(DATABASE, f"rds:{DATABASE}-2026-02-{day + 14}-03-10")

    def _seed_buckets(self) -> None:
        s3 = self._client("s3")
        for name in (BUCKET, UPLOADS):
            s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_public_access_block(
            Bucket=BUCKET, PublicAccessBlockConfiguration={"BlockPublicAcls": True, "IgnorePublicAcls": True}
        )
        key, data = _UPLOADED
        s3.put_object(Bucket=UPLOADS, Key=key, Body=data)

    def _seed_distribution(self) -> None:
        cloudfront = self._client("cloudfront")
        config = {"Name": "site", "SigningProtocol": "sigv4", "SigningBehavior": "always", "Description": ""}
        control = cloudfront.create_origin_access_control(
            OriginAccessControlConfig={**config, "OriginAccessControlOriginType": "s3"}
        )["OriginAccessControl"]["Id"]
        made = cloudfront.create_distribution(
            DistributionConfig={
                "CallerReference": "site",
                "Comment": "The shop's site",
                "Enabled": True,
                "Origins": {
                    "Quantity": 1,
                    "Items": [{"Id": "site", "DomainName": f"{BUCKET}.s3.{REGION}.amazonaws.com"}],
                },
                "DefaultCacheBehavior": {
                    "TargetOriginId": "site",
                    "ViewerProtocolPolicy": "redirect-to-https",
                    "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
                    "MinTTL": 0,
                },
            }
        )["Distribution"]["Id"]
        # Their ids are chosen by AWS, and stand in the project's files before the cloud is there.
        backend = cloudfront_backends[ACCOUNT]["aws"]
        distribution = backend.distributions.pop(made)
        distribution.distribution_id = distribution.id = DISTRIBUTION
        distribution.arn = distribution.arn.replace(made, DISTRIBUTION)
        backend.distributions[DISTRIBUTION] = distribution
        backend.origin_access_controls[ACCESS_CONTROL] = backend.origin_access_controls.pop(control)
        backend.origin_access_controls[ACCESS_CONTROL].id = ACCESS_CONTROL

    def _seed_services(self, subnets: list[str], group: str) -> None:
        self._client("elbv2").create_load_balancer(Name="shop-lb", Subnets=subnets, SecurityGroups=[group])
        ecs = self._client("ecs")
        ecs.create_cluster(clusterName=CLUSTER)
        ecs.register_task_definition(
            family="shop", containerDefinitions=[{"name": "shop", "image": "shop", "memory": 512, "cpu": 256}]
        )
        ecs.create_service(cluster=CLUSTER, serviceName="shop-service", taskDefinition="shop", desiredCount=2)

    # ── later ────────────────────────────────────────────────────────────────────────────────────

    def left(self) -> Left:
        """What is there now."""
        rds, cloudfront = self._client("rds"), self._client("cloudfront")
        databases = rds.describe_db_instances()["DBInstances"]
        snapshots = rds.describe_db_snapshots()["DBSnapshots"]
        there = self._there()
        invalidations = (
            cloudfront.list_invalidations(DistributionId=DISTRIBUTION)["InvalidationList"]["Quantity"]
            if ("aws_cloudfront_distribution", DISTRIBUTION) in there
            else 0
        )
        return Left(
            database=any(item["DBInstanceIdentifier"] == DATABASE for item in databases),
            snapshots=sum(item["DBInstanceIdentifier"] == DATABASE for item in snapshots),
            resources=sum((item.type, item.id) in there for item in resources()),
            uploads=self._files(UPLOADS),
            site_files=self._files(BUCKET),
            invalidations=invalidations,
        )

    def _files(self, bucket: str) -> int:
        """Objects of a bucket, 0 without the bucket."""
        try:
            return int(self._client("s3").list_objects_v2(Bucket=bucket)["KeyCount"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchBucket":
                return 0
            raise

    def _there(self) -> set[tuple[str, str]]:
        """Terraform's type, and the name by which the estate knows it, of everything that exists."""
        ec2, rds, cloudfront, ecs = (self._client(name) for name in ("ec2", "rds", "cloudfront", "ecs"))
        buckets = [item["Name"] for item in self._client("s3").list_buckets()["Buckets"]]
        # What was deleted is listed as INACTIVE for a while.
        clusters = _active(ecs.describe_clusters(clusters=[CLUSTER])["clusters"])
        services = _active(ecs.describe_services(cluster=CLUSTER, services=["shop-service"])["services"])
        controls = cloudfront.list_origin_access_controls()["OriginAccessControlList"].get("Items", [])
        distributions = cloudfront.list_distributions()["DistributionList"].get("Items", [])
        kinds: dict[str, list[str]] = {
            "aws_cloudfront_distribution": [item["Id"] for item in distributions],
            "aws_cloudfront_origin_access_control": [item["Id"] for item in controls],
            "aws_s3_bucket_public_access_block": [name for name in buckets if self._blocks_public_access(name)],
            "aws_s3_bucket": buckets,
            "aws_ecs_service": [item["serviceName"] for item in services],
            "aws_ecs_cluster": [item["clusterName"] for item in clusters],
            "aws_lb": [
                item["LoadBalancerName"] for item in self._client("elbv2").describe_load_balancers()["LoadBalancers"]
            ],
            "aws_db_instance": [item["DBInstanceIdentifier"] for item in rds.describe_db_instances()["DBInstances"]],
            "aws_db_subnet_group": [
                item["DBSubnetGroupName"] for item in rds.describe_db_subnet_groups()["DBSubnetGroups"]
            ],
            "aws_security_group": _names(ec2.describe_security_groups()["SecurityGroups"]),
            "aws_subnet": _names(ec2.describe_subnets()["Subnets"]),
            "aws_vpc": _names(ec2.describe_vpcs()["Vpcs"]),
        }
        return {(kind, name) for kind, names in kinds.items() for name in names}

    def _blocks_public_access(self, bucket: str) -> bool:
        try:
            self._client("s3").get_public_access_block(Bucket=bucket)
        except ClientError:
            return False
        return True


def _active(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for item in items if item["status"] == "ACTIVE"]


def _names(items: list[dict[str, Any]]) -> list[str]:
    """Their `Name` tags."""
    return [tag["Value"] for item in items for tag in item.get("Tags", []) if tag["Key"] == "Name"]
