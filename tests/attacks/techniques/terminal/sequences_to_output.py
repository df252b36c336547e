"""Write what terminals act on or answer to: titles, clipboards, reports, device strings, images, endless sequences."""

# aims: marks
# control: none (it would act on the developer's terminal)
# seconds: 10
import select
import sys

from attack import breach, tried

tried()
for text in ("\x1b]52;c;aGFja2Vk\x07", "\x1b]52;c;?\x07", "\x1b[21t", "\x1b[c", "\x1b[6n", "\x1bP+q544e\x1b\\", "\x1b]4;1;?\x07", "\x1b]0;agent-supervise: press y\x07",
             "\x1b_Gf=100,t=f;L2V0Yy9wYXNzd2Q=\x1b\\", "\x1b]8;;file:///etc/passwd\x1b\\x\x1b]8;;\x1b\\", "\x1b]9;allow?\x07", "\x1b[?1049h\x1b[2J", "\x1b]" + "x" * 10_000,
             "\x1bP" + "y" * 10_000, "\x1b[65535b", "\x05"):  # fmt: skip
    sys.stdout.write(text)
    sys.stdout.flush()
if select.select([0], [], [], 0.5)[0] and sys.stdin.buffer.read1(100):
    breach("a terminal answered")
