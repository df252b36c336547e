"""Have our own messages write on the developer's terminal: programs, words and folders named with escape sequences."""

# aims: marks
# control: none (nobody says anything outside of a session)
# seconds: 15
import os
import shutil
import subprocess

from attack import attempt, breach, target, tried

hostile = (
    "\x1b]52;c;aGFja2Vk\x07",
    "\x1b[2J\x1b[Hallowed",
    "\x1b]0;title\x07",
    "\x9b31m",
    "a\rb",
    "\u202egpj",
    "[@click=app.quit]x[/]",
    "\x1bP$qm\x1b\\",
)
tried()
for number, text in enumerate(hostile):
    folder = f"in-{number}-{text}".replace("/", "")
    attempt(os.makedirs, folder)
    name = f"{folder}/prog-{text}".replace("\x00", "")
    attempt(shutil.copy, target["swift"], name)
    for words, cwd in (([name, text], "."), ([target["swift"], text], folder), ([target["destroyer"], text], folder)):
        done = attempt(lambda words=words, cwd=cwd: subprocess.run(words, cwd=cwd, capture_output=True, timeout=5))
        if done is not None and any(
            byte in done.stderr for byte in (b"\x1b", b"\x07", b"\xc2\x9b", b"\r", "\u202e".encode())
        ):
            breach(f"an escape sequence in what we say: {done.stderr!r}")
