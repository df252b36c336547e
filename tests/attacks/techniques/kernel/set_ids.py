"""Become another user, and keep capabilities over it."""

# aims: host
# control: none (whoever may do it outside already is it)
import os

from attack import attempt, breach, tried

tried()
for action in (os.setuid, os.setgid, os.seteuid, os.setegid):
    if attempt(lambda action=action: action(0) or True):
        breach(action.__name__)
if attempt(lambda: os.setgroups([0]) or True):
    breach("setgroups")
for path, kind in (("program", 0o4755), ("program", 0o2755)):
    with open(path, "w"):
        pass
    attempt(os.chmod, path, kind)
    if os.stat(path).st_mode & 0o6000 and os.geteuid() == 0:
        breach("a set-id file of root")
if attempt(
    lambda: (
        os.setxattr("program", "security.capability", bytes.fromhex("0000000200000400000000000000000000000000")) or True
    )
):
    breach("capabilities of a file")
