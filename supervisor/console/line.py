"""One line of text being typed: a value and a cursor, and what each key does to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from textual.content import Content

from supervisor.console.rows import row
from supervisor.model.visible import visible

LONGEST: Final = 500


@dataclass(frozen=True, slots=True)
class Line:
    """`cursor` is an index into `text`, 0 … its length."""

    text: str = ""
    cursor: int = 0

    @classmethod
    def of(cls, text: str) -> Line:
        """A line with the cursor at its end."""
        return cls(text, len(text))

    def key(self, key: str, character: str | None) -> Line | None:
        """The line after a key (names as Textual writes them); None if the key does not edit."""
        before, after = self.text[: self.cursor], self.text[self.cursor :]
        match key:
            case "backspace" | "ctrl+h":
                return Line(before[:-1] + after, max(self.cursor - 1, 0))
            case "delete":
                return replace(self, text=before + after[1:])
            case "left":
                return replace(self, cursor=max(self.cursor - 1, 0))
            case "right":
                return replace(self, cursor=min(self.cursor + 1, len(self.text)))
            case "home" | "ctrl+a":
                return replace(self, cursor=0)
            case "end" | "ctrl+e":
                return replace(self, cursor=len(self.text))
            case "ctrl+u":
                return Line(after, 0)
            case "ctrl+k":
                return replace(self, text=before)
            case "ctrl+w":
                kept = before.rstrip().rpartition(" ")
                return Line(kept[0] + kept[1] + after, len(kept[0] + kept[1]))
        if character and character.isprintable():
            return self.insert(character)
        return None

    def insert(self, text: str) -> Line:
        """Put text in at the cursor: its first line, and no more than fits."""
        first = (text.splitlines() or [""])[0][: max(LONGEST - len(self.text), 0)]
        return Line(self.text[: self.cursor] + first + self.text[self.cursor :], self.cursor + len(first))

    def shown(self, width: int, hint: str = "") -> Content:
        """The line in `width` columns with its cursor always in view."""
        before, here, after = visible(self.text[: self.cursor]), self.text[self.cursor : self.cursor + 1], ""
        after = visible(self.text[self.cursor + 1 :])
        before = before[-max(width - 2, 1) :]
        room = max(width - len(before) - 1, 0)
        if not self.text and hint:
            return row((" ", "reverse"), (hint[:room], "$faint"))
        return row((before, "$strong"), (visible(here) or " ", "reverse"), (after[:room], "$strong"))
