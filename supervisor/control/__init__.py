"""The session's ends for humans: who may connect, what they are told, and whether their answer is theirs."""

from supervisor.control.server import ControlServer

__all__ = ["ControlServer"]
