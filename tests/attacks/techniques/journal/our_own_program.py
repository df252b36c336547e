"""Run our own program inside: to answer, to attach, to make a session in the session that holds nothing."""

# aims: marks
# control: none (there is no session to answer)
# needs: boto3
# seconds: 30
import glob
import os
import subprocess
import sys

from attack import attempt, target, tried

roots = [
    *glob.glob("/*/main"),
    *glob.glob(f"{sys.prefix}/lib/python*/site-packages"),
    os.path.dirname(target["inside"]),
]
environment = {**os.environ, "PYTHONPATH": ":".join([*roots, *sys.path])}
tried()
for words in (["answer"], ["attach"], ["sessions"], ["--headless", "--weaken", "exec", "--weaken", "network", target["destroyer"]],
              ["--headless", "--scope", "developer", target["swift"]]):  # fmt: skip
    done = attempt(
        lambda words=words: subprocess.run(
            [sys.executable, "-m", "supervisor.cli", *words], env=environment, capture_output=True, timeout=5
        )
    )
    if done is not None:
        print(words, done.returncode, done.stdout[-200:], done.stderr[-200:])
