"""How hostile text is shown: one injective mapping to characters that cannot act on a screen.

`visible` turns any string into printable characters without control, format, bidirectional, private-use or
unassigned ones. Two different strings never look the same, so what was read is what is approved. The escape is
`⟨U+001B⟩` (or `⟨0xFF⟩` for a byte that is not UTF-8, carried as a surrogate by `os.fsdecode`), and a literal `⟨` is
escaped itself, which makes the mapping reversible.
"""

from __future__ import annotations

import re
import unicodedata

OPEN, CLOSE = "⟨", "⟩"
_ESCAPED = re.compile(r"⟨(?:U\+([0-9A-F]{4,6})|0x([0-9A-F]{2}))⟩")
_PLAIN = re.compile(r"[ -~]*\Z")
# Letters that combine or join are drawn on their neighbour: shown only where they follow a visible base character.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK_LOOKALIKES = frozenset("\u00a0\u1680\u2800\u3000\u3164\uffa0\u115f\u1160\u17b4\u17b5\u034f") | {
    chr(code) for code in (*range(0x2000, 0x200B), 0x202F, 0x205F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"{OPEN}0x{code - 0xDC00:02X}{CLOSE}"
    return f"{OPEN}U+{code:04X}{CLOSE}"


def _unescape(match: re.Match[str]) -> str:
    point, byte = match.groups()
    return chr(int(point, 16)) if point else chr(0xDC00 + int(byte, 16))


def _is_shown(char: str) -> bool:
    if char == OPEN or char in _BLANK_LOOKALIKES:
        return False
    return unicodedata.category(char) not in _HIDDEN_CATEGORIES


def visible(text: str, *, keep_newlines: bool = False) -> str:
    """Return `text` as printable characters only; different texts give different results.

    With `keep_newlines`, line feeds stay as they are (the widget draws lines); they are unescaped either way by
    `from_visible`.
    """
    if _PLAIN.match(text):
        return text
    shown: list[str] = []
    combining = 0
    for char in text:
        if char == "\n" and keep_newlines:
            combining = 0
            shown.append(char)
            continue
        combining = combining + 1 if unicodedata.combining(char) or unicodedata.category(char) == "Mn" else 0
        # A tower of marks leaves its row and can paint over others: at most two per base character.
        stacked = combining > 2 or (combining and (not shown or shown[-1].endswith(CLOSE) or shown[-1] == "\n"))
        shown.append(char if _is_shown(char) and not stacked else _escape(char))
    return "".join(shown)


def from_visible(shown: str) -> str:
    """The inverse of `visible`."""
    return _ESCAPED.sub(_unescape, shown)


_NEEDS_PORTABLE = re.compile("[\ud800-\udfff]|⟨0x|⟨U\\+27E8⟩")
_PORTABLE_ESCAPED = re.compile(r"⟨0x|⟨U\+")


def portable(text: str) -> str:
    """Return `text` as valid Unicode for JSON (RFC 8259, RFC 8785 forbid lone surrogates); reversible, injective."""
    if text.isascii() or not _NEEDS_PORTABLE.search(text):
        return text
    return re.sub("[\ud800-\udfff⟨]", lambda match: _escape(match[0]), text)


def from_portable(text: str) -> str:
    """The inverse of `portable`."""
    if text.isascii() or (not _NEEDS_PORTABLE.search(text) and "⟨U+D" not in text):
        return text
    return _ESCAPED.sub(_unescape, text)
