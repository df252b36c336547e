"""Secrets in a stream: whole or in pieces, plain or coloured, wrapped or slow."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from supervisor.journal.redact import Redactor
from supervisor.journal.stream import MOST, StreamRedactor

KNOWN = "correct horse battery 9"
TOKEN = "ghp_" + "a1B2" * 9
KEY_TEXT = (
    "-----BEGIN RSA PRIVATE KEY-----\r\n" + ("MIIEpAIBAAKCAQEA" * 4 + "\r\n") * 20 + "-----END RSA PRIVATE KEY-----"
)
CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x1f\x7f]")


def through(chunks: list[str], redactor: Redactor, *, release: bool = False) -> str:
    """What is written of a stream that comes in these chunks; `release` = the timer rang after each."""
    stream, pending, out = StreamRedactor(redactor), "", []

    def take(*, final: bool = False, release: bool = False) -> None:
        nonlocal pending
        count, edits = stream.decide(pending, final=final, release=release)
        done = 0
        for start, end, instead in edits:
            out.extend((pending[done:start], instead))
            done = end
        out.append(pending[done:count])
        pending = pending[count:]

    for chunk in chunks:
        pending += chunk
        take()
        if release:
            take(release=True)
    take(final=True)
    return "".join(out)


def cut(text: str, places: list[int]) -> list[str]:
    """`text` in pieces that end at these places."""
    ends = sorted({place % (len(text) + 1) for place in places} | {len(text)})
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(st.lists(st.integers(0, 10_000), max_size=30), st.sampled_from([TOKEN, KNOWN]), st.booleans())
@example([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20], TOKEN, True)
def test_a_secret_in_pieces_is_found(places: list[int], secret: str, release: bool) -> None:
    """However a secret is cut into chunks, and even when the timer rings between them, no piece of it is written."""
    written = through(cut(f"$ echo {secret} done\r\n", places), Redactor([KNOWN]), release=release)
    assert written.startswith("$ echo ") and written.endswith(" done\r\n")
    for place in range(len(secret) - 7):
        assert secret[place : place + 8] not in written


@given(st.lists(st.integers(0, len(TOKEN)), max_size=6), st.lists(st.integers(0, 10_000), max_size=20))
def test_colours_inside_a_secret_do_not_hide_it(colours: list[int], places: list[int]) -> None:
    """A secret with colour changes between its characters is found; the colour changes stay in the recording."""
    text = "".join(("\x1b[1;31m" * colours.count(place)) + char for place, char in enumerate(TOKEN))
    written = through(cut(f"a {text} b", places), Redactor())
    assert written.count("\x1b[1;31m") == text.count("\x1b[1;31m")
    plain = CONTROLS.sub("", written)
    assert plain.startswith("a ⟨redacted:github-token⟩") and plain.endswith(" b")
    assert not any(TOKEN[place : place + 6] in plain for place in range(len(TOKEN) - 5))


@given(st.lists(st.integers(1, len(KNOWN) - 1), max_size=4), st.lists(st.integers(0, 10_000), max_size=10))
def test_a_known_value_that_a_program_wrapped_is_found(wraps: list[int], places: list[int]) -> None:
    """Line ends, cursor movement and blanks put into a known value by a program do not hide it."""
    text = "".join(("\r\n\x1b[4G  " if place in wraps else "") + char for place, char in enumerate(KNOWN))
    written = through(cut(f"is {text} ok", places), Redactor([KNOWN]))
    tight = "".join(CONTROLS.sub("", written).split())
    assert KNOWN.replace(" ", "") not in tight and "⟨redacted:known⟩" in tight
    assert tight.startswith("is") and tight.endswith("ok")


@given(st.lists(st.integers(0, 10_000), max_size=20))
def test_a_private_key_never_gets_through(places: list[int]) -> None:
    """A key over many lines is taken out as a whole, line ends stay."""
    written = through(cut(f"$ cat id_rsa\r\n{KEY_TEXT}\r\n$ ", places), Redactor())
    assert "MIIEpAIB" not in written and "AKCAQEA" not in written
    assert written.startswith("$ cat id_rsa\r\n") and written.endswith("\r\n$ ")


@given(st.text(alphabet="abc \r\n\x1b[0m;31mé漢─", max_size=300), st.lists(st.integers(0, 300), max_size=10))
def test_what_is_no_secret_comes_through_unchanged(text: str, places: list[int]) -> None:
    """A stream without secrets is written exactly as it came, in whatever pieces."""
    assert through(cut(text, places), Redactor([KNOWN]), release=True) == text


def test_a_title_or_clipboard_sequence_is_looked_into() -> None:
    """What an OSC sequence carries is text like any other."""
    assert TOKEN not in through([f"\x1b]0;{TOKEN}\x07", f"\x1b]2;x {TOKEN}\x1b\\"], Redactor())


@pytest.mark.parametrize("text", ["x" * (3 * MOST), "ab " * MOST, "\x1b[1mx" * MOST, "=" * (2 * MOST)])
def test_little_is_kept_back(text: str) -> None:
    """However long a word gets, no more than a bounded piece of it waits."""
    count, edits = StreamRedactor(Redactor([KNOWN])).decide(text)
    assert len(text) - count <= 8 * MOST and not edits
    stream, pending = StreamRedactor(Redactor()), ""
    for _ in range(20):
        pending += text
        count, _ = stream.decide(pending)
        pending = pending[count:]
    assert len(pending) <= 8 * MOST


def test_an_ordinary_last_word_goes_when_the_timer_rings() -> None:
    """A prompt without a blank at its end is written after a while; the beginning of a token is not."""
    stream = StreamRedactor(Redactor())
    assert stream.decide("dev@host:~$")[0] == 0
    assert stream.decide("dev@host:~$", release=True)[0] == len("dev@host:~$")
    assert stream.decide(" ghp_a1B2", release=True)[0] == 1
