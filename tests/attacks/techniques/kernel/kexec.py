"""Load another kernel."""

# aims: host
# control: none (it would end the developer's machine)
from attack import breach, call, said, tried

tried()
results = [call("kexec_load", 0, 0, 0, 0), call("kexec_file_load", -1, -1, 0, 0, 0)]
print(*map(said, results))
if any(result not in (-1, -38) for result in results):
    breach("kexec")
