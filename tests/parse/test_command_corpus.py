"""The corpus of command lines: real ones, and ones meant to slip past."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.model.request import Exec
from supervisor.parse.argv import Certainty, compile_pattern, match_command
from supervisor.parse.command import shell_programs
from supervisor.parse.opaque import Opaque

CORPUS = Path(__file__).parent.parent / "corpus" / "commands.txt"


def _lines() -> Iterator[tuple[str, str, str]]:
    pattern = ""
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]"):
            pattern = line[1:-1]
        elif line and not line.startswith("#"):
            answer, text = line.split(maxsplit=1)
            yield pattern, answer, text.replace("⏎", "\n")


def _sections() -> dict[str, list[tuple[str, str]]]:
    sections: dict[str, list[tuple[str, str]]] = {}
    for pattern, answer, text in _lines():
        sections.setdefault(pattern, []).append((answer, text))
    return sections


def judged(pattern: str, text: str) -> str:
    found = shell_programs(text, "/work/site")
    compiled = compile_pattern(pattern)
    best = max((match_command(compiled, one) for one in found if isinstance(one, Exec)), default=Certainty.NO)
    if best is not Certainty.YES and any(isinstance(one, Opaque) for one in found):
        return "OPAQUE"
    return best.name


@pytest.mark.parametrize("pattern", list(_sections()))
def test_corpus(pattern: str) -> None:
    """Every line of the corpus gets the answer that stands in front of it."""
    wrong = [
        f"{text!r}: {judged(pattern, text)} instead of {answer}"
        for answer, text in _sections()[pattern]
        if judged(pattern, text) != answer
    ]
    assert not wrong, "\n".join(wrong)


def test_corpus_is_large_and_has_every_answer() -> None:
    """The corpus holds some hundred lines, of each answer some."""
    answers = [answer for _, answer, _ in _lines()]
    assert len(answers) > 400
    assert {answer: answers.count(answer) > 15 for answer in set(answers)} == dict.fromkeys(
        ("YES", "MAYBE", "NO", "OPAQUE"), True
    )
