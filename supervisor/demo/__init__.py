"""The incident, replayed: a real supervised session in which only the agent's brain and the cloud are pretended."""
