"""Going through a past session."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from supervisor.console.bindings import Where, at
from supervisor.console.entry import DECISIONS
from supervisor.console.fold import fold
from supervisor.console.review.state import SPEEDS, Review
from supervisor.console.review.tape import journal_lines
from supervisor.console.story import Story
from tests.scenarios import stories
from tests.scenarios.pictures import PICTURES

KEYS = sorted({binding.key for binding in at(Where.REVIEW)} | {"escape", "x"})


def review() -> Review:
    return Review(fold(Story(), stories.ended().lines), 0.0)


def test_next_decision_passes_over_quiet_allows() -> None:
    """`n` stops at every question, answer, denial and fault, in order, and at nothing else."""
    here = review()
    expected = [entry.number for entry in here.shown if entry.kind in DECISIONS]
    seen = []
    for _ in expected:
        here.key("n", "n")
        seen.append(here.picked)
    assert seen == expected
    here.key("p", "p")
    assert here.picked == expected[-2]


def test_going_to_an_entry_goes_to_its_moment() -> None:
    """The recording is at the second at which the picked entry happened."""
    here = review()
    here.key("n", "n")
    assert here.entry is not None and here.moment == here.second(here.entry)


def test_playing_moves_by_the_speed_and_stops_at_the_end() -> None:
    """Time runs at the chosen speed, the picked entry follows, and the end holds."""
    here = review()
    here.key("space", " ")
    here.tick(2.0)
    assert here.moment == 2.0
    here.key("plus", "+")
    here.tick(2.0)
    assert here.moment == 2.0 + 2.0 * SPEEDS[here.speed]
    here.tick(10_000)
    assert here.moment == here.length and not here.playing
    assert here.entry == here.shown[-1]


@given(st.lists(st.sampled_from(KEYS), max_size=40))
def test_the_moment_stays_inside_the_session(keys: list[str]) -> None:
    """Whatever is pressed, the review stays between the first and the last second, on an entry that is shown."""
    here = review()
    for key in keys:
        here.key(key, key if len(key) == 1 else None)
        here.tick(0.5)
        assert 0 <= here.moment <= here.length
        assert here.picked is None or here.story.timeline.get(here.picked)


def test_a_torn_journal_is_reviewed_as_far_as_it_goes(tmp_path: Path) -> None:
    """A line that is cut off is told as one that is not understood; the rest is there."""
    path = tmp_path / "journal.jsonl"
    text = "\n".join(json.dumps(line) for line in stories.ended().lines)
    path.write_text(text[:-30], "utf-8")
    story = fold(Story(), journal_lines(path))
    assert story.counts.faults == 2
    assert "not understood" in [entry.title for entry in story.timeline][-1]


async def test_the_recording_is_sought_with_the_timeline() -> None:
    """Jumping to a decision shows the terminal as it was then."""
    picture = next(picture for picture in PICTURES if picture.name == "review")
    async with picture.open((120, 36)) as app:
        tape = app.screen.tape
        assert tape.sought[-1] == app.screen.review.moment > 0
