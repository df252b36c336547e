"""Pull the magic SysRq key through /proc."""

# aims: host
# control: none (it would end the developer's machine)
from attack import attempt, breach, tried

tried()
for letter in "hs":
    if attempt(lambda letter=letter: open("/proc/sysrq-trigger", "w").write(letter)):
        breach("sysrq")
