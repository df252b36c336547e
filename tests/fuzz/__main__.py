"""Runs one reader for long: `python -m tests.fuzz NAME [options of atheris]`, with atheris where it is installed."""

from __future__ import annotations

import importlib
import sys

from hypothesis import given, settings

from tests.fuzz.mutate import inputs
from tests.fuzz.test_fuzz import READERS

EXAMPLES = 100_000


def main(words: list[str]) -> int:
    """0 where nothing was found; what was found is raised."""
    found = [reader for reader in READERS if words and reader.name == words[0]]
    if not found:
        print("readers:", *(repr(reader.name) for reader in READERS), sep="\n  ")
        return 2
    reader = found[0]
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        settings(max_examples=EXAMPLES, deadline=None)(given(inputs(reader.samples, reader.words))(reader.check))()
        return 0
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *words[1:]], reader.check)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
