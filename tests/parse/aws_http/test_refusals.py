"""What is refused although it looks like a request to AWS: every way known to make two readers see two requests."""

from __future__ import annotations

import gzip

import pytest

from supervisor.parse.aws_http import Refused, body_wanted, identify, read
from tests.corpus.aws_raw import FORM, GATE, JSON, Raw, authorization, form, json_rpc, presigned, raw, s3

RDS = "rds.eu-central-1.amazonaws.com"
DELETE = "Action=DeleteDBInstance&Version=2014-10-31&DBInstanceIdentifier=prod"
CBOR = (("Smithy-Protocol", "rpc-v2-cbor"), ("Content-Type", "application/cbor"))
LIST_METRICS = "/service/GraniteServiceVersion20100801/operation/ListMetrics"
PUT_ITEM = "DynamoDB_20120810.PutItem"

REFUSED: dict[str, tuple[Raw, str]] = {
    # Which service
    "unsigned, to the gate": (("GET", "/bkt/key", [("Host", GATE)], b""), "does not say which service"),
    "no host and no signature": (("GET", "/bkt/key", [], b""), "does not say which service"),
    "an empty host in the target": (("GET", "http:///bkt/key", [("Host", "bkt.s3.amazonaws.com")], b""), "different"),
    "a host outside AWS": (s3("GET", "/bkt/key", host="example.com"), "no endpoint of AWS"),
    "a host that looks like AWS": (s3("GET", "/bkt/key", host="s3.amazonaws.com.example.com"), "no endpoint of AWS"),
    "a host of AWS that has no API": (s3("GET", "/", host="evil.amazonaws.com"), "no endpoint of AWS"),
    "the metadata address": (s3("GET", "/latest/meta-data", host="169.254.169.254"), "no endpoint of AWS"),
    "a port of AWS that it has not": (s3("GET", "/bkt", host="s3.amazonaws.com:8443"), "port"),
    "an endpoint in a VPC": (
        s3("GET", "/bkt", host="vpce-1a2b3c-4d.s3.eu-central-1.vpce.amazonaws.com"),
        "VPC",
    ),
    "signed for another service than the host's": (form("ec2", DELETE, host=RDS), "another service"),
    "signed for another region than the host's": (
        raw("rds", "POST", "/", ("Content-Type", FORM), body=DELETE.encode(), host=RDS, region="us-east-1"),
        "another region",
    ),
    "signed for another service than the URL's": (form("ec2", DELETE, target="/_svc/rds/"), "another service"),
    "signed for a service nobody knows": (
        ("GET", "/x", [("Host", GATE), authorization("s4")], b""),
        "knows no",
    ),
    "a URL for a service nobody knows": (form("rds", DELETE, target="/_svc/rdz/"), "knows no service"),
    "a URL for a service, encoded": (form("rds", DELETE, target="/_svc/%72ds/"), "need no encoding"),
    "two hosts": (
        ("GET", "/bkt/key", [("Host", GATE), ("host", "s3.amazonaws.com"), authorization("s3")], b""),
        "host stands there twice",
    ),
    "two hosts, one in the target": (
        ("GET", "http://s3.amazonaws.com/bkt", [("Host", "bkt.s3.amazonaws.com"), authorization("s3")], b""),
        "different hosts",
    ),
    "a target that is no URL": (("GET", "bkt/key", [("Host", GATE), authorization("s3")], b""), "neither a path"),
    "credentials in the target": (
        ("GET", "http://user@s3.amazonaws.com/bkt", [authorization("s3")], b""),
        "no host name",
    ),
    "a method of another protocol": (s3("PROPFIND", "/bkt"), "method"),
    # How it is signed
    "two signatures": (s3("GET", f"/bkt/key?{presigned('s3')}"), "headers and in its URL"),
    "half a signature": (("GET", "/bkt/key?X-Amz-Credential=a", [("Host", GATE)], b""), "not all of them"),
    "a signature's parameter twice": (
        ("GET", f"/bkt/key?{presigned('s3')}&x-amz-credential=b", [("Host", GATE)], b""),
        "twice",
    ),
    "version 2 in the headers": (
        ("GET", "/bkt/key", [("Host", GATE), ("Authorization", "AWS AKIA:sig")], b""),
        "Signature Version 2",
    ),
    "version 2 in the URL": (
        ("GET", "/bkt/key?AWSAccessKeyId=AKIA&Signature=x&Expires=1", [("Host", "s3.amazonaws.com")], b""),
        "Signature Version 2",
    ),
    "version 2 in a form": (
        form("sdb", "Action=ListDomains&Version=2009-04-15&SignatureVersion=2&Signature=x"),
        "Signature Version 2",
    ),
    "a bearer token": (
        ("GET", "/v1/spaces", [("Host", "codecatalyst.global.api.aws"), ("Authorization", "Bearer x")], b""),
        "bearer token",
    ),
    "a scope without a region": (
        (
            "GET",
            "/bkt",
            [("Host", GATE), (authorization("s3")[0], authorization("s3")[1].replace("/eu-central-1", ""))],
            b"",
        ),
        "credential scope",
    ),
    # Forms
    "no version": (form("rds", "Action=DescribeDBInstances"), "one Version"),
    "a version of another service": (form("rds", "Action=DescribeDBInstances&Version=2011-06-15"), "no operation"),
    "an operation of another service": (form("rds", "Action=GetCallerIdentity&Version=2011-06-15"), "no operation"),
    "Action twice": (form("rds", f"Action=DescribeDBInstances&{DELETE}"), "twice"),
    "Version twice": (form("rds", f"{DELETE}&Version=2014-09-01"), "twice"),
    "a parameter twice": (form("rds", f"{DELETE}&DBInstanceIdentifier=dev"), "twice"),
    "Action in the URL and the form": (
        form("rds", DELETE, target="/?Action=DescribeDBInstances&Version=2014-10-31"),
        "in its URL and in its body",
    ),
    "a parameter in the URL beside a form": (form("rds", DELETE, target="/?x=1"), "in its URL and in its body"),
    "a parameter the model does not have": (form("rds", f"{DELETE}&Force=true"), "no parameter Force"),
    "the same in the URL": (
        raw("sts", "GET", "/?Action=GetCallerIdentity&Version=2011-06-15&Evil=1"),
        "parameter Evil",
    ),
    "action in small letters": (form("rds", f"{DELETE}&action=DescribeDBInstances"), "no parameter action"),
    "semicolons between parameters": (form("rds", DELETE.replace("&", ";")), "`;`"),
    "a form under another type": (
        raw("rds", "POST", "/?Action=DescribeDBInstances&Version=2014-10-31", ("Content-Type", JSON), body=b"{}"),
        "in its URL and in its body",
    ),
    "a form that is JSON": (raw("rds", "POST", "/", ("Content-Type", JSON), body=DELETE.encode()), "no operation"),
    "a form at another path": (form("rds", DELETE, target="/x"), "no operation"),
    "a form in a GET": (
        raw("rds", "GET", "/?Action=DescribeDBInstances&Version=2014-10-31", ("Content-Type", FORM), body=b"a=b"),
        "in its URL and in its body",
    ),
    "a form that is compressed": (form("rds", DELETE, ("Content-Encoding", "gzip")), "content encoding"),
    "a form in UTF-16": (
        raw(
            "rds",
            "POST",
            "/",
            ("Content-Type", "application/x-www-form-urlencoded; Charset = 'utf-16'"),
            body=DELETE.encode(),
        ),
        "not UTF-8",
    ),
    "a form in Latin-1": (raw("rds", "POST", "/", ("Content-Type", FORM), body=DELETE.encode() + b"\xfc"), "encoded"),
    "a form in encoded Latin-1": (form("rds", f"{DELETE}%FC"), "not UTF-8"),
    "a list under a structure": (form("rds", f"{DELETE}&Action.member.1=x"), "no parameter 'Action.member.1'"),
    # Targets
    "a target of another service": (
        json_rpc("dynamodb", "AWSCognitoIdentityProviderService.ListUsers"),
        "no operation",
    ),
    "an operation that is new": (json_rpc("dynamodb", "DynamoDB_20120810.DropEverything"), "no operation"),
    "a target's prefix alone": (json_rpc("dynamodb", "PutItem"), "no operation"),
    "two targets": (json_rpc("dynamodb", PUT_ITEM, b"{}", ("x-amz-target", PUT_ITEM)), "twice"),
    "a target and a form": (
        raw("sqs", "POST", "/", ("X-Amz-Target", "AmazonSQS.PurgeQueue"), ("Content-Type", FORM), body=b"Action=x"),
        "content type",
    ),
    "a target without a type": (raw("dynamodb", "POST", "/", ("X-Amz-Target", PUT_ITEM), body=b"{}"), "content type"),
    "a target and a query": (
        raw("dynamodb", "POST", "/?Action=ListTables", ("X-Amz-Target", PUT_ITEM), ("Content-Type", JSON)),
        "no other parameters",
    ),
    "a target at another path": (
        raw("dynamodb", "POST", "/x", ("X-Amz-Target", PUT_ITEM), ("Content-Type", JSON)),
        "no other parameters",
    ),
    "a target in a GET": (
        raw("dynamodb", "GET", "/", ("X-Amz-Target", PUT_ITEM), ("Content-Type", JSON)),
        "goes with POST",
    ),
    "a target for a service without targets": (json_rpc("s3", PUT_ITEM), "no operation"),
    "a target and CBOR": (
        raw("cloudwatch", "POST", "/service/x/operation/y", *CBOR, ("X-Amz-Target", "x.y")),
        "twice",
    ),
    # RPC v2
    "CBOR under another type": (
        raw(
            "monitoring",
            "POST",
            "/service/GraniteServiceVersion20100801/operation/ListMetrics",
            CBOR[0],
            ("Content-Type", JSON),
        ),
        "content type",
    ),
    "CBOR at another path": (raw("monitoring", "POST", "/", *CBOR), "goes with POST"),
    "CBOR of another service": (
        raw("monitoring", "POST", "/service/AmazonSQS/operation/PurgeQueue", *CBOR),
        "no operation",
    ),
    "CBOR for a service without it": (
        raw("s3", "POST", "/service/GraniteServiceVersion20100801/operation/ListMetrics", *CBOR),
        "no operation",
    ),
    "another Smithy protocol": (
        raw("monitoring", "POST", "/", ("Smithy-Protocol", "rpc-v2-json")),
        "no service speaks",
    ),
    # Paths and queries
    "a query the model does not have": (raw("lambda", "GET", "/2015-03-31/functions/f?Evil=1"), "parameter Evil"),
    "a path nobody has": (raw("lambda", "GET", "/2015-03-31/evil"), "no operation"),
    "a method a path has not": (raw("lambda", "PATCH", "/2015-03-31/functions/f"), "no operation"),
    "an empty label": (raw("lambda", "GET", "/2015-03-31/functions//code"), "empty segment"),
    "a dot segment": (raw("lambda", "DELETE", "/2015-03-31/functions/.."), "between slashes"),
    "a dot segment, encoded": (raw("lambda", "DELETE", "/2015-03-31/functions/%2e%2e"), "need no encoding"),
    "a dot segment, encoded twice": (raw("lambda", "DELETE", "/2015-03-31/functions/%252e%252e"), "between slashes"),
    "a dot segment in an encoded path": (raw("lambda", "DELETE", "/2015-03-31/functions/a%2F..%2Fb"), "slashes"),
    "letters encoded": (raw("lambda", "DELETE", "/2015-03-31/function%73/f"), "need no encoding"),
    "a parameter of a path": (raw("lambda", "DELETE", "/2015-03-31/functions/f;x=1"), "must be encoded"),
    "a backslash": (raw("lambda", "DELETE", "/2015-03-31/functions\\f"), "must be encoded"),
    "a fragment": (raw("lambda", "DELETE", "/2015-03-31/functions/f#x"), "must be encoded"),
    "a space": (raw("lambda", "DELETE", "/2015-03-31/functions/f HTTP/1.1"), "must be encoded"),
    "an encoding cut short": (raw("lambda", "DELETE", "/2015-03-31/functions/f%2"), "cut short"),
    "a NUL": (raw("lambda", "DELETE", "/2015-03-31/functions/f%00"), "control characters"),
    "a line break": (raw("lambda", "DELETE", "/2015-03-31/functions/f%0d%0aHost:x"), "control characters"),
    "Latin-1": (raw("lambda", "DELETE", "/2015-03-31/functions/%FC"), "not UTF-8"),
    "overlong UTF-8": (raw("lambda", "DELETE", "/2015-03-31/functions/%C0%AE"), "not UTF-8"),
    "letters outside ASCII": (raw("lambda", "DELETE", "/2015-03-31/functions/ü"), "must be encoded"),
    "a query with semicolons": (raw("lambda", "GET", "/2015-03-31/functions/f?Qualifier=1;Qualifier=2"), "`;`"),
    "a query's parameter twice": (raw("lambda", "GET", "/2015-03-31/functions/f?Qualifier=1&Qualifier=2"), "twice"),
    "a query with control characters": (raw("lambda", "GET", "/2015-03-31/functions/f?Qualifier=%00"), "control"),
    "a query without a name": (raw("lambda", "GET", "/2015-03-31/functions/f?=1"), "no name"),
    "a target that is too long": (raw("lambda", "GET", "/2015-03-31/functions/" + "f" * 40_000), "too long"),
    "a type that is not the protocol's": (
        raw("lambda", "POST", "/2015-03-31/functions", ("Content-Type", FORM), body=b"{}"),
        "content type",
    ),
    # S3
    "two sub-resources": (s3("GET", "/bkt?acl&policy"), "no parameter"),
    "a sub-resource twice": (s3("GET", "/bkt?acl&acl"), "twice"),
    "a sub-resource nobody knows": (s3("DELETE", "/bkt/key?anotation"), "no parameter anotation"),
    "a sub-resource in other letters": (s3("DELETE", "/bkt/key?Tagging"), "no parameter Tagging"),
    "a part without an upload": (s3("PUT", "/bkt/key?partNumber=1"), "parameter"),
    "a copy that is a read": (s3("GET", "/bkt/key", ("x-amz-copy-source", "/other/key")), "no header"),
    "a header nobody knows": (s3("PUT", "/bkt/key", ("x-amz-evil", "1")), "no header x-amz-evil"),
    "x-id of another operation": (s3("DELETE", "/bkt/key?x-id=GetObject"), "another operation"),
    "a bucket with an encoded slash": (s3("DELETE", "/bkt%2Fkey"), "no bucket"),
    "a bucket with an encoded slash and a key": (s3("DELETE", "/bkt%2Fx/key"), "no bucket"),
    "no bucket": (s3("DELETE", "//key"), "no bucket"),
    "a bucket that is a dot segment": (s3("DELETE", "/../bkt/key"), "no bucket"),
    "a key with a dot segment": (s3("DELETE", "/bkt/../other/key"), "between slashes"),
    "a key with a single dot": (s3("DELETE", "/bkt/./key"), "between slashes"),
    "a key with an encoded dot segment": (s3("DELETE", "/bkt/a%2F..%2F..%2Fother"), "between slashes"),
    "a key with a dot segment, encoded twice": (s3("DELETE", "/bkt/%252e%252e/other"), "between slashes"),
    "a key with a dot segment by backslashes": (s3("DELETE", "/bkt/a%5C..%5Cb"), "between slashes"),
    "a key with a line break": (s3("DELETE", "/bkt/a%0Ab"), "control characters"),
    "a key in Latin-1": (s3("DELETE", "/bkt/%FC"), "not UTF-8"),
    "a key that is too long": (s3("DELETE", "/bkt/" + "k" * 1025), "longer than S3 allows"),
    "an access point": (
        s3("GET", "/key", host="point-123456789012.s3-accesspoint.eu-central-1.amazonaws.com"),
        "access points",
    ),
    "an access point of several regions": (
        s3("GET", "/key", host="abc.mrap.accesspoint.s3-global.amazonaws.com"),
        "access points",
    ),
    "an access point at the gate": (s3("GET", "/key", host=f"point-123456789012.{GATE}"), "access points"),
    "an access point by its alias": (s3("GET", "/point-abcdef0123456789-s3alias/key"), "access points"),
    "a website's host": (s3("GET", "/key", host="bkt.s3-website.eu-central-1.amazonaws.com"), "no endpoint of AWS"),
    "a directory bucket of another zone": (
        raw(
            "s3express",
            "GET",
            "/k",
            host="b--use1-az4--x-s3.s3express-use1-az5.us-east-1.amazonaws.com",
            region="us-east-1",
        ),
        "zone",
    ),
    "a form that uploads": (
        s3("POST", "/bkt", ("Content-Type", "multipart/form-data; boundary=x"), body=b"--x--"),
        "parameter",
    ),
    "a header given twice by a presigned URL": (
        (
            "PUT",
            f"/bkt/key?{presigned('s3', 'x-amz-acl=private')}",
            [("Host", GATE), ("x-amz-acl", "public-read")],
            b"",
        ),
        "both have",
    ),
    "a header in a URL that is not presigned": (s3("PUT", "/bkt/key?x-amz-acl=public-read"), "no parameter"),
    # Framing and headers
    "two lengths": (s3("PUT", "/bkt/key", ("Content-Length", "1"), ("Content-Length", "2")), "twice"),
    "a length and chunks": (
        s3("PUT", "/bkt/key", ("Content-Length", "1"), ("Transfer-Encoding", "chunked")),
        "framing",
    ),
    "another transfer encoding": (s3("PUT", "/bkt/key", ("Transfer-Encoding", "gzip, chunked")), "framing"),
    "a length that is no number": (s3("PUT", "/bkt/key", ("Content-Length", "+1")), "no number"),
    "a line break in a header": (s3("PUT", "/bkt/key", ("x-amz-acl", "a\r\nx-amz-copy-source: /b/k")), "control"),
    "a line break in a header's name": (s3("PUT", "/bkt/key", ("x-amz-acl\nx", "a")), "name"),
    "a space in a header's name": (s3("PUT", "/bkt/key", ("x-amz-acl ", "a")), "name"),
    "letters outside ASCII in a header": (s3("PUT", "/bkt/key", ("x-amz-acl", "\u017f")), "ASCII"),
    "headers that are too long": (s3("PUT", "/bkt/key", ("x-amz-meta-a", "x" * 200_000)), "too long"),
    # What is not built
    "a call that streams both ways": (
        raw(
            "bedrock",
            "POST",
            "/model/m/invoke-with-bidirectional-stream",
            host="bedrock-runtime.eu-central-1.amazonaws.com",
        ),
        "both ways over HTTP/2",
    ),
    "two services that mean different things": (
        raw("lex", "POST", "/imports/", ("Content-Type", "application/json"), body=b"{}"),
        "AWS_ENDPOINT_URL",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    """Such a request is no operation, its body is not asked for, and the client is told why."""
    request, words = REFUSED[case]
    assert identify(*request) == ()
    answer = read(*request)
    assert isinstance(answer, Refused)
    assert words in answer.why
    assert answer.why.isascii() and answer.why.isprintable()
    assert answer.code and 400 <= answer.status < 600


BODIES: dict[str, tuple[Raw, str]] = {
    "JSON with a key twice": (json_rpc("dynamodb", PUT_ITEM, b'{"TableName":"dev","TableName":"prod"}'), "twice"),
    "JSON with a parameter nobody knows": (json_rpc("dynamodb", PUT_ITEM, b'{"tableName":"prod"}'), "tableName"),
    "JSON with one deep inside": (json_rpc("dynamodb", PUT_ITEM, b'{"Item":{"a":{"Q":"1"}}}'), "Item[].Q"),
    "JSON that is a list": (json_rpc("dynamodb", PUT_ITEM, b"[]"), "no structure"),
    "JSON that is null": (json_rpc("dynamodb", PUT_ITEM, b"null"), "no structure"),
    "JSON with text for a boolean": (
        json_rpc("kms", "TrentService.CreateKey", b'{"BypassPolicyLockoutSafetyCheck":"true"}'),
        "type",
    ),
    "JSON with NaN": (json_rpc("dynamodb", PUT_ITEM, b'{"TableName":NaN}'), "NaN"),
    "JSON with an infinity": (
        json_rpc("kms", "TrentService.ScheduleKeyDeletion", b'{"PendingWindowInDays":1e999}'),
        "too large",
    ),
    "JSON that is too deep": (
        json_rpc("dynamodb", PUT_ITEM, b'{"Item":' + b'{"a":{"M":' * 90 + b"1" + b"}}" * 90 + b"}"),
        "deep",
    ),
    "JSON that is far too deep": (json_rpc("dynamodb", PUT_ITEM, b"[" * 200_000), "deep"),
    "JSON with half a surrogate pair": (json_rpc("dynamodb", PUT_ITEM, rb'{"TableName":"\ud800"}'), "surrogate"),
    "JSON in another encoding": (json_rpc("dynamodb", PUT_ITEM, '{"TableName":"p"}'.encode("utf-16")), "UTF-8"),
    "JSON that says it is in UTF-7": (
        raw(
            "dynamodb",
            "POST",
            "/",
            ("X-Amz-Target", PUT_ITEM),
            ("Content-Type", f"{JSON}; charset=utf-7"),
            body=b"{}",
        ),
        "not UTF-8",
    ),
    "a number in other digits": (
        raw(
            "rds",
            "POST",
            "/",
            ("Content-Type", FORM),
            body=b"Action=DescribeDBInstances&Version=2014-10-31&MaxRecords=%EF%BC%91",
        ),
        "no whole number",
    ),
    "JSON with a byte-order mark": (json_rpc("dynamodb", PUT_ITEM, b"\xef\xbb\xbf{}"), "JSON"),
    "JSON and more": (json_rpc("dynamodb", PUT_ITEM, b"{}{}"), "JSON"),
    "JSON that is compressed": (json_rpc("dynamodb", PUT_ITEM, b"{}", ("Content-Encoding", "gzip")), "encoding"),
    "a form with text for a boolean": (form("rds", f"{DELETE}&SkipFinalSnapshot=TRUE"), "true nor false"),
    "a form with a list for a value": (form("rds", f"{DELETE}&SkipFinalSnapshot.member.1=true"), "single value"),
    "a form with a value and a list": (form("rds", f"{DELETE}&SkipFinalSnapshot=true&SkipFinalSnapshot.a=1"), ""),
    "a form whose list counts from nought": (
        form("rds", "Action=DescribeDBInstances&Version=2014-10-31&Filters.member.0.Name=x"),
        "number its entries",
    ),
    "a form whose list counts oddly": (
        form("rds", "Action=DescribeDBInstances&Version=2014-10-31&Filters.member.01.Name=x"),
        "number its entries",
    ),
    "a form with a list under two names": (
        form(
            "rds",
            "Action=DescribeDBInstances&Version=2014-10-31&Filters.member.1.Name=x&Filters.Filter.2.Name=y",
        ),
        "must have its entries under",
    ),
    "a form that is too deep": (
        form("rds", "Action=DescribeDBInstances&Version=2014-10-31&Filters" + ".member.1" * 60 + "=x"),
        "deep",
    ),
    "XML with a document type": (
        s3("PUT", "/bkt?versioning", body=b'<!DOCTYPE x [<!ENTITY a "b">]><VersioningConfiguration/>'),
        "document type",
    ),
    "XML with an element twice": (
        s3(
            "PUT",
            "/bkt?versioning",
            body=b"<VersioningConfiguration><Status>Enabled</Status><Status>Suspended</Status></VersioningConfiguration>",
        ),
        "twice",
    ),
    "XML with two namespaces": (
        s3(
            "PUT",
            "/bkt?versioning",
            body=b'<VersioningConfiguration xmlns:x="urn:x"><x:Status>Enabled</x:Status></VersioningConfiguration>',
        ),
        "namespace",
    ),
    "XML with a comment": (
        s3("POST", "/bkt?delete", body=b"<Delete><Object><Key>a<!-- -->b</Key></Object></Delete>"),
        "comment",
    ),
    "XML with a processing instruction": (s3("POST", "/bkt?delete", body=b"<?x y?><Delete/>"), "instruction"),
    "XML with another root": (s3("POST", "/bkt?delete", body=b"<Tagging/>"), "no Delete"),
    "XML with a parameter nobody knows": (s3("POST", "/bkt?delete", body=b"<Delete><Evil/></Delete>"), "Evil"),
    "XML in another encoding": (
        s3("POST", "/bkt?delete", body=b'<?xml version="1.0" encoding="latin1"?><Delete/>'),
        "encoding",
    ),
    "XML that is too deep": (s3("POST", "/bkt?delete", body=b"<Delete>" * 100), "deep"),
    "XML that is none": (s3("POST", "/bkt?delete", body=b"{}"), "no XML"),
    "CBOR with bytes for text": (
        raw("monitoring", "POST", LIST_METRICS, *CBOR, body=b"\xa1\x69Namespace\x41a"),
        "type",
    ),
    "CBOR with a key twice": (
        raw("monitoring", "POST", LIST_METRICS, *CBOR, body=b"\xa2\x69Namespace\x61a\x69Namespace\x61b"),
        "twice",
    ),
    "CBOR with a key that is no text": (
        raw("monitoring", "POST", LIST_METRICS, *CBOR, body=b"\xa1\x01\x61a"),
        "no text",
    ),
    "CBOR with a foreign tag": (
        raw("monitoring", "POST", LIST_METRICS, *CBOR, body=b"\xa1\x69Namespace\xc2\x41a"),
        "tag",
    ),
    "CBOR and more": (raw("monitoring", "POST", LIST_METRICS, *CBOR, body=b"\xa0\xa0"), "goes on"),
    "CBOR cut short": (raw("monitoring", "POST", LIST_METRICS, *CBOR, body=b"\xa1\x69Name"), "cut short"),
    "CBOR that is too deep": (raw("monitoring", "POST", LIST_METRICS, *CBOR, body=b"\x81" * 5000), "deep"),
    "a compressed body that goes on": (
        raw(
            "monitoring",
            "POST",
            LIST_METRICS.replace("ListMetrics", "PutMetricData"),
            *CBOR,
            ("Content-Encoding", "gzip"),
            body=gzip.compress(b"\xa0") * 2,
        ),
        "goes on",
    ),
    "a name made to deceive": (json_rpc("dynamodb", PUT_ITEM, '{"a\u202e\\nb":1}'.encode()), "\\u202e"),
    "a body where there is none": (s3("DELETE", "/bkt/key", body=b"<Delete/>"), "no body"),
    "a body in a GET": (raw("lambda", "GET", "/2015-03-31/functions/f", body=b'{"a":1}'), "no body"),
    "a host of another account": (
        raw(
            "s3",
            "GET",
            "/v20180820/configuration/publicAccessBlock",
            ("x-amz-account-id", "210987654321"),
            host="123456789012.s3-control.eu-central-1.amazonaws.com",
        ),
        "another AccountId",
    ),
}


@pytest.mark.parametrize("case", BODIES)
def test_body_refused(case: str) -> None:
    """The operation is known, yet a body that two readers could read differently is not forwarded."""
    request, words = BODIES[case]
    assert len(identify(*request)) >= 1 or not request[3]
    answer = read(*request)
    assert isinstance(answer, Refused)
    assert words in answer.why
    assert answer.why.isascii() and answer.why.isprintable()


@pytest.mark.parametrize("case", REFUSED)
def test_refused_before_its_body(case: str) -> None:
    """Asking whether the body is wanted never fails, whatever the head says."""
    (method, target, headers, _), _ = REFUSED[case]
    assert body_wanted(method, target, headers) in (True, False)
