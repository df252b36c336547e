"""What the pretend company runs: the resources in its cloud, as its terraform files and its state name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

BUCKET: Final = "example-shop-site"
UPLOADS: Final = "example-shop-uploads"
DISTRIBUTION: Final = "E1EXAMPLESHOP"
DATABASE: Final = "shop-production"
ROWS: Final = 1_943_200
SNAPSHOTS: Final = 12


@dataclass(frozen=True, slots=True)
class Resource:
    """`type` and `name` as in terraform (`aws_s3_bucket.site`), `id` as in the cloud, `file` the one in `infra/`."""

    type: str
    name: str
    id: str
    file: str

    @property
    def address(self) -> str:
        """What terraform calls it."""
        return f"{self.type}.{self.name}"


def resources() -> tuple[Resource, ...]:
    """All fourteen, in the order in which terraform would destroy them."""
    return (
        Resource("aws_cloudfront_distribution", "site", DISTRIBUTION, "site.tf"),
        Resource("aws_cloudfront_origin_access_control", "site", "E2OAC", "site.tf"),
        Resource("aws_s3_bucket_public_access_block", "site", f"{BUCKET}-pab", "site.tf"),
        Resource("aws_s3_bucket", "site", BUCKET, "site.tf"),
        Resource("aws_ecs_service", "shop", "shop-service", "production.tf"),
        Resource("aws_ecs_cluster", "shop", "shop-cluster", "production.tf"),
        Resource("aws_lb", "shop", "shop-lb", "production.tf"),
        Resource("aws_db_instance", "production", DATABASE, "production.tf"),
        Resource("aws_db_subnet_group", "production", "shop-db-subnets", "production.tf"),
        Resource("aws_s3_bucket", "uploads", UPLOADS, "production.tf"),
        Resource("aws_security_group", "shop", "sg-0a1b2c", "production.tf"),
        Resource("aws_subnet", "a", "subnet-0a", "production.tf"),
        Resource("aws_subnet", "b", "subnet-0b", "production.tf"),
        Resource("aws_vpc", "shop", "vpc-0c4f", "production.tf"),
    )
