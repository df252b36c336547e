"""Inputs that are nearly right: valid samples, broken by cutting, repeating, replacing and by words that matter."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

Data = st.SearchStrategy[bytes]
_WORDS = (
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"\t",
    b"\xff",
    b"\x80",
    b'"',
    b"'",
    b"\\",
    b"{",
    b"[",
    b"<",
    b"%",
    b"$",
    b"../",
    b"&",
    b";",
)


@st.composite
def nearly(draw: st.DrawFn, samples: Sequence[bytes], words: Sequence[bytes] = ()) -> bytes:
    """One of the samples after some steps; `words` are what the format's readers look for."""
    data = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        end = draw(st.integers(at, min(len(data), at + 24)))
        step = draw(st.sampled_from(("cut", "repeat", "word", "byte", "join", "end")))
        if step == "cut":
            data = data[:at] + data[end:]
        elif step == "repeat":
            data = data[:end] + data[at:end] * draw(st.integers(1, 40)) + data[end:]
        elif step == "word":
            data = data[:at] + draw(st.sampled_from((*_WORDS, *words))) + data[end:]
        elif step == "byte":
            data = data[:at] + draw(st.binary(min_size=1, max_size=4)) + data[at + 1 :]
        elif step == "join":
            data = data[:at] + draw(st.sampled_from(samples)) + data[end:]
        else:
            data = data[:at]
    return data


def inputs(samples: Sequence[bytes], words: Sequence[bytes] = ()) -> Data:
    """Mostly nearly right, sometimes anything."""
    return nearly(samples, words) | nearly(samples, words) | nearly(samples, words) | st.binary(max_size=200)
