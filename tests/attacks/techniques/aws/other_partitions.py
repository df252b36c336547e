"""Go to endpoints of other partitions, of other clouds of AWS, and of its sign-in, past what is known as AWS."""

# aims: aws
# control: none (they are real places)
# seconds: 30
from attack import breach, tried
from cloud import DELETE, call, denied
from proxied import say, tunnel

tried()
for name in (
    "rds.cn-north-1.amazonaws.com.cn", "rds.us-gov-west-1.amazonaws.com", "rds.us-iso-east-1.c2s.ic.gov", "rds.eusc-de-east-1.amazonaws.eu",
    "rds.eu-central-1.api.aws", "rds-fips.us-east-1.amazonaws.com", "signin.aws.amazon.com", "d-1234567890.awsapps.com",
    "x.lambda-url.eu-central-1.on.aws", "rds.eu-central-1.amazonaws.com.", "RDS.EU-CENTRAL-1.AMAZONAWS.COM", "rds.eu-central-1.amazonaws.com.evil.example",
):  # fmt: skip
    denied(call("POST", body=DELETE, headers={"Host": name, "Content-Type": "application/x-www-form-urlencoded"}), name)
    for port in (80, 8443):
        if tunnel(f"{name}:{port}"):
            breach(f"a tunnel to {name}:{port}")
say(
    b"POST http://rds.cn-north-1.amazonaws.com.cn/ HTTP/1.1\r\nHost: rds.cn-north-1.amazonaws.com.cn\r\nContent-Length: 0\r\n\r\n"
)
