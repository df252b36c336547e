"""The picker on the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from textual import events, work
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from supervisor.console.keysrow import KeysRow
from supervisor.console.look import UNICODE, Look
from supervisor.console.pager import Pager
from supervisor.console.pages import small_rows
from supervisor.console.picker import draw
from supervisor.console.picker.choice import Chosen, HostCheck, ScopeChoice
from supervisor.console.picker.state import Go, Picker, Step
from supervisor.console.rows import ends, more_rows, row
from supervisor.console.session.plan import SMALLEST
from supervisor.errors import SuperviseError

LIST = (22, 30)
Start = Callable[[Chosen], Path | None]


class PickerScreen(Screen[int], inherit_bindings=False):
    """Choose a scope; `start` is called in a thread with what was chosen, `then` with what it gave."""

    AUTO_FOCUS = None
    CSS = """
    PickerScreen { background: $background; layout: vertical; }
    #scopes { dock: left; width: 28; background: $surface; padding: 1 1; border-right: vkey $edge; }
    #choice { width: 1fr; height: 1fr; padding: 1 2; }
    #foot { dock: bottom; height: auto; layout: vertical; }
    #host { height: 1; padding: 0 1; background: $surface; }
    #keys { height: 1; background: $panel; }
    """

    def __init__(
        self,
        choices: Sequence[ScopeChoice],
        checks: Sequence[HostCheck],
        start: Start,
        then: Callable[[Chosen, Path | None], None],
        *,
        chosen: str = "",
        look: Look = UNICODE,
    ) -> None:
        super().__init__()
        self.picker = Picker(choices, chosen)
        self.checks, self.look = checks, look
        self._start, self._then = start, then

    def compose(self) -> ComposeResult:
        yield Pager(id="scopes")
        yield Pager(id="choice")
        with Container(id="foot"):
            yield KeysRow(id="host")
            yield KeysRow(id="keys")

    def on_mount(self) -> None:
        self.redraw()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.redraw)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        before = self.picker.choice
        match self.picker.key(event.key, event.character):
            case Go.START:
                self.start()
            case Go.LEAVE:
                self.app.exit(LEFT)
            case Go.UP:
                self.query_one("#choice", Pager).scroll_page(-0.5)
            case Go.DOWN:
                self.query_one("#choice", Pager).scroll_page(0.5)
        self.redraw(top=0 if self.picker.choice is not before else None)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self.picker.paste(event.text)
        self.redraw()

    def on_click(self, event: events.Click) -> None:
        """A click on a scope looks at it."""
        pager = self.query_one("#scopes", Pager)
        if event.widget is not pager or self.picker.step is not Step.CHOOSE:
            return
        at = pager.top + event.y - 1
        for number in range(len(self.picker.choices)):
            probe = Picker(self.picker.choices)
            probe.at = number
            if draw.list_rows(probe, 20, self.look)[1] == at:
                self.picker.at, self.picker.field = number, -1
        self.redraw(top=0)

    @work(exclusive=True)
    async def start(self) -> None:
        """Start what was chosen; an error is shown here, with its place and its fix."""
        chosen = self.picker.chosen
        try:
            control = await asyncio.to_thread(self._start, chosen)
        except SuperviseError as error:
            self.picker.started(str(error))
            self.redraw(top=0)
            return
        self._then(chosen, control)

    def redraw(self, *, top: int | None = None) -> None:
        """Put the picker's state on the screen."""
        if not self.query("#keys"):  # children of children come after the screen itself
            self.call_after_refresh(self.redraw, top=top)
            return
        picker, look, size = self.picker, self.look, self.app.size
        scopes, choice = self.query_one("#scopes", Pager), self.query_one("#choice", Pager)
        host, keys = self.query_one("#host", KeysRow), self.query_one("#keys", KeysRow)
        small = size.width < SMALLEST[0] or size.height < SMALLEST[1]
        scopes.display = host.display = not small
        if small:
            choice.show(small_rows(size.width, size.height, SMALLEST, 0))
            return
        scopes.styles.width = LIST[size.width >= 90]
        checks = draw.host_rows(self.checks, size.width - 2, look)
        host.styles.height = len(checks)
        host.show(checks)
        inner = LIST[size.width >= 90] - 3
        rows, here = draw.list_rows(picker, inner, look)
        scopes.show(rows, picked=here)
        width = size.width - inner - 3 - 4
        if picker.step is Step.DIFFERENCE and picker.choice:
            choice.show(draw.difference_rows(picker.choice, width, look), top=top)
        else:
            rows, cursor = draw.choice_rows(picker, width, look)
            choice.show(rows, top=top, picked=cursor)
        if picker.step is Step.DIFFERENCE and not choice.below:
            picker.read = True
        more = more_rows(choice.below, look)
        keys.show([ends([f" {draw.hint(picker)}"], [(more, "$ask"), " "], size.width)])
        if picker.step is Step.STARTING:
            keys.show([row((" starting…", "bold $ask"))])


LEFT = 130
"""Exit code when the human left the picker (as after Ctrl-C)."""
