"""What is read from requests by hand: services, places in S3, parameters, and what is forwarded."""

from __future__ import annotations

import gzip
import json

import pytest

from supervisor.parse.aws_http import AwsRequest, body_wanted, identify, read
from tests.corpus.aws_raw import FORM, GATE, JSON, Raw, authorization, form, json_rpc, presigned, raw, s3

RDS = "rds.eu-central-1.amazonaws.com"
DELETE = "Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier=prod&SkipFinalSnapshot=true"


def understood(request: Raw) -> AwsRequest:
    answer = read(*request)
    assert isinstance(answer, AwsRequest), answer
    assert answer.names == identify(*request)
    return answer


def test_services_that_share_an_api() -> None:
    """A call that rds, docdb and neptune have alike is named as all three, the signing name's first."""
    expected = (("rds", "DeleteDBInstance"), ("docdb", "DeleteDBInstance"), ("neptune", "DeleteDBInstance"))
    assert identify(*form("rds", DELETE.replace("&SkipFinalSnapshot=true", ""), host=RDS)) == expected


def test_parameters_tell_services_apart() -> None:
    """Of services that share an API those remain that have all of the parameters."""
    answer = understood(form("rds", DELETE, host=RDS))
    assert answer.names == (("rds", "DeleteDBInstance"), ("neptune", "DeleteDBInstance"))
    assert answer.parameters == {"DBInstanceIdentifier": "prod", "SkipFinalSnapshot": True}
    assert (answer.host, answer.region, answer.signing_name) == (RDS, "eu-central-1", "rds")


def test_own_endpoint_narrows() -> None:
    """The service in an endpoint URL is the only candidate, and its path is not forwarded."""
    answer = understood(form("rds", DELETE, target="/_svc/neptune/"))
    assert answer.names == (("neptune", "DeleteDBInstance"),)
    assert (answer.path, answer.host) == ("/", "")


def test_own_endpoint_without_slash() -> None:
    """botocore writes no slash after an endpoint URL's path when the operation's path is the root."""
    assert identify(*form("rds", DELETE, target="/_svc/rds")) == (("rds", "DeleteDBInstance"),)


def test_own_endpoint_is_no_evidence_at_aws() -> None:
    """At a host of AWS the same path is a bucket, whatever its name says."""
    assert identify(*s3("GET", "/_svc/rds/key", host="s3.eu-central-1.amazonaws.com")) == ()


def test_unsigned_by_host_and_by_endpoint() -> None:
    """An operation without signature is known by host or endpoint URL, and signs for nobody."""
    body = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=a&RoleSessionName=b&WebIdentityToken=c"
    for target, host in (("/", "sts.eu-central-1.amazonaws.com"), ("/_svc/sts/", GATE)):
        headers = [("Host", host), ("Content-Type", FORM)]
        answer = understood(("POST", target, headers, body))
        assert (answer.names, answer.signing_name) == ((("sts", "AssumeRoleWithWebIdentity"),), "")


def test_presigned() -> None:
    """A presigned URL is its operation, without what signs it."""
    answer = understood(("GET", f"/bkt/key?{presigned('s3', 'versionId=v1')}", [("Host", GATE)], b""))
    assert answer.names == (("s3", "GetObject"),)
    assert answer.query == (("versionId", "v1"),)
    assert answer.parameters == {"Bucket": "bkt", "Key": "key", "VersionId": "v1"}


def test_presigned_headers_in_the_url() -> None:
    """What a presigned URL has instead of a header selects the operation and is forwarded as that header."""
    target = f"/bkt/key?{presigned('s3', 'x-amz-copy-source=%2Fother%2Fkey&x-id=CopyObject')}"
    answer = understood(("PUT", target, [("Host", GATE)], b""))
    assert answer.names == (("s3", "CopyObject"),)
    assert ("x-amz-copy-source", "/other/key") in answer.headers
    assert answer.query == ()


