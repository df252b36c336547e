"""The terminal app: a client that follows a session, live or recorded."""
