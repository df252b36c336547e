"""Leave modules that Python imports by itself, or in place of its own, for every Python started here."""

# aims: host
# control: none (a report is only written of a session)
from attack import target, tried
from behind import leave

tried()
for name in ("sitecustomize.py", "usercustomize.py", "conftest.py", "setup.py", ".pdbrc", "evil.pth"):
    leave(name, "import os\n")
for name in ("json.py", "re.py", "random.py", "sitecustomize.py"):
    leave(name, "import os\n", base=target["work"])
leave("venv/bin/python", "#!/bin/sh\ntouch /tmp/owned\n", 0o755)
leave("venv/pyvenv.cfg", "home = /tmp\n")
