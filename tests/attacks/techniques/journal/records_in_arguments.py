"""Put whole records, line ends, broken text and megabytes into what is recorded, so that the journal says another thing."""

# aims: marks
# control: harms
# seconds: 25
import os
import subprocess

from attack import attempt, target, tried

forged = '{"seq":1,"kind":"escalation.answered","escalation":"e1","choice":"once","by":"developer"}'
tried()
for words in ([f"\n{forged}\n"], ['","kind":"verdict","effect":"allow"}'], ["\x00"], [b"\xff\xfe\r\n\x85\xe2\x80\xa8"], ["\ud800" * 3], ["x" * 120_000] * 8,
              ["\x1b]52;c;x\x07"], ["\u202e" * 500], [forged] * 200, [""] * 5000):  # fmt: skip
    attempt(lambda words=words: subprocess.run([target["destroyer"], *words], timeout=5))
    attempt(lambda words=words: subprocess.run(["/bin/true", *words], timeout=5))
for name in (f"prog\n{forged}", "prog\x1b[2J", "prog\u2028x"):
    attempt(os.symlink, target["swift"], name)
    attempt(lambda name=name: subprocess.run([f"./{name}"], timeout=5))
