"""What the gate answers when a call does not go through: an error that the client's tools print and understand."""

from __future__ import annotations

from supervisor.gates.aws.authorization import Bad, Fault
from supervisor.gates.aws.bodies import BadBody
from supervisor.gates.aws.incoming import Unsigned
from supervisor.gates.aws.wire_errors import WHY_HEADER, ErrorResponse, error_response, is_s3_form
from supervisor.parse.aws_http.request import Protocol, Refused

__all__ = [
    "WHY_HEADER",
    "ErrorResponse",
    "bad_body",
    "bad_signature",
    "denied",
    "error_response",
    "refused",
    "throttled",
    "unavailable",
]

# Code and status of each fault: at S3, in XML protocols (IAM's "Common errors"), in JSON ones (smithy names).
_S3: dict[Fault, tuple[str, int]] = {
    Fault.MISSING: ("AccessDenied", 403),
    Fault.MALFORMED: ("AuthorizationHeaderMalformed", 400),
    Fault.SCHEME: ("InvalidRequest", 400),
    Fault.KEY: ("InvalidAccessKeyId", 403),
    Fault.TOKEN: ("InvalidToken", 400),
    Fault.MISMATCH: ("SignatureDoesNotMatch", 403),
    Fault.SKEWED: ("RequestTimeTooSkewed", 403),
    Fault.EXPIRED: ("AccessDenied", 403),
    Fault.UNSIGNED_HEADER: ("AccessDenied", 403),
    Fault.PAYLOAD: ("XAmzContentSHA256Mismatch", 400),
}
_XML: dict[Fault, tuple[str, int]] = {
    Fault.MISSING: ("MissingAuthenticationToken", 403),
    Fault.MALFORMED: ("IncompleteSignature", 400),
    Fault.SCHEME: ("IncompleteSignature", 400),
    Fault.KEY: ("InvalidClientTokenId", 403),
    Fault.TOKEN: ("InvalidClientTokenId", 403),
    Fault.MISMATCH: ("SignatureDoesNotMatch", 403),
    Fault.SKEWED: ("SignatureDoesNotMatch", 403),
    Fault.EXPIRED: ("RequestExpired", 400),
    Fault.UNSIGNED_HEADER: ("SignatureDoesNotMatch", 403),
    Fault.PAYLOAD: ("SignatureDoesNotMatch", 403),
}
_JSON: dict[Fault, tuple[str, int]] = {
    Fault.MISSING: ("MissingAuthenticationTokenException", 400),
    Fault.MALFORMED: ("IncompleteSignatureException", 400),
    Fault.SCHEME: ("IncompleteSignatureException", 400),
    Fault.KEY: ("UnrecognizedClientException", 400),
    Fault.TOKEN: ("UnrecognizedClientException", 400),
    Fault.MISMATCH: ("InvalidSignatureException", 400),
    Fault.SKEWED: ("InvalidSignatureException", 400),
    Fault.EXPIRED: ("InvalidSignatureException", 400),
    Fault.UNSIGNED_HEADER: ("InvalidSignatureException", 400),
    Fault.PAYLOAD: ("InvalidSignatureException", 400),
}


def denied(
    protocol: Protocol, message: str, request_id: str = "", *, service: str = "", head: bool = False
) -> ErrorResponse:
    """The verdict is no; `message` is the verdict's. Clients do not try again."""
    match protocol:
        case "ec2":
            code = "UnauthorizedOperation"
        case "query" | "rest-xml":
            code = "AccessDenied"
        case _:
            code = "AccessDeniedException"
    return error_response(protocol, code, message, 403, request_id, service=service, head=head)


def throttled(
    protocol: Protocol, message: str, request_id: str = "", *, service: str = "", head: bool = False, after: int = 2
) -> ErrorResponse:
    """Nobody has answered yet: SDKs wait and send the call again by themselves, not before `after` seconds."""
    if is_s3_form(service, protocol):
        code, status = "SlowDown", 503
    elif protocol == "ec2":
        code, status = "RequestLimitExceeded", 503
    elif protocol in {"query", "rest-xml"}:
        code, status = "Throttling", 400
    else:
        code, status = "ThrottlingException", 400
    if head:
        # Without a body a client sees the status alone, and 400 alone is never tried again.
        status = 503
    # The JavaScript and Go SDKs read the first, botocore (which waits 5 s more at most) the second, in milliseconds.
    more = (("retry-after", str(after)), ("x-amz-retry-after", str(after * 1000)))
    return error_response(protocol, code, message, status, request_id, service=service, head=head, more=more)


def unavailable(
    protocol: Protocol, message: str, request_id: str = "", *, service: str = "", head: bool = False
) -> ErrorResponse:
    """AWS could not be reached, or there are no credentials now: clients may try again."""
    code = "ServiceUnavailable" if protocol in {"query", "ec2", "rest-xml"} else "ServiceUnavailableException"
    return error_response(protocol, code, message, 503, request_id, service=service, head=head)


def refused(refusal: Refused, request_id: str = "", *, head: bool = False) -> ErrorResponse:
    """The request was not understood as exactly one operation."""
    return error_response(
        refusal.protocol, refusal.code, refusal.why, refusal.status, request_id, service=refusal.service, head=head
    )


def bad_signature(
    bad: Bad | Unsigned, protocol: Protocol, request_id: str = "", *, service: str = "", head: bool = False
) -> ErrorResponse:
    """The request is not signed, or not with this session's credentials."""
    if isinstance(bad, Unsigned):
        bad = Bad(Fault.MISSING, "Missing Authentication Token")
    if is_s3_form(service, protocol):
        codes = _S3
    elif protocol in {"query", "ec2", "rest-xml"}:
        codes = _XML
    else:
        codes = _JSON
    code, status = codes[bad.fault]
    return error_response(protocol, code, bad.message, status, request_id, service=service, head=head)


def bad_body(
    bad: BadBody, protocol: Protocol, request_id: str = "", *, service: str = "", head: bool = False
) -> ErrorResponse:
    """The body is not the one that was announced or signed."""
    return error_response(protocol, bad.code, bad.message, bad.status, request_id, service=service, head=head)
