"""What the pretend company runs: the resources in its cloud, as its terraform files and its state name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-central-1"
BUCKET: Final = "example-shop-site"
UPLOADS: Final = "example-shop-uploads"
DISTRIBUTION: Final = "E1EXAMPLESHOP"
ACCESS_CONTROL: Final = "E2EXAMPLEOAC"
CLUSTER: Final = "shop-cluster"
DATABASE: Final = "shop-production"
SUBNETS: Final = "shop-db-subnets"
ROWS: Final = 1_943_200
"""Rows of the database in the story; the embedded AWS keeps databases, not what is in them."""
SNAPSHOTS: Final = 12


@dataclass(frozen=True, slots=True)
class Resource:
    """`type` and `name` as in terraform (`aws_s3_bucket.site`), `id` as in the cloud, `file` the one in `infra/`.

    What EC2 chooses ids for is known by its `Name` tag here: the ids are made when the cloud is.
    """

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
        Resource("aws_cloudfront_origin_access_control", "site", ACCESS_CONTROL, "site.tf"),
        Resource("aws_s3_bucket_public_access_block", "site", BUCKET, "site.tf"),
        Resource("aws_s3_bucket", "site", BUCKET, "site.tf"),
        Resource("aws_ecs_service", "shop", "shop-service", "production.tf"),
        Resource("aws_ecs_cluster", "shop", CLUSTER, "production.tf"),
        Resource("aws_lb", "shop", "shop-lb", "production.tf"),
        Resource("aws_db_instance", "production", DATABASE, "production.tf"),
        Resource("aws_db_subnet_group", "production", SUBNETS, "production.tf"),
        Resource("aws_s3_bucket", "uploads", UPLOADS, "production.tf"),
        Resource("aws_security_group", "shop", "shop-sg", "production.tf"),
        Resource("aws_subnet", "a", "shop-a", "production.tf"),
        Resource("aws_subnet", "b", "shop-b", "production.tf"),
        Resource("aws_vpc", "shop", "shop-vpc", "production.tf"),
    )
