"""Tries single techniques while they are written: `python -m tests.attacks folder/name …` (or `folder/` for all).

`--inside` leaves the controls out, `-v` prints what each said, `--attempts N` runs each race N times.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.attacks.stage import Stage
from tests.attacks.technique import paths, read, repeated


def main(words: list[str]) -> int:
    """0 where every technique was held, and harms unsupervised if it says so."""
    alone, loud = "--inside" in words, "-v" in words
    attempts = int(words.pop(words.index("--attempts") + 1)) if "--attempts" in words else 0
    names = [word for word in words if not word.startswith("-")]
    wanted = [
        t for t in map(read, paths()) if any(t.name == n or t.name.startswith(n.rstrip("/") + "/") for n in names)
    ]
    wanted = [repeated(technique, attempts) for technique in wanted] if attempts else wanted
    cloud = any(technique.aims == "aws" for technique in wanted)
    bad = 0
    with tempfile.TemporaryDirectory(prefix="attacks-", ignore_cleanup_errors=True) as base:
        for part in ("session", "control"):
            if part == "control" and alone:
                continue
            chosen = wanted if part == "session" else [technique for technique in wanted if technique.control]
            stage = Stage(Path(base, part), cloud=cloud, attempts=attempts)
            try:
                began = time.monotonic()
                outcomes = stage.attack(chosen) if part == "session" else stage.control(chosen)
                for outcome in outcomes:
                    good = outcome.attempted and (
                        not outcome.harm
                        if part == "session"
                        else outcome.technique.aims in outcome.harm or outcome.skipped
                    )
                    bad += not good
                    counts = " ".join(line for line in outcome.output.splitlines() if " attempts: " in line)
                    told = outcome if loud or not good else f"{outcome.technique.name}{' (skipped)' * outcome.skipped}"
                    print(f"{'ok  ' if good else 'BAD '} {part}: {told} {counts}".rstrip(), flush=True)
                print(f"{len(outcomes)} techniques, {part}: {time.monotonic() - began:.1f} s\n")
            finally:
                stage.close()
            if bad and part == "session" and (errors := stage.errors.read_text() if stage.errors.exists() else ""):
                print("the session said:", errors[-3000:])
    print(f"{bad} bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
