"""Whatever a technique tries inside a session, production survives; unsupervised, the same program does harm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.attacks.stage import Stage
from tests.attacks.technique import chunks, paths, read, repeated

CHUNKS = chunks()
RACES = 400


@pytest.mark.long
@pytest.mark.parametrize("chunk", CHUNKS)
def test_production_survives(attacked: Stage, chunk: str) -> None:
    """No technique of this portion harms anything, and each came to its attempt."""
    outcomes = attacked.attack(map(read, CHUNKS[chunk]))
    harmful = [str(outcome) for outcome in outcomes if outcome.harm]
    assert not harmful, "\n\n".join(harmful)
    broken = [str(outcome) for outcome in outcomes if not outcome.attempted]
    assert not broken, "\n\n".join(["these never came to their attempt:", *broken])


@pytest.mark.long
@pytest.mark.parametrize("chunk", CHUNKS)
def test_controls_do_harm(unguarded: Stage, chunk: str) -> None:
    """Outside of a session each technique that says so harms what it aims at: the suite would see it."""
    techniques = [technique for technique in map(read, CHUNKS[chunk]) if technique.control]
    wanted = [technique for technique in techniques if not technique.root or os.geteuid() == 0]
    outcomes = unguarded.control(wanted)
    failed = [str(o) for o in outcomes if not o.skipped and (not o.tried or o.technique.aims not in o.harm)]
    assert not failed, "\n\n".join(failed)


@pytest.mark.long
@pytest.mark.parametrize("path", [path for path in paths() if path.parent.name == "races"], ids=lambda path: path.stem)
def test_a_race_is_never_won(real_cells: None, gcc: None, tmp_path: Path, path: Path) -> None:
    """Of many attempts none starts what is denied; `python -m tests.attacks races --attempts 10000` makes more."""
    stage = Stage(tmp_path, cloud=False, attempts=RACES)
    try:
        (outcome,) = stage.attack([repeated(read(path), RACES)])
    finally:
        stage.close()
    assert f"{RACES} attempts" in outcome.output and not outcome.harm, str(outcome)


@pytest.mark.parametrize("path", paths(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_technique_tells_its_idea(path: Path) -> None:
    """Each file says in a sentence what it tries, at what it aims, and what it does unsupervised."""
    assert read(path).name
