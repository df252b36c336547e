"""Name the bucket by what leads to it: access points, their aliases, several regions, outposts, Object Lambda."""

# aims: aws
# control: none (the embedded cloud has none)
# seconds: 30
from attack import tried
from cloud import call, denied

account = "123456789012"
tried()
for name in (
    f"ap-{account}.s3-accesspoint.eu-central-1.amazonaws.com", "ap-hqzkg2xrsh-s3alias.s3.eu-central-1.amazonaws.com",
    "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com", f"ap-{account}.op-01234567890123456.s3-outposts.eu-central-1.amazonaws.com",
    f"ol-{account}.s3-object-lambda.eu-central-1.amazonaws.com", f"{account}.s3-control.eu-central-1.amazonaws.com", f"ap-{account}.127.0.0.1:3128",
    "bucket--euc1-az1--x-s3.s3express-euc1-az1.eu-central-1.amazonaws.com",
):  # fmt: skip
    for service in ("s3", "s3-outposts", "s3-object-lambda", "s3express"):
        denied(call("DELETE", "/avatars.tar", service=service, headers={"Host": name}), name)
for path in (
    f"/arn:aws:s3:eu-central-1:{account}:accesspoint/ap/avatars.tar",
    f"/arn%3Aaws%3As3%3Aeu-central-1%3A{account}%3Aaccesspoint%2Fap/avatars.tar",
):
    denied(call("DELETE", path, service="s3"), path)
