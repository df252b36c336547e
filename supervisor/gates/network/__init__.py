"""The network gate: the cell's only way out is a proxy that has every connection decided before it dials."""

from supervisor.gates.network.gate import NetworkGate

__all__ = ["NetworkGate"]
