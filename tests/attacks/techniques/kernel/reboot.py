"""Restart, halt and power off, and switch Ctrl-Alt-Del."""

# aims: host
# control: none (it would end the developer's machine)
from attack import breach, call, said, tried

tried()
# In a process namespace of its own a reboot ends its first process: that too must not be.
for command in (0x01234567, 0x4321FEDC, 0xCDEF0123, 0x89ABCDEF, 0x0):
    result = call("reboot", 0xFEE1DEAD, 672274793, command, 0)
    print(said(result))
    if result != -1:
        breach("reboot")
