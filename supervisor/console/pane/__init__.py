"""The agent's terminal on the screen: rows of the emulator host drawn, keys and mouse handed to it."""

from supervisor.console.pane.widget import TerminalPane

__all__ = ["TerminalPane"]
