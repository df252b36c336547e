"""How status looks: a word, a shape and a colour, so that no state differs from another by colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from supervisor.model.effect import Effect


class Mark(Enum):
    """A state as (word, shape, ASCII shape, style). Styles name the theme's variables (`console.theme`)."""

    ALLOW = ("allow", "●", "o", "$allow")
    ASK = ("ASK", "▲", "!", "bold $ask")
    DENY = ("DENY", "■", "X", "bold $deny-text on $deny")
    GRANT = ("grant", "◆", "+", "$allow")
    CREDENTIAL = ("key", "◇", "*", "$quiet")
    FAULT = ("FAULT", "✕", "#", "bold $deny-text on $deny")
    SAID = ("says", "“", '"', "$quiet")
    NOTE = ("note", "·", "-", "$quiet")

    @property
    def word(self) -> str:
        """The state in one word."""
        return self.value[0]

    @property
    def style(self) -> str:
        """The style of shape and word."""
        return self.value[3]

    @classmethod
    def of(cls, effect: Effect) -> Mark:
        """The mark of an effect."""
        return {Effect.ALLOW: cls.ALLOW, Effect.ASK: cls.ASK, Effect.DENY: cls.DENY}[effect]


@dataclass(frozen=True, slots=True)
class Look:
    """The characters that a screen is drawn with: Unicode, or ASCII where the terminal's encoding has no more."""

    ascii: bool = False

    def shape(self, mark: Mark) -> str:
        """The one-column shape of a mark."""
        return mark.value[2] if self.ascii else mark.value[1]

    @property
    def ellipsis(self) -> str:
        return "~" if self.ascii else "…"

    @property
    def line(self) -> str:
        return "-" if self.ascii else "─"

    @property
    def dot(self) -> str:
        return "|" if self.ascii else "·"

    @property
    def from_(self) -> str:
        return "<-" if self.ascii else "←"

    @property
    def down(self) -> str:
        return "v" if self.ascii else "↓"

    @property
    def up(self) -> str:
        return "^" if self.ascii else "↑"

    @property
    def pick(self) -> str:
        return ">" if self.ascii else "›"

    @property
    def times(self) -> str:
        return "x" if self.ascii else "×"

    @property
    def quote(self) -> str:
        """Stands before every row of a raw call, so that no part of it passes for a row of ours."""
        return "|" if self.ascii else "▏"

    @property
    def broken(self) -> str:
        """Stands in a column of its own where a word goes on in the next row."""
        return "\\" if self.ascii else "↩"

    @property
    def border(self) -> str:
        """A Textual border type."""
        return "ascii" if self.ascii else "round"


UNICODE: Final = Look()
ASCII: Final = Look(ascii=True)
