"""Whose family a process is of: told from the kernel's lists of children, or from every process that there is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from supervisor.gates.network import who
from tests.gates.network.stage import wait_for

TREE = "import subprocess, threading as t; t.Thread(target=subprocess.run, args=(['sh', '-c', 'cat; :'],)).start()"


@pytest.fixture
def tree() -> Iterator[int]:
    """A process with a child that another thread started, and that one's child; they end with their input."""
    process = subprocess.Popen([sys.executable, "-c", TREE], stdin=subprocess.PIPE)
    assert process.stdin is not None
    wait_for(lambda: len(who._family_of_all(process.pid)) == 3, "the family is complete")
    yield process.pid
    process.stdin.close()
    process.wait(10)


def test_both_ways_find_the_same_family(tree: int) -> None:
    """Whoever a thread started belongs to it too, and the way up ends at the first."""
    if not os.path.exists(f"/proc/{tree}/task/{tree}/children"):  # noqa: PTH110
        pytest.skip("the kernel has no lists of children (CONFIG_PROC_CHILDREN)")
    family = who._family(tree)
    assert family.keys() == who._family_of_all(tree).keys() and len(family) == 3
    lowest = max(family, key=lambda pid: len(list(who._up(pid, family))))
    assert [process.pid for process in who._up(lowest, family)][-1] == tree
    assert len(list(who._up(lowest, family))) == 3


def test_a_kernel_without_lists_of_children_is_asked_otherwise(tree: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The family is found all the same."""

    def none(pid: int) -> Iterator[int]:
        raise FileNotFoundError

    monkeypatch.setattr(who, "_children", none)
    assert len(who._family(tree)) == 3


def test_a_process_that_has_ended_has_no_children() -> None:
    """It may end at any moment, and nothing is raised."""
    process = subprocess.Popen(["true"])
    process.wait(10)
    assert list(who._children(process.pid)) == []
