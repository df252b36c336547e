"""What the engine in process is given in place of Rego and JSON as they are written, so that it reads them as OPA does.

regopy 1.5 keeps text as it is escaped: a quote or a line break is two characters to it, and what counts, cuts or
matches text goes wrong. So each character that JSON escapes is given to it as one of Unicode's private ones, in rules
and in inputs alike, and what it answers is read back. Its regular expressions know bytes only: on other text than
printable ASCII they fail, which denies. Functions are those that give what OPA gives, by these means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from supervisor.policy.rego_tokens import Token, tokens

_BASE: Final = 0xE000
_SPECIAL: Final = {chr(code): chr(_BASE + code) for code in (*range(0x20), ord('"'), ord("\\"), 0x7F)}
_TO: Final = str.maketrans(_SPECIAL)
_BACK: Final = str.maketrans({private: char for char, private in _SPECIAL.items()})
_PRIVATE: Final = re.compile("[\ue000-\ue07f]")
_ESCAPE: Final = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_SHORT: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_BLANKS: Final = "".join(_SPECIAL[char] for char in "\t\n\v\f\r")

FUNCTIONS: Final = frozenset(
    """
    abs ceil floor round numbers.range count sum product max min sort all any
    array.concat array.reverse array.slice intersection union
    object.filter object.get object.keys object.remove object.subset object.union object.union_n
    concat contains endswith format_int indexof lower replace split sprintf startswith strings.any_prefix_match
    strings.any_suffix_match strings.replace_n substring trim trim_left trim_prefix trim_right trim_space trim_suffix
    upper regex.find_n regex.match regex.replace regex.split
    is_array is_boolean is_null is_number is_object is_set is_string type_name to_number
    time.add_date time.clock time.date time.diff time.parse_rfc3339_ns time.weekday
    json.filter json.patch json.remove bits.and bits.or bits.xor walk
    """.split()
)
"""The functions that conditions may call in process."""

PATTERNS: Final = {"regex.match": 0, "regex.replace": 1, "regex.split": 0, "regex.find_n": 0}
"""Which argument of these is a regular expression."""

ENGINE: Final = f"""package agent_supervise_engine

engine_said(format, values) := sprintf(format, [engine_plain(value) | some value in values])

engine_plain(value) := substring(value, 0, -1) if is_string(value)

engine_plain(value) := value if not is_string(value)

engine_bare(text) := trim(text, " {_BLANKS}\u0085\u00a0")

engine_matches(pattern, text) := regex.match(pattern, engine_printable(text))

engine_replaced(text, pattern, value) := regex.replace(engine_printable(text), pattern, value)

engine_parts(pattern, text) := regex.split(pattern, engine_printable(text))

engine_found(pattern, text, most) := regex.find_n(pattern, engine_printable(text), most)

engine_printable(text) := text if regex.match(`^[ -~]*$`, text)

engine_printable(text) := to_number("no printable ASCII") if not regex.match(`^[ -~]*$`, text)
"""
"""What `for_engine` needs. `sprintf` by itself puts quotes around some texts; to_number of no number is an error."""
_INSTEAD: Final = {
    "sprintf": "said",
    "trim_space": "bare",
    "regex.match": "matches",
    "regex.replace": "replaced",
    "regex.split": "parts",
    "regex.find_n": "found",
}
CASED: Final = frozenset({"lower", "upper"})
"""Functions that the engine has for ASCII alone."""


class Unreadable(ValueError):
    """Text that the engine cannot be given; the message says what it holds."""


def encoded(document: str) -> str:
    """JSON text for the engine. Raises `Unreadable`."""
    if _PRIVATE.search(document):
        raise Unreadable("it holds a private character of Unicode")
    return _ESCAPE.sub(_private, document) if "\\" in document else document


def decoded(value: Any) -> Any:
    """Plain JSON values of the engine's, as they are meant."""
    if isinstance(value, str):
        return value.translate(_BACK)
    if isinstance(value, list):
        return [decoded(one) for one in value]
    if isinstance(value, dict):
        return {decoded(key): decoded(one) for key, one in value.items()}
    return value


