"""Say the action twice: in the query and the body, in another order, in another case, before and after a fragment."""

# aims: aws
# control: none (which of the two an AWS takes is its own)
# seconds: 20
from attack import tried
from cloud import DELETE, DESCRIBE, call, denied

tried()
for query, body in (
    ("", f"{DESCRIBE}&{DELETE}"), ("", f"{DELETE}&{DESCRIBE}"), (DESCRIBE, DELETE), (DELETE, DESCRIBE), (DELETE, ""),
    ("", f"{DESCRIBE}&Action=DeleteDBInstance"), ("", f"Action=DeleteDBInstance&{DESCRIBE}"),
    ("", DESCRIBE + "&" + DELETE.replace("Action", "action")), ("Action=DeleteDBInstance", DESCRIBE),
    ("", f"{DESCRIBE}%26{DELETE}"), ("", f"{DESCRIBE}\r\n{DELETE}"), ("", f"{DESCRIBE}\x00&{DELETE}"),
    ("", DELETE.replace("Action=DeleteDBInstance", "Action=DescribeDBInstances&Action.1=DeleteDBInstance")),
):  # fmt: skip
    status = call("POST", query=query, body=body)
    denied(status, f"{query[:40]} with {body[:60]}")
