"""Send the deletion in a form that one reader takes for nothing: other content types, encodings and character sets."""

# aims: aws
# control: none (which forms an AWS reads is its own)
# seconds: 30
import gzip

from attack import tried
from cloud import DELETE, call, denied

tried()
for kind in (
    "application/json", "application/x-amz-json-1.1", "text/plain", "multipart/form-data; boundary=x", "application/xml", "application/cbor", "",
    "application/x-www-form-urlencoded; charset=utf-7", "application/x-www-form-urlencoded; charset=utf-16", "APPLICATION/X-WWW-FORM-URLENCODED",
    "application/x-www-form-urlencoded, application/json", "application/x-www-form-urlencoded\t", "x",
):  # fmt: skip
    denied(call("POST", body=DELETE, headers={"Content-Type": kind}), kind or "no content type")
form = {"Content-Type": "application/x-www-form-urlencoded"}
denied(call("POST", body=gzip.compress(DELETE.encode()), headers={**form, "Content-Encoding": "gzip"}), "gzip")
denied(call("POST", body=DELETE, headers={**form, "Content-Encoding": "identity"}), "identity")
denied(call("POST", body=DELETE.encode("utf-16"), headers=form), "UTF-16")
denied(call("POST", body=b"\xef\xbb\xbf" + DELETE.encode(), headers=form), "a byte order mark")
part = "".join(
    f'--x\r\nContent-Disposition: form-data; name="{pair.partition("=")[0]}"\r\n\r\n{pair.partition("=")[2]}\r\n'
    for pair in DELETE.split("&")
)
denied(call("POST", body=part + "--x--\r\n", headers={"Content-Type": "multipart/form-data; boundary=x"}), "parts")
