"""Read the developer's keyrings, search them, and join them by name."""

# aims: host
# control: harms
import ctypes

from attack import attempt, breach, call, cannot, said, tried

tried()
results = [call("keyctl", 0, special, 0) for special in (-3, -4, -5)]
results += [call("add_key", b"user", b"attack", b"x", 1, -4), call("request_key", b"user", b"x", 0, -4)]
results += [call("keyctl", 1, b"_ses", 0, 0, 0), call("keyctl", 10, -4, b"user", b"attack", 0)]
print(*map(said, results))
if all(result == -38 for result in results):
    cannot("this kernel has no keyrings")
if any(result > 0 for result in results):
    breach("a keyring")
buffer = ctypes.create_string_buffer(64)
for path in ("/proc/keys", "/proc/key-users"):
    print(attempt(lambda path=path: open(path).read(40)))