def test_presigned_form() -> None:
    """A presigned GetCallerIdentity, as EKS tokens are, is that operation."""
    query = presigned("sts", "Action=GetCallerIdentity&Version=2011-06-15")
    assert identify("GET", f"/?{query}", [("Host", "sts.eu-central-1.amazonaws.com")], b"") == (
        ("sts", "GetCallerIdentity"),
    )


def test_signature_of_version_4a() -> None:
    """A signature for several regions names the service and no region."""
    header = (
        "AWS4-ECDSA-P256-SHA256 Credential=AKIA/20261125/s3/aws4_request, SignedHeaders=host;x-amz-region-set, "
        "Signature=3045"
    )
    answer = understood(("GET", "/bkt/key", [("Host", GATE), ("Authorization", header)], b""))
    assert (answer.signing_name, answer.region) == ("s3", "")


def test_absolute_form() -> None:
    """A request through a proxy names its host in the target."""
    headers = [("Host", "bkt.s3.eu-central-1.amazonaws.com"), authorization("s3")]
    answer = understood(("GET", "http://bkt.s3.eu-central-1.amazonaws.com/a/b", headers, b""))
    assert (answer.bucket, answer.key) == ("bkt", "a/b")


def test_absolute_form_with_host_prefix() -> None:
    """botocore puts an account before whatever host it is told, which through a proxy is the gate's address."""
    headers = [("Host", f"123456789012.{GATE}"), authorization("s3"), ("x-amz-account-id", "123456789012")]
    target = f"http://123456789012.{GATE}/_svc/s3control/v20180820/configuration/publicAccessBlock"
    assert identify("GET", target, headers, b"") == (("s3control", "GetPublicAccessBlock"),)


PLACES = [
    ("/bkt", GATE, "bkt", "", "/bkt"),
    ("/bkt/", GATE, "bkt", "", "/bkt"),
    ("/bkt/key", GATE, "bkt", "key", "/bkt/key"),
    ("/bkt/key", "s3.amazonaws.com", "bkt", "key", "/bkt/key"),
    ("/bkt/key", "s3.dualstack.eu-central-1.amazonaws.com", "bkt", "key", "/bkt/key"),
    ("/key", "bkt.s3.eu-central-1.amazonaws.com", "bkt", "key", "/bkt/key"),
    ("/key", "bkt.s3-eu-central-1.amazonaws.com", "bkt", "key", "/bkt/key"),
    ("/key", "BKT.S3.eu-central-1.amazonaws.com:443", "bkt", "key", "/bkt/key"),
    ("/key", "a.b.c.s3.eu-central-1.amazonaws.com", "a.b.c", "key", "/a.b.c/key"),
    ("/key", "bkt.s3.dualstack.eu-central-1.amazonaws.com", "bkt", "key", "/bkt/key"),
    ("/key", "bkt.s3-accelerate.amazonaws.com", "bkt", "key", "/bkt/key"),
    ("/key", "us-east-1.s3.amazonaws.com", "us-east-1", "key", "/us-east-1/key"),
    ("/", "bkt.s3.eu-central-1.amazonaws.com", "bkt", "", "/bkt"),
    ("/bkt//key", GATE, "bkt", "/key", "/bkt//key"),
    ("/bkt/a//b", GATE, "bkt", "a//b", "/bkt/a//b"),
    ("/bkt/a/", GATE, "bkt", "a/", "/bkt/a/"),
    ("/bkt/a%2Fb", GATE, "bkt", "a/b", "/bkt/a/b"),
    ("/bkt/a+b", GATE, "bkt", "a+b", "/bkt/a%2Bb"),
    ("/bkt/a%20b", GATE, "bkt", "a b", "/bkt/a%20b"),
    ("/bkt/a%7Eb", GATE, "bkt", "a~b", "/bkt/a~b"),
    ("/bkt/a%25b", GATE, "bkt", "a%b", "/bkt/a%25b"),
    ("/bkt/%C3%BC!'()*", GATE, "bkt", "ü!'()*", "/bkt/%C3%BC%21%27%28%29%2A"),
    ("/bkt/a..b/...", GATE, "bkt", "a..b/...", "/bkt/a..b/..."),
    ("/bkt/a:b@c=d&e$f,g", GATE, "bkt", "a:b@c=d&e$f,g", "/bkt/a%3Ab%40c%3Dd%26e%24f%2Cg"),
]


