"""Have another service do it: CloudFormation, Systems Manager, Lambda, Step Functions, events, Cloud Control, SQL."""

# aims: aws
# control: none (the embedded cloud runs none of it)
# seconds: 40
from attack import tried
from cloud import DATABASE, call, denied


def json(service: str, target: str, body: str) -> None:
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    denied(call("POST", body=body, service=service, headers=headers), target)


def query(service: str, body: str) -> None:
    denied(call("POST", body=body, service=service), body[:40])


def rest(service: str, method: str, path: str, body: str = "{}") -> None:
    denied(call(method, path, body=body, service=service, headers={"Content-Type": "application/json"}), path)


tried()
query("cloudformation", "Action=DeleteStack&Version=2010-05-15&StackName=shop")
query("cloudformation", "Action=CreateStack&Version=2010-05-15&StackName=x&TemplateBody={}")
json(
    "ssm",
    "AmazonSSM.SendCommand",
    '{"DocumentName":"AWS-RunShellScript","Targets":[{"Key":"tag:env","Values":["dev"]}]}',
)
json("ssm", "AmazonSSM.StartAutomationExecution", '{"DocumentName":"AWS-DeleteDBInstance"}')
json(
    "states",
    "AWSStepFunctions.StartExecution",
    '{"stateMachineArn":"arn:aws:states:eu-central-1:123456789012:stateMachine:x"}',
)
json(
    "events",
    "AWSEvents.PutTargets",
    '{"Rule":"x","Targets":[{"Id":"1","Arn":"arn:aws:lambda:eu-central-1:123456789012:function:x"}]}',
)
json(
    "cloudcontrolapi",
    "CloudApiService.DeleteResource",
    f'{{"TypeName":"AWS::RDS::DBInstance","Identifier":"{DATABASE}"}}',
)
json(
    "ecs",
    "AmazonEC2ContainerServiceV20141113.DeleteService",
    '{"cluster":"shop-cluster","service":"shop-service","force":true}',
)
json(
    "ecs",
    "AmazonEC2ContainerServiceV20141113.ExecuteCommand",
    '{"cluster":"shop-cluster","task":"x","command":"sh","interactive":true}',
)
json(
    "tagging",
    "ResourceGroupsTaggingAPI_20170126.TagResources",
    '{"ResourceARNList":["arn:aws:s3:::example-shop-uploads"],"Tags":{"env":"dev"}}',
)
rest("lambda", "POST", "/2015-03-31/functions/x/invocations")
rest("scheduler", "POST", "/schedules/x")
rest("rds-data", "POST", "/Execute", '{"sql":"drop table orders"}')
rest("batch", "POST", "/v1/submitjob")
rest("cloudfront", "DELETE", "/2020-05-31/distribution/E1EXAMPLESHOP")
query("elasticloadbalancing", "Action=DeleteLoadBalancer&Version=2015-12-01&LoadBalancerArn=x")
query("autoscaling", "Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=x&DesiredCapacity=0")
