"""The terminal emulator in a process of its own: bytes in, changed rows out."""
