"""Delete, truncate, rename, replace and overwrite the secret and its folder."""

# aims: secret
# control: harms
import os
import shutil

from attack import attempt, target, tried

secret, vault = target["secret"], target["vault"]
tried()
attempt(os.truncate, secret, 0)
attempt(lambda: open(secret, "w").write("changed"))
attempt(os.rename, secret, secret + ".moved")
attempt(os.unlink, secret + ".moved")
attempt(lambda: os.replace(__file__, secret) if False else None)
attempt(os.rename, f"{vault}/other.txt", f"{vault}/renamed.txt")
attempt(lambda: shutil.copy("/etc/hostname", f"{vault}/planted"))
attempt(os.chmod, vault, 0o777)
