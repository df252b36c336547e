"""The policy decision point: scope files in, decisions out. Pure; no clock, no files."""
