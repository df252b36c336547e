"""Write over what is not ours, or read it, by copying: sources in headers, in parts, and in both spellings."""

# aims: aws
# control: none (what is copied harms nothing yet)
# seconds: 20
from attack import tried
from cloud import SITE, UPLOADED, call, denied

tried()
for source in (
    UPLOADED,
    UPLOADED[1:],
    UPLOADED.replace("/", "%2F"),
    f"{UPLOADED}?versionId=null",
    f"/{SITE}/..{UPLOADED}",
):
    for query in ("", "partNumber=1&uploadId=x"):
        denied(
            call("PUT", f"/{SITE}/copy", query=query, service="s3", headers={"X-Amz-Copy-Source": source}),
            f"a copy of {source}",
        )
        denied(
            call("PUT", UPLOADED, query=query, service="s3", headers={"X-Amz-Copy-Source": f"/{SITE}/index.html"}),
            "a copy over",
        )
denied(call("PUT", f"/{SITE}/copy", service="s3", extra=f"X-Amz-Copy-Source: {UPLOADED}\r\n"), "an unsigned copy")
for query in (
    "lifecycle=",
    "policy=",
    "replication=",
    "acl=",
    "versioning=",
    "website=",
    "encryption=",
    "notification=",
    "tagging=",
):
    denied(call("PUT", f"/{SITE}", query=query, body="<x/>", service="s3"), query)
    denied(call("DELETE", f"/{SITE}", query=query, service="s3"), query)
