"""What techniques share that leave files in the workspace: each is told to the suite, which looks for it in the report."""

from __future__ import annotations

import os

from attack import target


def leave(path: str, text: str, mode: int = 0o644, base: str = "") -> None:
    """Write a file below the technique's own folder (or `base`), and say where it is."""
    whole = os.path.join(base or os.getcwd(), path)
    try:
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        before = open(whole).read() if os.path.exists(whole) else None
        with open(whole, "w") as file:
            file.write(text)
        os.chmod(whole, mode)
    except OSError as error:
        print("refused:", path, error, flush=True)
        return
    if before != text:
        say(whole)


def say(whole: str) -> None:
    """Tell a file that is left."""
    print("left:", os.path.relpath(whole, target["work"]), flush=True)
