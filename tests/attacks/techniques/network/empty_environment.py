"""Go without the proxy: unset its variables, use programs that know none, and resolve by oneself."""

# aims: outside
# control: harms
# seconds: 15
import os
import subprocess

from attack import target, tried

bare = {"PATH": os.environ["PATH"], "NO_PROXY": "*"}
port = target["tcp"]
tried()
for command in (
    ["curl", "-s", "--noproxy", "*", "-m", "1", f"http://127.0.0.1:{port}/"],
    ["wget", "-q", "--no-proxy", "-T", "1", "-t", "1", "-O-", f"http://127.0.0.1:{port}/"],
    ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}; head -1 <&3"],
    ["bash", "-c", f"echo out > /dev/udp/127.0.0.1/{target['udp']}"],
    [
        "/usr/bin/python3",
        "-I",
        "-c",
        f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}', timeout=1).read())",
    ],
    ["git", "ls-remote", f"git://127.0.0.1:{port}/x"],
    ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=1", "-p", port, "127.0.0.1"],
):
    try:
        print(subprocess.run(command, env=bare, capture_output=True, timeout=3).stdout[:200])
    except (OSError, subprocess.TimeoutExpired) as error:
        print(error)
