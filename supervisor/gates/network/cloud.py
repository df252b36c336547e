"""Which hosts are a cloud provider's API: those are reached by the aws gate alone, never by a tunnel."""

from __future__ import annotations

# DNS suffixes of every AWS partition (botocore, data/partitions.json: dnsSuffix and dualStackDnsSuffix), function and
# gateway URLs, and the sign-in pages that hand out credentials.
SUFFIXES = (
    "amazonaws.com",
    "api.aws",
    "on.aws",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    "on.amazonwebservices.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
    "on.amazonwebservices.eu",
    "c2s.ic.gov",
    "api.aws.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.scloud",
    "cloud.adc-e.uk",
    "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
    "signin.aws.amazon.com",
    "console.aws.amazon.com",
    "signin.aws",
    "awsapps.com",
)
MESSAGE = "cloud APIs are never tunnelled: only the aws gate reaches them"


def is_cloud_endpoint(host: str) -> bool:
    """True for the API, function and sign-in hosts of a cloud provider; `host` is canonical."""
    return any(host == suffix or host.endswith("." + suffix) for suffix in SUFFIXES)
