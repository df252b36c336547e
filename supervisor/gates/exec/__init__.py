"""The exec gate: every program start of the cell is held by the kernel until the session has decided on it."""

from supervisor.gates.exec.gate import ExecGate

__all__ = ["ExecGate"]