@pytest.mark.parametrize(("target", "host", "bucket", "key", "path"), PLACES)
def test_places_in_s3(target: str, host: str, bucket: str, key: str, path: str) -> None:
    """Bucket and key are the same whichever way they are addressed; a key keeps every byte."""
    answer = understood(s3("GET", target, host=host))
    assert (answer.bucket, answer.key, answer.path) == (bucket, key, path)


def test_the_one_path_that_is_no_bucket() -> None:
    """A bucket named like the path that object Lambda functions answer at is a bucket, but for that one method."""
    answer = understood(s3("GET", "/WriteGetObjectResponse"))
    assert (answer.names, answer.bucket) == ((("s3", "ListObjects"),), "WriteGetObjectResponse")
    headers = (("x-amz-request-route", "r"), ("x-amz-request-token", "t"))
    host = "r.s3-object-lambda.eu-central-1.amazonaws.com"
    answer = understood(raw("s3-object-lambda", "POST", "/WriteGetObjectResponse", *headers, host=host))
    assert (answer.names, answer.path) == ((("s3", "WriteGetObjectResponse"),), "/WriteGetObjectResponse")
    assert identify(*s3("POST", "/WriteGetObjectResponse?delete")) == ()
    assert identify(*raw("s3-object-lambda", "DELETE", "/bkt/key")) == ()


HOSTS = [
    ("bkt.s3.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com", "/bkt/key"),
    ("bkt.s3-eu-central-1.amazonaws.com", "s3-eu-central-1.amazonaws.com", "/bkt/key"),
    ("a.b.s3.dualstack.eu-central-1.amazonaws.com", "s3.dualstack.eu-central-1.amazonaws.com", "/a.b/key"),
    ("abc.s3.s3.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com", "/abc.s3/key"),
    ("bkt.s3.amazonaws.com", "", "/bkt/key"),
    ("bkt.s3-accelerate.amazonaws.com", "", "/bkt/key"),
]


@pytest.mark.parametrize(("given", "host", "path"), HOSTS)
def test_host_and_path_belong_together(given: str, host: str, path: str) -> None:
    """A bucket that moves into the path leaves the host, or the forwarded call would be on another object."""
    answer = understood(s3("DELETE", "/key", host=given))
    assert (answer.host, answer.path) == (host, path)


def test_directory_bucket() -> None:
    """S3 Express has hosts of its own."""
    host = "b--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com"
    answer = understood(raw("s3express", "PUT", "/key", host=host, region="us-east-1"))
    assert (answer.names, answer.bucket, answer.key) == ((("s3", "PutObject"),), "b--use1-az4--x-s3", "key")
    assert (answer.host, answer.path) == (host, "/key")
    control = "s3express-control.us-east-1.amazonaws.com"
    assert identify(*raw("s3express", "GET", "/", host=control, region="us-east-1")) == (
        ("s3", "ListDirectoryBuckets"),
    )


