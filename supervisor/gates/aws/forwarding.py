"""An allowed call on its way: signed with the task's credentials, its body checked while it passes, the answer back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import web

from supervisor.gates.aws.answering import Passed
from supervisor.gates.aws.bodies import BadBody, Body
from supervisor.gates.aws.carried import body_of
from supervisor.gates.aws.endpoints import Endpoint, Endpoints, NoEndpoint, with_prefix
from supervisor.gates.aws.incoming import Signed
from supervisor.gates.aws.link import Answer, Broke
from supervisor.gates.aws.outgoing import Outgoing, sign
from supervisor.gates.aws.rejections import MOST_READ, STATUSES, rejection
from supervisor.gates.aws.terms import Keys, Terms
from supervisor.gates.aws.upstream import Upstream
from supervisor.gates.offloop import off_loop
from supervisor.parse.aws_http.request import AwsRequest

_UNSIGNED: Final = "UNSIGNED-PAYLOAD"
_REQUEST_IDS: Final = ("x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id", "x-amz-id-1")


class NotSent(Exception):
    """The call could not be sent, or was not answered; `why` says what broke. Clients may try it again."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class CannotBeSent(NotSent):
    """The same try would fail in the same way."""


class Rejected(NotSent):
    """The cloud does not take the credentials any more that the call was signed with."""


@dataclass(slots=True)
class Sent:
    """What became of a call: the cloud's HTTP status (0 = no answer), its request id, and what broke."""

    status: int = 0
    aws_request_id: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """An allowed call: `body` is `None` where it is streamed from `request`; `prefix` stood in front of our address."""

    read: AwsRequest
    signed: Signed
    body: bytes | None
    payload_hash: str
    prefix: str = ""


class Forwarding:
    """Sends calls to the cloud, on one event loop."""

    def __init__(self, terms: Terms, endpoints: Endpoints, upstream: Upstream) -> None:
        self._terms, self._endpoints, self._upstream = terms, endpoints, upstream

    async def send(
        self,
        request: web.BaseRequest,
        call: Call,
        keys: Keys,
        sent: Sent,
        go_on: Callable[[], Awaitable[None]],
        answered: Callable[[], None],
    ) -> web.StreamResponse:
        """Send the call and give its answer to the client; `sent` is filled in as it happens.

        `go_on` tells a client that waits with its body to send it; `answered` is called when the call was carried out
        and the client has not heard of it yet. Raises `NotSent`, `BadBody` for a body that is not the signed one, and
        `OSError` where the client is gone.
        """
        endpoint = await self._endpoint(call)
        url = f"{endpoint.url}{endpoint.base}{_target(call.read)}"
        outgoing = self._signed(call, url, endpoint, keys)
        checked = self._checked(request, call, outgoing)
        headers = _outgoing_headers(request, call, outgoing)
        if checked is not None:
            await go_on()
        passing = _Passing(request, checked) if checked is not None else None
        try:
            answer = await self._upstream.send(
                call.read.method, url, headers, passing.pieces() if passing else call.body or b""
            )
        except (Broke, aiohttp.ClientError, OSError, BadBody) as error:
            raise _failure(passing, error, endpoint) from error
        sent.status = answer.status
        sent.aws_request_id = next((answer.headers[name] for name in _REQUEST_IDS if name in answer.headers), "")
        answered()
        response = Passed(request, answer)
        try:
            if _is_redirect(answer.status) and not call.read.service.startswith("s3"):
                raise NotSent(f"{endpoint.host} answers with a redirect, as no service of AWS but S3 does")
            start = await self._start(answer, keys) if answer.status in STATUSES else b""
            await response.send(start)
            return response
        except Broke as error:
            if not response.begun:
                raise NotSent(f"{endpoint.host} {error.why}") from error
            sent.detail = f"{endpoint.host} {error.why}"
            response.break_off()
            return response
        finally:
            if passing is not None and passing.bad is not None:
                sent.detail = passing.bad.message
            answer.release()

    async def _start(self, answer: Answer, keys: Keys) -> bytes:
        """The beginning of an error's body; raises `Rejected` where it is about credentials that can be had anew."""
        start = b""
        while len(start) < MOST_READ and (piece := await answer.readany()):
            start += piece
        code = rejection(answer.status, answer.headers, start)
        if code:
            follows = await off_loop(self._terms.broker.rejected, keys.access_key, code)
            raise Rejected(f"AWS does not take the credentials that this session signs with ({code}): {follows}")
        return start

    async def _endpoint(self, call: Call) -> Endpoint:
        read = call.read
        try:
            found = self._endpoints.known(read.service, read.region, signing_name=read.signing_name, host=read.host)
            if found is None:
                found = await off_loop(
                    self._endpoints.find, read.service, read.region, signing_name=read.signing_name, host=read.host
                )
            return with_prefix(found, call.prefix) if call.prefix and not self._terms.endpoint else found
        except NoEndpoint as error:
            raise CannotBeSent(str(error)) from error

    def _signed(self, call: Call, url: str, endpoint: Endpoint, keys: Keys) -> Outgoing:
        headers = list(call.read.headers)
        now = self._terms.clock()
        try:
            return sign(
                call.read.method, url, headers, call.payload_hash, keys, endpoint.signing_name, endpoint.region, now
            )
        except ValueError as error:
            raise CannotBeSent(str(error)) from error

    def _checked(self, request: web.BaseRequest, call: Call, outgoing: Outgoing) -> Body | None:
        if call.body is not None:
            return None
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers]
        return body_of(call.signed, outgoing, headers, request.content_length)


class _Passing:
    """A streamed body on its way through its checks; what is wrong with it is kept in `bad`."""

    def __init__(self, request: web.BaseRequest, checked: Body) -> None:
        self._content, self._checked = request.content, checked
        self.bad: BadBody | None = None
        self.broke: BaseException | None = None

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes to send, while they arrive. An exception here cuts the upload off before its end."""
        try:
            while not self._content.at_eof():
                # Piece by piece as they were read: together they would be copied once more.
                data, _ = await self._content.readchunk()
                if data and (ready := self._checked.feed(data)):
                    yield ready
            if rest := self._checked.close():
                yield rest
        except BadBody as error:
            self.bad = error
            raise
        except (OSError, aiohttp.ClientError) as error:
            self.broke = error
            raise


def _failure(passing: _Passing | None, error: BaseException, endpoint: Endpoint) -> Exception:
    if passing is not None and passing.bad is not None:
        return passing.bad
    if passing is not None and passing.broke is not None:
        return ConnectionResetError("the client hung up during its upload")
    why = error.why if isinstance(error, Broke) else f"cannot be reached: {str(error) or type(error).__name__}"
    return NotSent(f"{endpoint.host} {why}")


def _is_redirect(status: int) -> bool:
    return 300 <= status < 400 and status != 304


def _target(read: AwsRequest) -> str:
    query = "&".join(f"{name}={value}" for name, value in read.query)
    return f"{read.path}?{query}" if query else read.path


def _outgoing_headers(request: web.BaseRequest, call: Call, outgoing: Outgoing) -> list[tuple[str, str]]:
    headers = [(name, value) for name, value in outgoing.headers if name != "content-length"]
    if call.body is not None:
        if call.body or call.read.method in ("POST", "PUT", "PATCH"):
            headers.append(("content-length", str(len(call.body))))
    elif request.content_length is not None:
        headers.append(("content-length", str(request.content_length)))
    return headers
