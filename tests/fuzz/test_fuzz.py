"""Every reader of bytes that an agent can write is total: it ends, in time, with what it says it gives or raises."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz import of_aws, of_network, of_records, of_starts, of_talk
from tests.fuzz.mutate import inputs
from tests.fuzz.reader import Reader

pytestmark = pytest.mark.long

READERS = (*of_network.READERS, *of_aws.READERS, *of_starts.READERS, *of_records.READERS, *of_talk.READERS)
EXAMPLES = int(os.environ.get("AGENT_SUPERVISE_FUZZ", "0"))
"""Examples for each reader in a heavy run, drawn anew each time; without it a hundred that are always the same."""
SLOW = frozenset(
    {"journal folder", "files of the workspace", "scope file", "shell text", "command line", "AWS request"}
)
LONGEST_SECONDS = 60


@contextmanager
def ending(what: str) -> Iterator[None]:
    """Fail where it does not come to an end."""

    def late(*_: object) -> None:
        raise AssertionError(f"{what} does not come to an end")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_any_bytes_are_read_or_refused(reader: Reader) -> None:
    """Nearly right input and noise end in what the reader declares, and never in what it must not let through."""
    count = EXAMPLES or (30 if reader.name in SLOW else 120)

    @settings(
        max_examples=count,
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs(reader.samples, reader.words))
    def tried(data: bytes) -> None:
        with ending(reader.name):
            reader.check(data)

    tried()


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_large_and_nested_input_ends(reader: Reader) -> None:
    """What is repeated or nested tens of thousands of times ends like everything else."""
    for data in (*reader.samples, *reader.large):
        with ending(f"{reader.name} on {data[:20]!r}…"):
            reader.check(data)
