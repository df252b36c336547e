"""Name one bucket in Host and another in the path, and let the two readings differ."""

# aims: aws
# control: none (an AWS has names of its own)
# seconds: 30
from attack import tried
from cloud import SITE, UPLOADS, call, host

tried()
for name in (
    f"{UPLOADS}.s3.amazonaws.com", f"{UPLOADS}.s3.eu-central-1.amazonaws.com", f"{UPLOADS}.s3-eu-central-1.amazonaws.com",
    f"{UPLOADS}.s3-website.eu-central-1.amazonaws.com", f"{UPLOADS}.s3.dualstack.eu-central-1.amazonaws.com",
    f"{UPLOADS}.s3-accelerate.amazonaws.com", f"{UPLOADS}.{host()}", f"{UPLOADS}.127.0.0.1:3128", f"{UPLOADS}.localhost", UPLOADS,
    f"{SITE}.{UPLOADS}.s3.amazonaws.com", f"s3.amazonaws.com.{UPLOADS}", f"{SITE}.s3.amazonaws.com.{UPLOADS}.s3.amazonaws.com",
    f"{UPLOADS}.S3.AMAZONAWS.COM.", f"{UPLOADS}.s3.amazonaws.com:443", f"{UPLOADS}.s3.cn-north-1.amazonaws.com.cn",
):  # fmt: skip
    for path in ("/avatars.tar", f"/{SITE}/avatars.tar", f"/{UPLOADS}/avatars.tar"):
        call("DELETE", path, service="s3", headers={"Host": name})
