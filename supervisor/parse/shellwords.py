"""The words of shell text: quoting, escapes and expansions, as far as the text alone tells their value."""

from __future__ import annotations

import re
from typing import Any

from supervisor.parse.opaque import MARK, is_known, unknown

Words = list[str]
# Stands in shell text where a piece is unknown; a word of letters, so that the grammar reads it as part of a word.
PIECE = "AgentSuperviseUnknownPiece"

_ESCAPE = re.compile(
    rb"\\(?:([abeEfnrtv\\'\"?])|([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|c(.))",
    re.DOTALL,
)
_SIMPLE = dict(zip(b"abeEfnrtv\\'\"?", (7, 8, 27, 27, 12, 10, 13, 9, 11, 92, 39, 34, 63), strict=True))
_GLOB = re.compile(r"[*?\[]|[@!+]\(")
# Characters that the values of variables may add to one text: doubling them twenty times over must not.
_MOST_EXPANDED = 200_000
_EXPANSIONS = frozenset(
    {
        "simple_expansion",
        "expansion",
        "command_substitution",
        "arithmetic_expansion",
        "process_substitution",
    }
)


def hide_unknown(text: str) -> str:
    """Shell text with each unknown piece replaced by `PIECE`."""
    if MARK not in text:
        return text
    parts = text.split(MARK)
    return "".join(PIECE if index % 2 else part for index, part in enumerate(parts))


def ansi_c(raw: bytes) -> bytes:
    """The value of what stands inside `$'…'` (Bash manual, ANSI-C quoting); a NUL ends it."""

    def value(found: re.Match[bytes]) -> bytes:
        simple, octal, hexa, short, long, control = found.groups()
        if simple:
            return bytes((_SIMPLE[simple[0]],))
        if octal:
            return bytes((int(octal, 8) & 255,))
        if hexa:
            return bytes((int(hexa, 16),))
        if control:
            return bytes((control[0] & 31,))
        code = int(short or long, 16)
        return chr(code).encode("utf-8", "surrogatepass") if code <= 0x10FFFF else found[0]

    return _ESCAPE.sub(value, raw).partition(b"\0")[0]


