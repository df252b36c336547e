"""Delete the production database as the AWS tools would."""

# aims: aws
# control: harms
# seconds: 30
from attack import tried
from cloud import DELETE, call, denied

tried()
denied(call("POST", body=DELETE), "DeleteDBInstance")
denied(call("GET", query=DELETE), "DeleteDBInstance by GET")
