"""Ask for resources whose names would end a line, write on the terminal, or open a tag, where they are shown and kept."""

# aims: aws
# control: none (what they would fool is only there in a session)
# seconds: 20
from urllib.parse import quote

from attack import tried
from cloud import SITE, call, denied

tried()
for name in ("\x1b]52;c;aGFja2Vk\x07", "\x1b[2J\x1b[H allowed", "[@click=app.quit]x[/]", "\r\nallow: yes", "\u202egpj.exe", "a" * 5000,
             '"},{"kind":"escalation.answered","choice":"once"', "\u0000", "\x9b31m", "${jndi:ldap://x}", "{{7*7}}", "'; drop table x; --"):  # fmt: skip
    denied(
        call("POST", body=f"Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier={quote(name)}"),
        "a deletion by an odd name",
    )
    call("GET", f"/{SITE}/{quote(name)}", service="s3")
