"""agent-supervise: a boundary between what a task needs and what an agent can reach."""

__version__ = "0.1.0"