SELECTED = [
    ("GET", "/", (), "ListBuckets"),
    ("GET", "/bkt", (), "ListObjects"),
    ("GET", "/bkt?list-type=2&prefix=a%2F", (), "ListObjectsV2"),
    ("GET", "/bkt?acl", (), "GetBucketAcl"),
    ("GET", "/bkt?acl=", (), "GetBucketAcl"),
    ("GET", "/bkt?versions", (), "ListObjectVersions"),
    ("GET", "/bkt?uploads", (), "ListMultipartUploads"),
    ("GET", "/bkt?analytics", (), "ListBucketAnalyticsConfigurations"),
    ("GET", "/bkt?analytics&id=1", (), "GetBucketAnalyticsConfiguration"),
    ("GET", "/bkt/key?x-id=GetObject", (), "GetObject"),
    ("GET", "/bkt/key?uploadId=1", (), "ListParts"),
    ("HEAD", "/bkt/key", (), "HeadObject"),
    ("PUT", "/bkt", (), "CreateBucket"),
    ("PUT", "/bkt/key", (("x-amz-meta-owner", "me"),), "PutObject"),
    ("PUT", "/bkt/key", (("x-amz-copy-source", "/other/key"),), "CopyObject"),
    ("PUT", "/bkt/key?partNumber=1&uploadId=u", (), "UploadPart"),
    ("PUT", "/bkt/key?partNumber=1&uploadId=u", (("x-amz-copy-source", "/other/key"),), "UploadPartCopy"),
    ("PUT", "/bkt/key?tagging", (), "PutObjectTagging"),
    ("POST", "/bkt/key?uploads", (), "CreateMultipartUpload"),
    ("POST", "/bkt/key?uploadId=u", (), "CompleteMultipartUpload"),
    ("POST", "/bkt?delete", (), "DeleteObjects"),
    ("DELETE", "/bkt/key", (), "DeleteObject"),
    ("DELETE", "/bkt/key?versionId=v", (), "DeleteObject"),
    ("DELETE", "/bkt/key?uploadId=u", (), "AbortMultipartUpload"),
    ("DELETE", "/bkt/key?tagging", (), "DeleteObjectTagging"),
    ("DELETE", "/bkt?policy", (), "DeleteBucketPolicy"),
]


@pytest.mark.parametrize(("method", "target", "more", "operation"), SELECTED)
def test_selectors_of_s3(method: str, target: str, more: tuple[tuple[str, str], ...], operation: str) -> None:
    """Method, sub-resource and headers select S3's operation."""
    assert identify(*s3(method, target, *more)) == (("s3", operation),)


def test_form_lists_and_maps() -> None:
    """Lists and maps of a form come out under the model's names, numbered in any order."""
    text = (
        "Action=DescribeDBInstances&Version=2014-10-31&Filters.Filter.2.Name=b&Filters.Filter.1.Name=a"
        "&Filters.Filter.1.Values.Value.1=x&Filters.Filter.1.Values.Value.2=y"
    )
    answer = understood(form("rds", text))
    assert answer.parameters == {"Filters": [{"Name": "a", "Values": ["x", "y"]}, {"Name": "b"}]}
    text = (
        "Action=SetEndpointAttributes&Version=2010-03-31&EndpointArn=a"
        "&Attributes.entry.1.key=Enabled&Attributes.entry.1.value=true"
    )
    assert understood(form("sns", text)).parameters == {"EndpointArn": "a", "Attributes": {"Enabled": "true"}}


def test_form_of_ec2() -> None:
    """EC2's protocol has its own names and flat lists."""
    text = (
        "Action=RunInstances&Version=2016-11-15&MinCount=1&MaxCount=1&ImageId=ami-1"
        "&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=env&TagSpecification.1.Tag.1.Value=dev"
    )
    assert understood(form("ec2", text)).parameters == {
        "MinCount": 1,
        "MaxCount": 1,
        "ImageId": "ami-1",
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "env", "Value": "dev"}]}],
    }


def test_older_api_version() -> None:
    """An API version that botocore still has is the same operation under its own parameters."""
    text = "Action=TerminateInstances&Version=2014-10-01&InstanceId.1=i-1"
    answer = understood(form("ec2", text))
    assert answer.names == (("ec2", "TerminateInstances"),)
    assert answer.parameters == {"InstanceIds": ["i-1"]}


def test_json_and_cbor() -> None:
    """A service that speaks JSON and CBOR is read the same either way."""
    as_json = raw(
        "monitoring",
        "POST",
        "/",
        ("X-Amz-Target", "GraniteServiceVersion20100801.DeleteAlarms"),
        ("Content-Type", JSON),
        body=b'{"AlarmNames":["a"]}',
    )
    as_cbor = raw(
        "monitoring",
        "POST",
        "/service/GraniteServiceVersion20100801/operation/DeleteAlarms",
        ("Smithy-Protocol", "rpc-v2-cbor"),
        ("Content-Type", "application/cbor"),
        body=b"\xa1\x6aAlarmNames\x81\x61a",
    )
    as_form = form("monitoring", "Action=DeleteAlarms&Version=2010-08-01&AlarmNames.member.1=a")
    for request, protocol in ((as_json, "json"), (as_cbor, "smithy-rpc-v2-cbor"), (as_form, "query")):
        answer = understood(request)
        assert answer.names == (("cloudwatch", "DeleteAlarms"),)
        assert (answer.protocol, answer.parameters) == (protocol, {"AlarmNames": ["a"]})


