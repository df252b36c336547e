"""HTTP requests to AWS, read as the operation, parameters and resources that they are."""

from supervisor.parse.aws_http.forward import request_target
from supervisor.parse.aws_http.reading import body_wanted, identify, read
from supervisor.parse.aws_http.request import AwsRequest, Name, Protocol, Refused

__all__ = ["AwsRequest", "Name", "Protocol", "Refused", "body_wanted", "identify", "read", "request_target"]
