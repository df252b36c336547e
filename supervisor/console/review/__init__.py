"""A past session: its timeline beside the replay of its terminal, told by the same fold as a live one."""
