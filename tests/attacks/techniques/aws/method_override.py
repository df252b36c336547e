"""Ask with GET for what frameworks turn into DELETE: override headers and parameters, odd methods."""

# aims: aws
# control: none (an AWS takes no overrides)
# seconds: 20
from attack import tried
from cloud import UPLOADED, call, denied

tried()
for field in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "X-Original-Method", "_method"):
    call("GET", UPLOADED, service="s3", headers={field: "DELETE"})
    call("POST", UPLOADED, query="_method=DELETE", service="s3", headers={field: "DELETE"})
    call("GET", "/", service="s3", headers={"X-Original-URL": UPLOADED, "X-Rewrite-URL": UPLOADED, field: "DELETE"})
for method in ("delete", "Delete", "DELETE\t", "DELETE/", "X-DELETE", "PURGE", "REMOVE", "TRACE", "CONNECT"):
    denied(call(method, UPLOADED, service="s3"), method)
