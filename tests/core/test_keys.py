"""Who gets a key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.core.keys import DEFAULT_PREFIX, Keyboard, Router, To, prefixes_of
from supervisor.errors import UsageError

SECOND = "f12"
KEYS = st.lists(st.sampled_from([DEFAULT_PREFIX, SECOND, "a", "y", "escape", "enter", "ctrl+c", "tab"]), max_size=60)


def play(keys: list[str], router: Router) -> tuple[Router, list[tuple[str, To]]]:
    routed = []
    for key in keys:
        router, to = router.press(key)
        routed.append((key, to))
    return router, routed


@given(KEYS)
def test_no_key_is_lost_and_none_is_invented(keys: list[str]) -> None:
    """Every press comes out once, in order, and only a prefix is ever swallowed, as the switch that it is."""
    _, routed = play(keys, Router((DEFAULT_PREFIX, SECOND)))
    assert [key for key, _ in routed] == keys
    assert all(key in (DEFAULT_PREFIX, SECOND) for key, to in routed if to is To.SWITCH)


@given(KEYS)
def test_without_a_prefix_everything_is_the_agents(keys: list[str]) -> None:
    """A stream of keys without the prefix reaches the agent unchanged."""
    plain = [key for key in keys if key != DEFAULT_PREFIX]
    router, routed = play(plain, Router())
    assert [to for _, to in routed] == [To.AGENT] * len(plain)
    assert not router.in_panel


@given(KEYS, st.sampled_from([DEFAULT_PREFIX, SECOND]))
def test_the_prefix_twice_sends_it(keys: list[str], prefix: str) -> None:
    """From the agent's keyboard, prefix prefix delivers exactly one prefix and leaves the keyboard with the agent."""
    router, _ = play(keys, Router((DEFAULT_PREFIX, SECOND)))
    router, routed = play([prefix, prefix], router.to_agent())
    assert [to for _, to in routed] == [To.SWITCH, To.AGENT]
    assert router.keyboard is Keyboard.AGENT


@given(KEYS)
def test_panel_keys_follow_a_prefix(keys: list[str]) -> None:
    """No key reaches the panel unless a prefix came before it: type-ahead cannot answer a question."""
    _, routed = play(keys, Router())
    for place, (_, to) in enumerate(routed):
        if to is To.PANEL:
            assert DEFAULT_PREFIX in keys[:place]


def test_a_prefix_after_other_panel_keys_goes_back_without_sending() -> None:
    """The prefix leaves the panel again; it reaches the agent only when pressed twice in a row."""
    router, routed = play([DEFAULT_PREFIX, "t", DEFAULT_PREFIX, "x"], Router())
    assert [to for _, to in routed] == [To.SWITCH, To.PANEL, To.SWITCH, To.AGENT]
    assert router.keyboard is Keyboard.AGENT


@pytest.mark.parametrize(
    ("text", "prefixes"),
    [
        ("", (DEFAULT_PREFIX,)),
        ("^]", (DEFAULT_PREFIX,)),
        ("Ctrl+B", ("ctrl+b",)),
        ("C-b ^\\", ("ctrl+b", "ctrl+backslash")),
        ("^^", ("ctrl+circumflex_accent",)),
    ],
)
def test_prefixes_are_read_as_people_write_them(text: str, prefixes: tuple[str, ...]) -> None:
    """One or two, in the spellings of tmux, of terminals and of ourselves."""
    assert prefixes_of(text) == prefixes


@pytest.mark.parametrize("text", ["b", "^[", "ctrl+m", "^i", "ctrl+", "^", "f12", "^a ^b ^c", "ctrl+ä", "\x1b]"])
def test_what_cannot_be_a_prefix_is_refused(text: str) -> None:
    """A plain key would be taken from the agent, and some control keys are other keys to a terminal."""
    with pytest.raises(UsageError, match="cannot be the prefix"):
        prefixes_of(text)
