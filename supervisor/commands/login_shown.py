"""What a human sees who must log in before a session starts: a browser, or a code for another device."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import Final, TextIO

from supervisor.identity.oidc.qr import half_blocks, qr_code
from supervisor.identity.oidc.values import DevicePrompt
from supervisor.model.visible import visible

_LIGHT_ON_DARK, _PLAIN = "\x1b[38;5;231;48;5;16m", "\x1b[0m"
"""A terminal's own colours may be either way round, and a camera wants the dark modules dark."""
ASCII_VARIABLE: Final = "AGENT_SUPERVISE_ASCII"


def show_login(prompt: DevicePrompt) -> None:
    """Say on standard error what is to be done, and open the page where it is this machine's browser that does it."""
    for line in login_lines(prompt, squares=_squares(sys.stderr)):
        print(line, file=sys.stderr)
    sys.stderr.flush()
    if prompt.code:
        return
    try:
        opened = webbrowser.open(prompt.page)
    except (webbrowser.Error, OSError):
        opened = False
    if not opened:
        print("agent-supervise: no browser could be opened here; over SSH write `login: device` into identity.yaml",
              file=sys.stderr, flush=True)  # fmt: skip


def login_lines(prompt: DevicePrompt, *, squares: int) -> list[str]:
    """The words, and below them a QR code where it fits into `squares` columns; 0: none is drawn."""
    until = f"{prompt.expires.astimezone():%H:%M}"
    page = visible(prompt.page)
    if not prompt.code:
        return [f"agent-supervise: log in in the browser until {until}; this is the page:", f"  {page}"]
    lines = ["agent-supervise: log in at another device", f"  page   {page}", f"  code   {visible(prompt.code)}",
             f"  until  {until}"]  # fmt: skip
    link = prompt.link or prompt.page
    if prompt.link:
        lines.insert(2, f"  link   {visible(link)}")
    grid = qr_code(link) if squares else None
    drawn = half_blocks(grid) if grid is not None else []
    if drawn and max(map(len, drawn)) <= squares:
        lines += ["", *(f"{_LIGHT_ON_DARK}{line}{_PLAIN}" for line in drawn)]
    return lines


def _squares(stream: TextIO) -> int:
    """Columns for a drawing; none where no human looks, or where the terminal has no such letters."""
    if not stream.isatty() or os.environ.get(ASCII_VARIABLE) == "1" or "utf" not in (stream.encoding or "").lower():
        return 0
    return os.get_terminal_size(stream.fileno()).columns
