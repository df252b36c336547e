"""Put the action behind more parameters, headers and bytes than anybody reads."""

# aims: aws
# control: none (an AWS has limits of its own)
# seconds: 40
from attack import tried
from cloud import DELETE, DESCRIBE, call, denied

tried()
denied(
    call("POST", body=DESCRIBE + "&" + "&".join(f"Filters.Filter.{n}.Name=x" for n in range(20000)) + "&" + DELETE),
    "at the end of many",
)
denied(call("POST", body="&" * 200000 + DELETE), "behind nothing")
denied(call("POST", body="x=" + "y" * 3_000_000 + "&" + DELETE), "behind megabytes")
denied(call("POST", query="x=" + "y" * 20000, body=DELETE), "behind a long query")
denied(call("POST", body=DELETE, extra="".join(f"X-{n}: y\r\n" for n in range(500))), "behind many headers")
denied(
    call("POST", body='{"a":' * 50000, service="dynamodb", headers={"X-Amz-Target": "DynamoDB_20120810.DeleteTable"}),
    "in deep JSON",
)
denied(call("POST", "/example-shop-uploads", query="delete=", body="<a>" * 100000, service="s3"), "in deep XML")
