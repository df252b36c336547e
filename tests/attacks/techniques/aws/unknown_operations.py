"""Name operations that no model has, versions of another century, and parameters that nobody knows."""

# aims: aws
# control: none (what an AWS makes of them is its own)
# seconds: 20
from attack import tried
from cloud import DATABASE, call, denied

rest = f"DBInstanceIdentifier={DATABASE}&SkipFinalSnapshot=true"
tried()
for body in (
    f"Action=DeleteDBInstance&Version=1999-01-01&{rest}", f"Action=DeleteDBInstance&Version=&{rest}", f"Action=DeleteDBInstance&{rest}",
    f"Action=DeleteDBInstances&Version=2014-10-31&{rest}", f"Action=deletedbinstance&Version=2014-10-31&{rest}",
    f"action=DeleteDBInstance&version=2014-10-31&{rest}", f"Action=DeleteDBInstance%00&Version=2014-10-31&{rest}",
    f"Action= DeleteDBInstance&Version=2014-10-31&{rest}", f"Operation=DeleteDBInstance&Version=2014-10-31&{rest}",
    f"Action=DescribeDBInstances&Version=2014-10-31&Actiön=DeleteDBInstance&{rest}", f"Action=&Version=2014-10-31&{rest}",
    f"Action=DescribeDBInstances&Version=2014-10-31&Nothing.Known.1={DATABASE}&{rest}", f"%41ction=DeleteDBInstance&Version=2014-10-31&{rest}",
    f"Action=Delete%44BInstance&Version=2014-10-31&{rest}", f"Action=DeleteDBInstance;Version=2014-10-31;{rest}",
):  # fmt: skip
    denied(call("POST", body=body), body[:60])
