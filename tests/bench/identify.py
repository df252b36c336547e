"""`identify` on every operation that botocore models, written by its own clients: what is named, and how fast."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from typing import Any

from supervisor.parse.aws_http import AwsRequest, identify, read
from tests.corpus.aws_requests import GATE, Factory, Made, comparable

LIMIT_US = 20.0
LIMIT_MB = 20.0
ROUNDS = 5
# Operation and successor that are one request on the wire.
_TWINS = {
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
}
# way in, endpoint, all parameters?
_WAYS = (
    ("host", None, False),
    ("host_full", None, True),
    ("shared_endpoint", GATE, False),
    ("named_endpoint", f"{GATE}/_svc/", False),
    ("named_endpoint_full", f"{GATE}/_svc/", True),
)
_MEMORY = """
import sys
def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6
import json, re, zlib, xml.parsers.expat, importlib.resources, urllib.parse, base64, functools, dataclasses, typing
before = rss()
from supervisor.parse.aws_http import read
from supervisor.parse.aws_http.index import index, service, shape_records
index()
loaded = rss()
for name in ("s3", "sts", "rds", "dynamodb", "ec2", "iam", "lambda", "cloudfront"):
    service(name), shape_records(name)
some = rss()
for name in index().lines:
    service(name), shape_records(name)
print(json.dumps([loaded - before, some - before, rss() - before]))
"""


def _sweep(factory: Factory, endpoint: str | None, *, full: bool) -> tuple[dict[str, Any], list[Made]]:
    counted: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    wrong: list[str] = []
    differ: list[str] = []
    times: list[float] = []
    kept: list[Made] = []
    for name in factory.services():
        url = endpoint + name if endpoint is not None and endpoint.endswith("/_svc/") else endpoint
        for operation, made in factory.all_of(factory.client(name, endpoint=url), full=full):
            if made is None:
                counted["not_written"] += 1
                continue
            begun = time.perf_counter_ns()
            names = identify(made.method, made.target, made.headers, made.body)
            times.append((time.perf_counter_ns() - begun) / 1000)
            counted["requests"] += 1
            if not names:
                counted["refused"] += 1
                refused[name] += 1
            elif names == (made.name,):
                counted["exact"] += 1
            elif made.name in names and len({_TWINS.get(one, one) for _, one in names}) == 1:
                counted["same_meaning"] += 1
            else:
                counted["wrong"] += 1
                wrong.append(f"{name}.{operation}: {names}")
            answer = read(made.method, made.target, made.headers, made.body)
            # Its model has two members of one name on the wire.
            if operation == "PutBucketNotification":
                continue
            if isinstance(answer, AwsRequest) and answer.names[0] == made.name:
                given, decoded = comparable(made, answer.parameters, only_given=not full)
                counted["parameters_same" if given == decoded else "parameters_differ"] += 1
                if given != decoded:
                    differ.append(f"{name}.{operation}")
            elif names and not isinstance(answer, AwsRequest):
                counted["parameters_refused"] += 1
            if len(kept) < 4000 and counted["requests"] % 5 == 0:
                kept.append(made)
    total = counted["requests"]
    figures: dict[str, Any] = dict(counted)
    figures["exact_percent"] = round(100 * counted["exact"] / total, 2)
    figures["same_meaning_percent"] = round(100 * counted["same_meaning"] / total, 2)
    figures["refused_percent"] = round(100 * counted["refused"] / total, 2)
    figures["wrong"] = wrong
    figures["parameters_differ"] = differ
    figures["refused_by_service"] = dict(refused.most_common())
    return figures, kept


def _times(requests: list[Made]) -> dict[str, float]:
    """Microseconds over a fifth of all operations, service by service; the best of some rounds of each request."""
    best = []
    for made in requests:
        fastest = float("inf")
        for _ in range(ROUNDS):
            begun = time.perf_counter_ns()
            identify(made.method, made.target, made.headers, made.body)
            fastest = min(fastest, time.perf_counter_ns() - begun)
        best.append(fastest / 1000)
    best.sort()
    return {
        "median_us": round(statistics.median(best), 1),
        "p95_us": round(best[int(len(best) * 0.95)], 1),
    }


def run(ways: tuple[str, ...] = ("host", "shared_endpoint", "named_endpoint_full")) -> dict[str, Any]:
    """Shares of all operations by the way that they come in; microseconds and megabytes beside their limits."""
    factory = Factory()
    figures: dict[str, Any] = {"limit_us": LIMIT_US, "limit_mb": LIMIT_MB}
    kept: list[Made] = []
    for name, endpoint, full in _WAYS:
        if name in ways:
            figures[name], found = _sweep(factory, endpoint, full=full)
            kept = kept or found
    figures |= _times(kept)
    memory = subprocess.run([sys.executable, "-c", _MEMORY], check=True, capture_output=True, text=True)
    for key, value in zip(
        ("header_mb", "eight_services_mb", "all_services_mb"), json.loads(memory.stdout), strict=True
    ):
        figures[key] = round(value, 1)
    figures["holds"] = (
        figures["median_us"] <= LIMIT_US
        and figures["all_services_mb"] <= LIMIT_MB
        and not any(figures[name]["wrong"] for name in ways)
    )
    return figures


if __name__ == "__main__":
    print(json.dumps(run(tuple(sys.argv[1:]) or ("host", "shared_endpoint", "named_endpoint_full")), indent=2))
