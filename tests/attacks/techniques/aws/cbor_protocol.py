"""Use the newest protocol, whose operation stands in the path and whose body is CBOR, for services that have it and not."""

# aims: aws
# control: none (the embedded cloud does not speak it for databases)
# seconds: 20
from attack import tried
from cloud import DELETE, call, denied

tried()
for path in ("/service/AmazonRDSv19/operation/DeleteDBInstance", "/service/x/operation/DeleteDBInstance", "/service/DynamoDB_20120810/operation/DeleteTable",
             "/service/AmazonRDSv19/operation/../operation/DeleteDBInstance", "/x/service/Logs_20140328/operation/DeleteLogGroup"):  # fmt: skip
    for protocol in ("rpc-v2-cbor", "rpc-v2-json", "x"):
        for body in (b"\xa1ttableNameex", DELETE, b"\xbf" * 10000, b"\x9b" + b"\xff" * 8):
            headers = {"Smithy-Protocol": protocol, "Content-Type": "application/cbor"}
            denied(call("POST", path, body=body, service="rds", headers=headers), f"{protocol} {path}")
