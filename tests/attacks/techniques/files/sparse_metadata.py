"""What exists outside is told apart by errors, sizes and times of hidden places."""

# aims: secret
# control: harms
import os

from attack import breach, target, tried

tried()
for path in (
    target["secret"],
    f"{target['vault']}/other.txt",
    f"{target['home']}/.ssh/id_ed25519",
    f"{target['home']}/.aws/credentials",
):
    try:
        print(os.stat(path))
        breach(f"{path} is there")
    except OSError as error:
        print(error.strerror)
