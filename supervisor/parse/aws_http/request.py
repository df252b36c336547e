"""What was understood of one HTTP request to AWS: the values between reading a request and deciding on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Protocol = Literal["query", "ec2", "json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"]
"""The wire protocols that botocore models."""

Name = tuple[str, str]
"""botocore service name and operation name, as in `("rds", "DeleteDBInstance")`."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that is not forwarded, whatever the scope says: it was not understood as exactly one operation.

    `status` is the HTTP status, `code` the AWS error code (`InvalidRequest`, `UnknownOperationException`, ...), `why`
    one line for people. `protocol` is how the client wants its error, as far as that can be told.
    """

    why: str
    status: int = 400
    code: str = "InvalidRequest"
    protocol: Protocol = "rest-json"
    service: str = ""


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """A request identified as one operation (or as several services' operation of one name and meaning).

    `names` are the candidates; their IAM actions agree. `signing_name` and `region` are those of the credential scope
    (`region` empty for SigV4a). `host` is the AWS host that the client addressed, without S3's bucket;
    empty where it addressed the gate, or S3 without a region: then it is the service's endpoint in the region.
    `path` and `query` are what is forwarded, percent-encoded once and canonically, rebuilt from what was parsed;
    `host` and `path` belong together: S3's bucket stands in the path, but for directory buckets, whose host has it.
    `bucket` and `key` are set for S3. `headers` are those that may be forwarded, names in lower case.
    `parameters` are the operation's input members by their names in the model, as far as the request has them in its
    head and, where the body was read, in its body; values are text, numbers, lists and mappings.
    """

    names: tuple[Name, ...]
    protocol: Protocol
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    signing_name: str = ""
    region: str = ""
    host: str = ""
    bucket: str = ""
    key: str = ""
    streams_body: bool = False
    """The body is a blob of any length that the operation stores: it is passed on while it arrives."""

    @property
    def service(self) -> str:
        """The first candidate's botocore service name."""
        return self.names[0][0]

    @property
    def operation(self) -> str:
        """The operation's name."""
        return self.names[0][1]
