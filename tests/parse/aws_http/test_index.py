"""The operation index that is shipped."""

from __future__ import annotations

import json
import subprocess
import sys

import botocore
import pytest

from supervisor.parse.aws_http.index import index, service, shape_records
from tables.aws_index import OUTPUT, write

SERVICES = ["clouddirectory", "cloudwatch", "dynamodb", "events", "rds", "s3", "sqs"]


@pytest.fixture(scope="module")
def shipped() -> tuple[dict[str, object], bytes]:
    header, _, lines = OUTPUT.read_bytes().partition(b"\n")
    return json.loads(header), lines


def test_is_that_of_the_installed_models(shipped: tuple[dict[str, object], bytes]) -> None:
    """Compiling a few services again gives the very bytes that are shipped."""
    header, lines = shipped
    if header["botocore"] != botocore.__version__:
        pytest.skip(f"the index is of botocore {header['botocore']}, {botocore.__version__} is installed")
    fresh_header, _, fresh_lines = write(SERVICES).partition(b"\n")
    fresh = json.loads(fresh_header)
    for name in SERVICES:
        for part in (0, 2):
            offset, length = fresh["lines"][name][part : part + 2]
            shipped_offset, shipped_length = header["lines"][name][part : part + 2]  # type: ignore[index]
            assert fresh_lines[offset : offset + length] == lines[shipped_offset : shipped_offset + shipped_length]


def test_names_its_version(shipped: tuple[dict[str, object], bytes]) -> None:
    """The index says which botocore it was compiled from, and its reader passes that on."""
    assert index().botocore == shipped[0]["botocore"]


def test_every_service_loads() -> None:
    """Every service of the index decodes, has a signing name and operations, and none of its shapes points nowhere."""
    for name in index().lines:
        one = service(name)
        assert one.signing
        assert one.targets or one.actions or one.rest
        count = len(shape_records(name))
        for record in shape_records(name):
            members = record[1].values() if record[0] == "s" else record[1:3] if record[0] == "m" else record[1:2]
            for member in members:
                reference = member[0] if isinstance(member, list) else member
                assert isinstance(reference, str) or 0 <= reference < count


def test_is_read_when_needed() -> None:
    """Importing the package reads nothing; the first request reads the header and one service."""
    code = (
        "from supervisor.parse.aws_http import identify, index\n"
        "assert index.index.cache_info().currsize == 0\n"
        "from tests.corpus.aws_raw import s3\n"
        "identify(*s3('GET', '/bkt/key', host='s3.amazonaws.com'))\n"
        "assert index.service.cache_info().currsize == 1\n"
        "assert index.shape_records.cache_info().currsize == 0\n"
        "import sys; assert 'botocore' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=OUTPUT.parents[3])
