"""The panel beside the agent's terminal: scope, gates, credentials, what waits, what happened."""
