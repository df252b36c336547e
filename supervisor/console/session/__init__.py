"""The session screen: the agent's terminal, and the panel beside it or over it."""
