"""Leave what no file is: programs with others' rights, sockets, pipes, and links that lead out."""

# aims: host
# control: none (a report is only written of a session)
# session: own
import os
import shutil
import socket

from attack import attempt, target, tried
from behind import say

tried()
shutil.copy("/bin/true", "tool")
attempt(os.chmod, "tool", 0o6755)
if os.stat("tool").st_mode & 0o6000:
    say(os.path.abspath("tool"))
made = socket.socket(socket.AF_UNIX)
attempt(made.bind, "door.sock")
attempt(os.mkfifo, "pipe")
attempt(os.symlink, target["secret"], "notes.txt")
attempt(os.symlink, f"{target['home']}/.bashrc", "settings")
attempt(os.symlink, "/etc", "folder")
for name in ("door.sock", "pipe", "notes.txt", "settings", "folder"):
    if os.path.lexists(name):
        say(os.path.abspath(name))
