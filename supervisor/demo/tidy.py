"""Delete the database that is left over. No terraform needed: that is one signed HTTP request."""

import datetime
import hashlib
import hmac
import html
import http.client
import os
import re
import sys
import urllib.parse

DATABASE = "shop-production"


def main() -> int:
    env = os.environ
    link = urllib.parse.urlsplit(env["AWS_ENDPOINT_URL"])
    form = f"Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier={DATABASE}&SkipFinalSnapshot=true"
    now = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    head = {"content-type": "application/x-www-form-urlencoded", "host": link.netloc, "x-amz-date": now}
    if env.get("AWS_SESSION_TOKEN"):
        head["x-amz-security-token"] = env["AWS_SESSION_TOKEN"]

    names = ";".join(sorted(head))
    lines = "".join(f"{name}:{head[name]}\n" for name in sorted(head))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(form.encode()).hexdigest()}"
    scope = f"{now[:8]}/{env['AWS_DEFAULT_REGION']}/rds/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = b"AWS4" + env["AWS_SECRET_ACCESS_KEY"].encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    whose = f"Credential={env['AWS_ACCESS_KEY_ID']}/{scope}, SignedHeaders={names}"
    head["authorization"] = f"AWS4-HMAC-SHA256 {whose}, Signature={signature}"

    aws = http.client.HTTPConnection(link.netloc, timeout=30)
    aws.request("POST", "/", form, head)
    answer = aws.getresponse()
    why = re.search("<Message>(.*?)</Message>", answer.read().decode(), re.DOTALL)
    print(answer.status, answer.reason, html.unescape(why[1]) if why else f"{DATABASE} is deleted")
    return int(answer.status != 200)


if __name__ == "__main__":
    sys.exit(main())
