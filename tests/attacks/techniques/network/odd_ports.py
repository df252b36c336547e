"""Ask for ports that no page is at, and write ports that are read as others: mail, zero, wrapped, signed, twice."""

# aims: outside
# control: none (there is no proxy outside of a session)
# seconds: 20
from attack import tried
from proxied import SITE, TCP, say

wrapped = 65536 + int(TCP)
tried()
for port in ("25", "22", "0", "3128", str(wrapped), f"{SITE}:{TCP}", f"+{TCP}", f"0{TCP}", f" {TCP}", f"{TCP} ", f"0x{int(TCP):x}",
             f"{TCP}/", f"{SITE},{TCP}", f"{SITE}#{TCP}", f"{TCP}%00", "", "http", str(int(TCP) - 65536)):  # fmt: skip
    say(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    say(f"GET http://127.0.0.1:{port}/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
