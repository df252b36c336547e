"""Find the session's control socket and answer, kill or write keys by it: by name, by number, through others' files."""

# aims: marks
# control: none (there is no session to answer)
# seconds: 15
import glob
import json
import os
import socket

from attack import attempt, breach, target, tried

tried()
found = set()
for pattern in ("/tmp/*.sock", "/run/**/*.sock", f"{target['home']}/.local/state/**/*.sock", "/proc/*/cwd/control.sock", "/proc/*/fd/*",
                f"{target['work']}/../../**/control.sock", "/proc/*/root/**/control.sock"):  # fmt: skip
    found.update(
        attempt(
            lambda pattern=pattern: glob.glob(pattern, recursive="**" in pattern and not pattern.startswith("/proc"))
        )
        or ()
    )
for line in open("/proc/net/unix").read().splitlines()[1:]:
    found.add(line.split()[-1])
answer = {"type": "answer", "answer": {"escalation": "e1", "choice": "once", "digest": "", "by": "developer"}}
for path in found:
    if not path.endswith(".sock") and not path.startswith("@"):
        continue
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(0.3)
        try:
            control.connect(("\0" + path[1:]) if path.startswith("@") else path)
            control.sendall(b'{"type":"hello","console":"x","since":0}\n' + json.dumps(answer).encode() + b"\n")
            if b"welcome" in control.recv(1000):
                breach(f"a console at {path}")
        except OSError as error:
            print(path, error)
for number in range(3, 64):
    try:
        if os.readlink(f"/proc/self/fd/{number}").startswith("socket:"):
            breach(f"descriptor {number} is a socket")
    except OSError:
        pass
