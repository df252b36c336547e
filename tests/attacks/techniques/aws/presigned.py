"""Write the deletion as a presigned link, of both versions, with the signature in the query."""

# aims: aws
# control: harms
# seconds: 20
import datetime
import hashlib
import hmac
from urllib.parse import quote

import cloud
from attack import tried
from cloud import REGION, SITE, UPLOADED, denied, digest, host, send, signing_key

now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")


def link(method: str, path: str, also: str = "", seconds: str = "900") -> str:
    scope = f"{now[:8]}/{REGION}/s3/aws4_request"
    query = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{cloud.KEY}/{scope}", "X-Amz-Date": now,
             "X-Amz-Expires": seconds, "X-Amz-SignedHeaders": "host"}  # fmt: skip
    if cloud.TOKEN:
        query["X-Amz-Security-Token"] = cloud.TOKEN
    asked = "&".join(sorted(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in query.items()))
    canonical = f"{method}\n{path}\n{asked}\nhost:{host()}\n\nhost\nUNSIGNED-PAYLOAD"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{digest(canonical.encode())}"
    signature = hmac.new(signing_key(now[:8], REGION, "s3"), text.encode(), hashlib.sha256).hexdigest()
    return f"{path}?{asked}&X-Amz-Signature={signature}{also}"


def use(method: str, target: str) -> int:
    return send(f"{method} {target} HTTP/1.1\r\nHost: {host()}\r\nContent-Length: 0\r\n\r\n".encode())[0]


tried()
denied(use("DELETE", link("DELETE", UPLOADED)), "a presigned deletion")
denied(use("DELETE", link("GET", UPLOADED)), "a link to read, used to delete")
denied(use("DELETE", link("DELETE", UPLOADED, "&X-Amz-Signature=0")), "two signatures")
denied(use("DELETE", link("DELETE", f"/{SITE}/x").replace(f"/{SITE}/x", UPLOADED)), "a link to ours, used for theirs")
denied(use("DELETE", f"{UPLOADED}?AWSAccessKeyId={cloud.KEY}&Expires=9999999999&Signature=c2lnbmF0dXJl"), "version 2")
