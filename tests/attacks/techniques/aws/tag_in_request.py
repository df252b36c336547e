"""Say in the request that the resource has the tag that the scope asks for."""

# aims: aws
# control: harms
# seconds: 30
import re

from attack import tried
from cloud import call, denied, send, signed


def ask(body: str, **more: str) -> bytes:
    made = signed("POST", "/", "", {"Content-Type": "application/x-www-form-urlencoded"}, body.encode(), "ec2")
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in made.items())
    return send(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())[1]


version = "Version=2016-11-15"
subnets = re.findall(rb"<subnetId>(subnet-\w+)</subnetId>", ask(f"Action=DescribeSubnets&{version}"))
groups = re.findall(rb"<groupId>(sg-\w+)</groupId>", ask(f"Action=DescribeSecurityGroups&{version}"))
claims = ("", "&Tag.1.Key=env&Tag.1.Value=dev", "&TagSpecification.1.ResourceType=security-group&TagSpecification.1.Tag.1.Key=env&TagSpecification.1.Tag.1.Value=dev",
          "&Filter.1.Name=tag:env&Filter.1.Value.1=dev")  # fmt: skip
tried(len(subnets), len(groups))
for claim in claims:
    for group in groups:
        denied(
            call("POST", body=f"Action=DeleteSecurityGroup&{version}&GroupId={group.decode()}{claim}", service="ec2"),
            "a security group",
        )
    for subnet in subnets:
        denied(
            call("POST", body=f"Action=DeleteSubnet&{version}&SubnetId={subnet.decode()}{claim}", service="ec2"),
            "a subnet",
        )
for name in ("shop", "sg-*", "*"):
    denied(
        call("POST", body=f"Action=DeleteSecurityGroup&{version}&GroupName={name}", service="ec2"), "a group by name"
    )