def test_compressed_body() -> None:
    """An operation whose body may be compressed is read through the compression."""
    plain = b"\xa1\x69Namespace\x61a"
    request = raw(
        "monitoring",
        "POST",
        "/service/GraniteServiceVersion20100801/operation/PutMetricData",
        ("Smithy-Protocol", "rpc-v2-cbor"),
        ("Content-Type", "application/cbor"),
        ("Content-Encoding", "gzip"),
        body=gzip.compress(plain),
    )
    assert understood(request).parameters == {"Namespace": "a"}


def test_xml_body() -> None:
    """An XML body's flattened list comes out under the model's name."""
    namespace = b'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    body = b"<Delete %s><Object><Key>a b</Key></Object><Quiet>true</Quiet></Delete>" % namespace
    answer = understood(s3("POST", "/bkt?delete", body=body))
    assert answer.parameters == {"Bucket": "bkt", "Delete": {"Objects": [{"Key": "a b"}], "Quiet": True}}


def test_arn_in_a_path() -> None:
    """An ARN in a label keeps its encoded slash, so that it stays one segment."""
    target = "/2017-03-31/tags/arn%3Aaws%3Alambda%3Aeu-central-1%3A123456789012%3Afunction%3Af%2Fx"
    answer = understood(raw("lambda", "GET", "/_svc/lambda" + target))
    assert answer.path == target
    assert answer.parameters == {"Resource": "arn:aws:lambda:eu-central-1:123456789012:function:f/x"}


def test_batch_and_depth_in_json() -> None:
    """A batch is decoded down to its items."""
    body = {"RequestItems": {"t": [{"DeleteRequest": {"Key": {"id": {"S": "1"}}}}]}}
    answer = understood(json_rpc("dynamodb", "DynamoDB_20120810.BatchWriteItem", json.dumps(body).encode()))
    assert answer.parameters == body


def test_forwarded_headers() -> None:
    """Headers that sign, that belong to one connection or that override the method end at the gate."""
    answer = understood(
        s3(
            "PUT",
            "/bkt/key",
            ("x-amz-meta-owner", "me"),
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
            ("Content-Encoding", "aws-chunked"),
            ("If-None-Match", "*"),
            ("x-http-method-override", "DELETE"),
            ("Connection", "close, x-amz-meta-owner"),
            ("Expect", "100-continue"),
            ("X-Amz-Security-Token", "t"),
            ("X-Forwarded-Host", "evil"),
            ("Proxy-Authorization", "x"),
            ("Transfer-Encoding", "chunked"),
        )
    )
    assert dict(answer.headers) == {
        "x-amz-meta-owner": "me",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-trailer": "x-amz-checksum-crc32",
        "content-encoding": "aws-chunked",
        "if-none-match": "*",
    }
    assert answer.streams_body
    assert answer.parameters["Metadata"] == {"owner": "me"}


@pytest.mark.parametrize(
    ("request_", "wanted"),
    [
        (s3("PUT", "/bkt/key", ("Content-Length", "5")), False),
        (s3("DELETE", "/bkt/key"), False),
        (s3("DELETE", "/bkt/key", ("Content-Length", "5")), True),
        (s3("POST", "/bkt?delete", body=b"<Delete/>"), True),
        (form("rds", DELETE), True),
        (json_rpc("dynamodb", "DynamoDB_20120810.ListTables"), True),
        (json_rpc("dynamodb", "DynamoDB_20120810.Nothing"), False),
    ],
)
def test_body_wanted(request_: Raw, wanted: bool) -> None:
    """A body is wanted where it has parameters, or is there although the model has none."""
    method, target, headers, _ = request_
    assert body_wanted(method, target, headers) is wanted
