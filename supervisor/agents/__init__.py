"""What we know of each agent CLI, as data, and how a cell and a scope take it into account."""

from supervisor.agents.adapter import Adapter, ConfigDir, Endpoint
from supervisor.agents.cellside import Needs, needs_of
from supervisor.agents.find import adapter_for, readable_for, resolve_agent
from supervisor.agents.known import KNOWN, PROGRAM
from supervisor.agents.network import forwards, network_rules

__all__ = [
    "KNOWN",
    "PROGRAM",
    "Adapter",
    "ConfigDir",
    "Endpoint",
    "Needs",
    "adapter_for",
    "forwards",
    "needs_of",
    "network_rules",
    "readable_for",
    "resolve_agent",
]
