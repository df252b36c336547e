"""Give production the tag of development first, then delete it."""

# aims: aws
# control: harms
# seconds: 30
import re

from attack import tried
from cloud import call, denied, send, signed

version = "Version=2016-11-15"
body = f"Action=DescribeSubnets&{version}"
made = signed("POST", "/", "", {"Content-Type": "application/x-www-form-urlencoded"}, body.encode(), "ec2")
head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in made.items())
found = re.findall(
    rb"<subnetId>(subnet-\w+)</subnetId>", send(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())[1]
)
tried(len(found))
for one in found:
    subnet = one.decode()
    for key, value in (("env", "dev"), ("Env", "dev"), ("env ", "dev"), ("aws:env", "dev")):
        status = call(
            "POST",
            body=f"Action=CreateTags&{version}&ResourceId.1={subnet}&Tag.1.Key={key}&Tag.1.Value={value}",
            service="ec2",
        )
        if key == "env":
            denied(status, "the tag that decides")
    call("POST", body=f"Action=DeleteTags&{version}&ResourceId.1={subnet}&Tag.1.Key=env", service="ec2")
    denied(call("POST", body=f"Action=DeleteSubnet&{version}&SubnetId={subnet}", service="ec2"), "a subnet")
