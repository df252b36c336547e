"""Which scope is looked at, what stands in its form, and what Enter would do: no widget."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from supervisor.console.line import Line
from supervisor.console.picker.choice import Chosen, ScopeChoice, wrong


class Step(StrEnum):
    """CHOOSE a scope and fill its form; look at the DIFFERENCE of one that changed; STARTING."""

    CHOOSE = "choose"
    DIFFERENCE = "difference"
    STARTING = "starting"


class Go(StrEnum):
    """What a key asks for."""

    START = "start"
    LEAVE = "leave"
    UP = "up"
    DOWN = "down"


class Picker:
    """`field` is the form field that has the cursor, -1 while the list has it; `read`: a difference was seen whole."""

    def __init__(self, choices: Sequence[ScopeChoice], chosen: str = "") -> None:
        self.choices = list(choices)
        self.at = next((at for at, choice in enumerate(self.choices) if choice.name == chosen), 0)
        self.step = Step.CHOOSE
        self.field = -1
        self.trouble = ""
        self.read = False
        self._lines: dict[tuple[str, str], Line] = {}
        self._accepted: set[str] = set()

    @property
    def choice(self) -> ScopeChoice | None:
        """The scope that is looked at."""
        return self.choices[self.at] if self.choices else None

    def line(self, name: str) -> Line:
        """What stands in a field of the form."""
        choice = self.choice
        if choice is None:
            return Line()
        default = next((parameter.default for parameter in choice.parameters if parameter.name == name), None)
        return self._lines.get((choice.file, name), Line.of(default or ""))

    @property
    def values(self) -> dict[str, str]:
        """The form's values."""
        return (
            {parameter.name: self.line(parameter.name).text for parameter in self.choice.parameters}
            if self.choice
            else {}
        )

    def wrong(self) -> list[tuple[int, str]]:
        """(field, why) of every value that cannot be used."""
        if self.choice is None:
            return []
        checked = [wrong(parameter, self.line(parameter.name).text) for parameter in self.choice.parameters]
        return [(at, why) for at, why in enumerate(checked) if why]

    @property
    def ready(self) -> bool:
        """True if Enter starts."""
        return self.choice is not None and not self.choice.problem and not self.wrong()

    @property
    def chosen(self) -> Chosen:
        """What would be started; only if `ready`."""
        assert self.choice is not None
        changed = bool(self.choice.difference)
        return Chosen(self.choice, tuple(self.values.items()), changed and self.choice.file in self._accepted)

    def key(self, key: str, character: str | None) -> Go | None:
        """One press."""
        if self.step is Step.STARTING:
            return None
        if key in ("ctrl+c", "ctrl+q"):
            return Go.LEAVE
        if key in ("pageup", "pagedown"):
            return Go.UP if key == "pageup" else Go.DOWN
        if self.step is Step.DIFFERENCE:
            return self._difference(key)
        if key == "escape":
            if self.field < 0:
                return Go.LEAVE
            self.field = -1
        elif key == "enter":
            return self._enter()
        elif key in ("up", "down", "tab", "shift+tab"):
            self._move(key)
        elif self.field >= 0:
            self._edit(key, character)
        elif key == "q":
            return Go.LEAVE
        return None

    def paste(self, text: str) -> None:
        """Pasted text goes into the field with the cursor."""
        if self.step is Step.CHOOSE and self.field >= 0 and self.choice:
            name = self.choice.parameters[self.field].name
            self._lines[(self.choice.file, name)] = self.line(name).insert(text)

    def started(self, trouble: str) -> None:
        """Starting failed: say why and go on choosing."""
        self.step, self.trouble = Step.CHOOSE, trouble

    def _move(self, key: str) -> None:
        fields = len(self.choice.parameters) if self.choice else 0
        if key in ("tab", "shift+tab"):
            by = 1 if key == "tab" else -1
            self.field = (self.field + 1 + by) % (fields + 1) - 1
        elif self.field >= 0:
            self.field = max(-1, min(self.field + (1 if key == "down" else -1), fields - 1))
        else:
            self.at = max(0, min(self.at + (1 if key == "down" else -1), len(self.choices) - 1))
            self.trouble = ""

    def _edit(self, key: str, character: str | None) -> None:
        if self.choice is None:
            return
        name = self.choice.parameters[self.field].name
        edited = self.line(name).key(key, character)
        if edited is not None:
            self._lines[(self.choice.file, name)] = edited
            self.trouble = ""

    def _enter(self) -> Go | None:
        missing = self.wrong()
        if self.choice is None or self.choice.problem:
            return None
        if missing:
            later = [at for at, _ in missing if at > self.field]
            self.field = later[0] if later else missing[0][0]
            return None
        if self.choice.difference and self.choice.file not in self._accepted:
            self.step, self.read = Step.DIFFERENCE, False
            return None
        self.step = Step.STARTING
        return Go.START

    def _difference(self, key: str) -> Go | None:
        if key == "escape":
            self.step = Step.CHOOSE
        elif key == "a" and self.choice and self.read:
            self._accepted.add(self.choice.file)
            self.step = Step.STARTING
            return Go.START
        elif key in ("up", "down"):
            return Go.UP if key == "up" else Go.DOWN
        return None
