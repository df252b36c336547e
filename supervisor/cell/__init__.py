"""The OS boundary that the agent and all that it starts live in."""
