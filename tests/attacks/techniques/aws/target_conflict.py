"""Name one operation in X-Amz-Target and another in the body, the path or the credential scope."""

# aims: aws
# control: none (which of the two an AWS takes is its own)
# seconds: 20
from attack import tried
from cloud import DELETE, DESCRIBE, UPLOADED, call, denied

tried()
for target in (
    "DynamoDB_20120810.ListTables",
    "AmazonRDSv19.DescribeDBInstances",
    "DynamoDB_20120810.ListTables\t",
    "x.ListTables",
    ".",
):
    for service in ("rds", "dynamodb", "s3"):
        headers = {"X-Amz-Target": target}
        denied(
            call(
                "POST",
                body=DELETE,
                service=service,
                headers={**headers, "Content-Type": "application/x-www-form-urlencoded"},
            ),
            f"{target} over the body",
        )
        denied(call("DELETE", UPLOADED, service=service, headers=headers), f"{target} over the path")
denied(
    call("POST", query=DELETE, body="{}", service="dynamodb", headers={"X-Amz-Target": "DynamoDB_20120810.ListTables"}),
    "the query",
)
denied(call("POST", body=DELETE, extra="X-Amz-Target: DynamoDB_20120810.ListTables\r\n"), "an unsigned target")
denied(
    call("POST", body=DESCRIBE, extra="X-Amz-Target: DynamoDB_20120810.DeleteTable\r\n"),
    "an unsigned target of a deletion",
)
