"""The approval card: a question, drawn whole, and the keys that answer it."""
