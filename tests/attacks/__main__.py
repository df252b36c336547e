"""Tries single techniques while they are written: `python -m tests.attacks folder/name …` (or `folder` for all).

`--inside` leaves the controls out, `-v` prints what each said, `--attempts N` runs each race N times.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.attacks.stage import Outcome, Stage
from tests.attacks.technique import Technique, paths, read, repeated


def main(words: list[str]) -> int:
    """0 where every technique was held, and harms unsupervised if it says so."""
    attempts = int(words.pop(words.index("--attempts") + 1)) if "--attempts" in words else 0
    wanted = [technique for technique in map(read, paths()) if _is_named(technique, words)]
    wanted = [repeated(technique, attempts) for technique in wanted] if attempts else wanted
    bad = 0
    with tempfile.TemporaryDirectory(prefix="attacks-", ignore_cleanup_errors=True) as base:
        bad += _part(Stage(Path(base, "session"), cloud=_needs_cloud(wanted), attempts=attempts), wanted, words, True)
        controls = [technique for technique in wanted if technique.control]
        if controls and "--inside" not in words:
            bad += _part(Stage(Path(base, "control"), cloud=False, attempts=attempts), controls, words, False)
    print(f"{bad} bad")
    return 1 if bad else 0


def _is_named(technique: Technique, words: list[str]) -> bool:
    return any(technique.name == word or technique.group == word.rstrip("/") for word in words)


def _needs_cloud(techniques: list[Technique]) -> bool:
    return any(technique.aims == "aws" for technique in techniques)


def _part(stage: Stage, techniques: list[Technique], words: list[str], supervised: bool) -> int:
    """How many of the techniques did not do as they should."""
    bad, began, part = 0, time.monotonic(), "session" if supervised else "control"
    # What takes minutes each is told one by one.
    portions = [[technique] for technique in techniques] if "--attempts" in words else [techniques]
    try:
        for portion in portions:
            for outcome in stage.attack(portion) if supervised else stage.control(portion):
                good = _is_good(outcome, supervised)
                bad += not good
                counts = "".join(f" {line}" for line in outcome.output.splitlines() if " attempts: " in line)
                told = outcome if "-v" in words or not good else f"{outcome.technique.name}{counts}"
                print(f"{'ok  ' if good else 'BAD '} {part}: {told}", flush=True)
        print(f"{len(techniques)} techniques, {part}: {time.monotonic() - began:.1f} s\n", flush=True)
    finally:
        stage.close()
    if bad and stage.errors.exists():
        print("said on standard error:", stage.errors.read_text()[-3000:])
    return bad


def _is_good(outcome: Outcome, supervised: bool) -> bool:
    if supervised:
        return outcome.attempted and not outcome.harm
    return outcome.skipped or (outcome.attempted and outcome.technique.aims in outcome.harm)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