def _private(found: re.Match[str]) -> str:
    char = chr(int(found[1], 16)) if found[1] else _SHORT[found[2]]
    return _SPECIAL.get(char, char)


def literal(token: Token) -> str:
    """The text that a literal stands for. Raises `Unreadable` for one that is none."""
    if token.text.startswith("`"):
        return token.text[1:-1]
    try:
        text = json.loads(token.text)
    except ValueError:
        raise Unreadable("an escape that JSON does not have") from None
    assert isinstance(text, str)
    return text


def for_engine(text: str) -> str:
    """Rego text for the engine; places keep their lines. Raises `Unreadable`, which `trouble` tells before."""
    found = [token for token in tokens(text) if token.kind != "comment"]
    patterns = {at for at, _ in pattern_arguments(found)}
    edits: list[tuple[int, int, str]] = []
    for at, token in enumerate(found):
        if token.kind == "text":
            edits.append((token.start, len(token.text), _literal_for_engine(token, at in patterns)))
        elif token.kind == "word" and at + 1 < len(found) and found[at + 1].text == "(":
            first, name = name_before(found, at)
            if name in _INSTEAD:
                end = token.start + len(token.text)
                edits.append((first.start, end - first.start, f"data.agent_supervise_engine.engine_{_INSTEAD[name]}"))
    for start, size, instead in reversed(edits):
        text = text[:start] + instead + text[start + size :]
    return text


def name_before(found: Sequence[Token], at: int) -> tuple[Token, str]:
    """The dotted name that ends with the word at `at`, and its first word."""
    parts = [found[at].text]
    while at >= 2 and found[at - 1].text == "." and found[at - 2].kind == "word":
        at -= 2
        parts.append(found[at].text)
    return found[at], ".".join(reversed(parts))


def cased(document: str) -> bool:
    """Whether JSON text has letters beyond ASCII of which `lower` or `upper` makes others."""
    return not document.isascii() and any(
        char > "~" and (char.lower() != char or char.upper() != char) for char in document
    )


def trouble(found: Sequence[Token]) -> Iterator[tuple[Token, str, str]]:
    """What cannot be said to the engine: the place, what is wrong, a way out. `found` has no comments."""
    patterns = dict(pattern_arguments(found))
    for at, token in enumerate(found):
        if token.kind == "text":
            try:
                _literal_for_engine(token, at in patterns)
            except Unreadable as error:
                yield token, str(error), "write it in another way"
        if at in patterns and token.kind != "text":
            yield (
                patterns[at],
                "its regular expression is not written here",
                f"write it as text in {patterns[at].text}(…)",
            )


def pattern_arguments(found: Sequence[Token]) -> Iterator[tuple[int, Token]]:
    """Where the regular expressions of calls begin in `found`, and the function's last word."""
    for at, (token, after) in enumerate(pairwise(found)):
        if after.text != "(" or at < 2 or found[at - 1].text != "." or token.kind != "word":
            continue
        wanted = PATTERNS.get(f"{found[at - 2].text}.{token.text}")
        if wanted is None:
            continue
        place, commas = at + 2, 0
        while commas < wanted and place < len(found) and found[place].depth > after.depth:
            commas += found[place].text == "," and found[place].depth == after.depth + 1
            place += 1
        if place < len(found):
            alone = place + 1 >= len(found) or found[place + 1].text in (",", ")")
            yield place if alone else place + 1, token


def _literal_for_engine(token: Token, is_pattern: bool) -> str:
    text = literal(token)
    if _PRIVATE.search(text):
        raise Unreadable("it holds a private character of Unicode")
    lines = "\n" * token.text.count("\n")
    if is_pattern:
        return f"{_pattern(text)}{lines}"
    return f'"{text.translate(_TO)}"{lines}'


def _pattern(pattern: str) -> str:
    """A regular expression, as it is: what it is tried on holds no character that is given as another one."""
    if re.search(r"(?<!\\)\(\?(?!:)", pattern):
        raise Unreadable("the regular expression holds (?, which the engine does not have")
    if "`" not in pattern and pattern.isprintable():
        return f"`{pattern}`"
    return json.dumps(pattern, ensure_ascii=False)