class WordReader:
    """Reads nodes of one shell text as words. `variables` are name → (from which byte on, value)."""

    def __init__(self, source: bytes, positional: tuple[str, ...] | None) -> None:
        self._source = source
        self.positional = positional
        self.variables: dict[str, tuple[int, str]] = {}
        self._left = _MOST_EXPANDED

    def source_text(self, node: Any) -> str:
        """The node as it stands in the text."""
        return self._source[node.start_byte : node.end_byte].decode("utf-8", "surrogateescape")

    def shown(self, node: Any) -> str:
        """The node for people, with `…` for pieces that were unknown before."""
        return self.source_text(node).replace(PIECE, "…")

    def read(self, node: Any, *, split: bool = True) -> Words:
        """The words that the node becomes. Unknown pieces are marked; `split` False = as in an assignment."""
        pieces = self._pieces(node, split, 0)
        if not pieces:
            return []
        words: Words = []
        open_word = False
        for piece in pieces:
            first, *more = piece
            if open_word:
                words[-1] += first
            else:
                words.append(first)
                open_word = True
            words.extend(more)
        if split and node.type in ("concatenation", "word", "command_name") and self._many(node):
            return [unknown(self.source_text(node), many=True)]
        return words

    def _many(self, node: Any) -> bool:
        # Braces are spread over several nodes: look at the unquoted text of all of them.
        if node.type == "command_name":
            node = node.children[0] if node.children else node
        parts = node.children if node.type == "concatenation" else [node]
        plain = "".join(self.source_text(part) if part.type not in ("string", "raw_string") else "x" for part in parts)
        plain = plain.replace("\\{", "").replace("${", "$")
        inside = plain[plain.find("{") + 1 : plain.rfind("}")] if "{" in plain and "}" in plain else ""
        return "," in inside or ".." in inside

    def _pieces(self, node: Any, split: bool, depth: int) -> list[Words]:
        kind = node.type
        if depth > 50:
            return [[unknown(self.source_text(node), many=split)]]
        if kind in ("command_name", "concatenation") and node.children:
            return [piece for child in node.children for piece in self._pieces(child, split, depth + 1)]
        if kind == "word" or kind == "number" or not node.is_named:
            return [[self._literal(self.source_text(node), split)]]
        if kind == "raw_string":
            return [[self._plain(self.source_text(node)[1:-1])]]
        if kind == "ansi_c_string":
            raw = self._source[node.start_byte + 2 : node.end_byte - 1]
            return [[self._plain(ansi_c(raw).decode("utf-8", "surrogateescape"))]]
        if kind == "string":
            return self._string(node)
        if kind == "translated_string":
            inner = next((child for child in node.children if child.type == "string"), None)
            return self._string(inner) if inner is not None else [[unknown(self.source_text(node))]]
        if kind in ("simple_expansion", "expansion"):
            return self._expansion(node, quoted=not split)
        return [[unknown(self.source_text(node), many=split and kind != "process_substitution")]]

    def _plain(self, text: str) -> str:
        return text.replace(MARK, "").replace(PIECE, unknown("…", many=True))

    def _literal(self, text: str, split: bool) -> str:
        """An unquoted literal: backslashes go, globs and a tilde are unknown."""
        result: list[str] = []
        index = 0
        if text.startswith("~"):
            index = text.find("/") if "/" in text else len(text)
            result.append(unknown(text[:index]))
        if split and _GLOB.search(re.sub(r"\\.", "", text, flags=re.DOTALL)) and text != "[":
            at = next(i for i, char in enumerate(text) if char in "*?[@!+")
            return self._plain("".join(result)) + text[index:at].replace("\\", "") + unknown(text[at:], many=True)
        while index < len(text):
            char = text[index]
            if char == "\\" and index + 1 < len(text):
                index += 1
                result.append("" if text[index] == "\n" else text[index])
            else:
                result.append(char)
            index += 1
        value = "".join(result)
        return value.replace(PIECE, unknown("…", many=True))

    def _string(self, node: Any) -> list[Words]:
        """A double-quoted string: between the expansions, the text itself (nodes leave some blanks out)."""
        pieces: list[Words] = [[""]]
        at = node.start_byte + 1
        for child in node.children:
            if child.type not in _EXPANSIONS:
                continue
            pieces.append([self._quoted(at, child.start_byte)])
            found = (
                self._expansion(child, quoted=True)
                if "expansion" in child.type
                else [[unknown(self.source_text(child))]]
            )
            if found == [] and pieces == [[""], [""]] and child.end_byte == node.end_byte - 1:
                return []  # "$@" without arguments is no word at all
            pieces.extend(found)
            at = child.end_byte
        pieces.append([self._quoted(at, node.end_byte - 1)])
        return pieces

    def _quoted(self, start: int, end: int) -> str:
        text = self._source[start:end].decode("utf-8", "surrogateescape")
        return self._plain(re.sub(r"\\([$`\"\\])|\\\n", lambda found: found[1] or "", text))

    def _expansion(self, node: Any, *, quoted: bool) -> list[Words]:
        text = self.source_text(node)
        name = text[1:].removeprefix("{").removesuffix("}") if text.startswith("$") else ""
        doubt = [[unknown(text, many=not quoted or "@" in text)]]
        if name in ("@", "*") or name.isdecimal():
            if self.positional is None or self._spent(self.positional if name in ("@", "*") else ()):
                return doubt
            if name.isdecimal():
                value = self.positional[int(name)] if len(name) < 4 and int(name) < len(self.positional) else ""
                return self._value(value, text, quoted)
            if name == "@" and quoted:
                return [list(self.positional[1:])] if len(self.positional) > 1 else []
            words = self.positional[1:]
            if quoted:
                return [[" ".join(words)]]
            return [list(words)] if words and all(_is_plain(word) for word in words) else doubt if words else []
        known = self.variables.get(name)
        if known is None or node.start_byte < known[0] or self._spent((known[1],)):
            return doubt
        return self._value(known[1], text, quoted)

    def _spent(self, words: tuple[str, ...]) -> bool:
        self._left -= sum(len(word) + 1 for word in words)
        return self._left < 0

    def _value(self, value: str, text: str, quoted: bool) -> list[Words]:
        if quoted or (_is_plain(value) and value):
            return [[value]]
        if not value.strip():
            return []
        words = value.split()
        if all(_is_plain(word) for word in words) and value == value.strip():
            return [words]
        return [[unknown(text, many=True)]]


def _is_plain(word: str) -> bool:
    return bool(word) and is_known(word) and not _GLOB.search(word) and not any(char.isspace() for char in word)
