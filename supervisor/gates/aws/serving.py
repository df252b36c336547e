"""One request of a cloud client, from its head to its answer: understood, checked, decided, sent."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Final, TypedDict
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from aiohttp import hdrs, web

from supervisor.errors import HostError, ScopeError, SuperviseError, UsageError
from supervisor.gates.asking import Asking, Begun
from supervisor.gates.aws import errors
from supervisor.gates.aws.authorization import Bad, Fault
from supervisor.gates.aws.bodies import BadBody
from supervisor.gates.aws.errors import ErrorResponse
from supervisor.gates.aws.forwarding import Call, CannotBeSent, Forwarding, NotSent, Sent
from supervisor.gates.aws.holding import Holding
from supervisor.gates.aws.incoming import NeedsBody, Signed, Unsigned, verify
from supervisor.gates.aws.prompt import WITHDRAWN, Decided, Prompt
from supervisor.gates.aws.reading import Budget, Share, TooLarge, read_whole
from supervisor.gates.aws.terms import Keys, Terms
from supervisor.gates.aws.troubles import Troubles
from supervisor.gates.offloop import off_loop
from supervisor.model.codec import digest
from supervisor.model.decision import Verdict
from supervisor.model.effect import Effect
from supervisor.model.request import AwsCall, Process
from supervisor.model.visible import visible
from supervisor.parse.aws_facts import facts_of, touches_tags, vends_credentials
from supervisor.parse.aws_http import body_wanted, read
from supervisor.parse.aws_http.request import AwsRequest, Refused

VENDS: Final = "its answer hands out credentials, and the agent holds none but this session's placeholders"
WAITS: Final = (
    "agent-supervise: a human has been asked about this and has not answered yet; try again, the question stays open"
)
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_HASH: Final = "x-amz-content-sha256"
_CHUNKS: Final = "STREAMING-"
_EXPRESS: Final = "--x-s3"
"""How the names of directory buckets end: their calls are signed with sessions of their own."""
_SAME_BODY: Final = frozenset({"content-length", "content-md5", "x-amz-decoded-content-length", _HASH})
"""What tells one streamed body from another, beside its checksum headers."""
_OWN: Final = "127.0.0.1"
_TARGET: Final = "X-Amz-Target"
_ACTION: Final = re.compile(rb"(?:^|&)(Action=[^&]{1,80})")
_MOST_SKETCHED: Final = 120
_TELL_SECONDS: Final = 2.0

Headers = list[tuple[str, str]]


class _Answer(Exception):
    """What the client is told instead of the cloud's answer."""

    def __init__(self, said: ErrorResponse) -> None:
        self.said = said
        super().__init__(said.status)


@dataclass(frozen=True, slots=True)
class _Understood:
    """A request that is one operation and signed by this session. `body` is `None` where it is streamed."""

    read: AwsRequest
    signed: Signed
    body: bytes | None
    payload_hash: str
    prefix: str
    headers: Headers

    def key(self) -> str:
        """The same for a retry of the same call."""
        return _key(self.read, self.headers, self.payload_hash)


class Serving:
    """Serves requests on one event loop."""

    def __init__(self, terms: Terms, asking: Asking, holding: Holding[Decided], forwarding: Forwarding) -> None:
        self._terms, self._asking, self._holding, self._forwarding = terms, asking, holding, forwarding
        self._troubles, self._prompt = Troubles(asking), Prompt(terms, asking)
        self._budget = Budget()
        self._telling: set[asyncio.Task[None]] = set()
        self._chains: WeakKeyDictionary[asyncio.BaseTransport, tuple[Process, ...]] = WeakKeyDictionary()

    async def handle(self, request: web.BaseRequest, tunnel: str) -> web.StreamResponse:
        """Serve one request; `tunnel` is the host that its connection was opened to, empty where it was none."""
        try:
            with self._budget.share() as share:
                return await self._serve(request, tunnel, share)
        except _Answer as answer:
            said = answer.said
            response = web.Response(status=said.status, headers=said.headers, body=said.body)
            if request.can_read_body and not request.content.is_eof():
                # The body that nobody read may follow: the connection is no good for another request.
                response.force_close()
            return response
        except OSError:
            raise
        except Exception as error:
            await self._asking.fault(f"a request was dropped: {type(error).__name__}: {error}")
            raise

    async def _serve(self, request: web.BaseRequest, tunnel: str, share: Share) -> web.StreamResponse:
        wanted = await self._understand(request, tunnel, share)
        decided = await self._decide(request, wanted)
        if not decided.verdict.allowed:
            message = visible(decided.verdict.message) or f"{_named(wanted.read)} is denied by the scope"
            message = message if message.startswith("agent-supervise: ") else _ours(f"denied: {message}")
            raise _Answer(errors.denied(wanted.read.protocol, message, _new_id(), **_form(wanted.read)))
        return await self._forward(request, wanted, decided)

    # ── understood and checked ───────────────────────────────────────────────────────────────────

    async def _understand(self, request: web.BaseRequest, tunnel: str, share: Share) -> _Understood:
        method, target = request.method, request.raw_path
        headers = await self._headers(request, tunnel)
        body = None if request.body_exists else b""
        # A request that names its operation in this header has its parameters in its body.
        whole = _TARGET in request.headers or body_wanted(method, target, headers) or not _tells_hash(target, headers)
        if body is None and whole:
            body = await self._body(request, share)
        found = read(method, target, headers, body or b"")
        if isinstance(found, Refused):
            raise await self._refused(request, replace(found, why=f"{_sketch(request, body or b'')}: {found.why}"))
        if found.bucket.endswith(_EXPRESS):
            why = f"{found.bucket} is an S3 Express bucket, which is not served here"
            raise await self._refused(request, Refused(why, protocol=found.protocol, service=found.service))
        body_hash = hashlib.sha256(body).hexdigest() if body is not None else None
        checked = verify(method, target, headers, body_hash, self._terms.placeholder, self._terms.clock())
        if not isinstance(checked, Signed):
            raise await self._unsigned(found, checked)
        if body is not None and checked.payload_hash.startswith(_CHUNKS):
            why = f"{_named(found)} does not take a body in chunks"
            raise await self._refused(request, Refused(why, protocol=found.protocol, service=found.service))
        payload_hash = body_hash or checked.payload_hash
        return _Understood(found, checked, body, payload_hash, _prefix(request), headers)

    async def _headers(self, request: web.BaseRequest, tunnel: str) -> Headers:
        try:
            headers = [(name.decode("ascii"), value.decode("utf-8")) for name, value in request.raw_headers]
        except UnicodeDecodeError:
            raise await self._refused(request, Refused("a header is not plain text")) from None
        named = request.headers.get(hdrs.HOST, "").lower().removesuffix(":443")
        if tunnel and named != tunnel:
            raise await self._refused(request, Refused(f"the request names {visible(named)} in a tunnel to {tunnel}"))
        return headers

    async def _body(self, request: web.BaseRequest, share: Share) -> bytes:
        try:
            return await read_whole(request.content, request.content_length, share, lambda: _go_on(request))
        except TooLarge as error:
            raise await self._refused(request, Refused(str(error), 413, "RequestEntityTooLarge")) from None
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("the client's body was cut short") from error

    async def _refused(self, request: web.BaseRequest, refused: Refused) -> _Answer:
        await self._asking.fault(f"a request was refused unasked: {visible(refused.why)}")
        told = replace(refused, why=_ours(f"refused: {refused.why}"))
        return _Answer(errors.refused(told, _new_id(), head=request.method == hdrs.METH_HEAD))

    async def _unsigned(self, read: AwsRequest, checked: Bad | Unsigned | NeedsBody) -> _Answer:
        bad = checked if isinstance(checked, Bad) else Bad(Fault.MISSING, "the request is not signed")
        await self._asking.fault(f"{_named(read)} was refused unasked: {visible(bad.message)}")
        bad = replace(bad, message=_ours(f"refused: {bad.message}"))
        return _Answer(errors.bad_signature(bad, read.protocol, _new_id(), **_form(read)))

    # ── decided ──────────────────────────────────────────────────────────────────────────────────

    def _facts(self, read: AwsRequest) -> AwsCall:
        """Everything that is decided on. What is looked up costs a call to the cloud, so only where it matters."""
        terms = self._terms
        if read.bucket and terms.is_canary(read.bucket):
            return facts_of(read, account="")
        account = ""
        with suppress(SuperviseError):  # what is decided without it is not signed, and that says why
            account = terms.broker.account()
        call = facts_of(read, account=account)
        if terms.needs_tags(call):
            found = terms.lookups.tags(call)
            if found is not None:
                call = replace(call, tags=found[0], some_tags=found[1])
        if terms.would(call) is Effect.ASK:
            call = replace(call, facts=terms.lookups.consequences(call))
        return call

    async def _decide(self, request: web.BaseRequest, wanted: _Understood) -> Decided:
        locked = VENDS if vends_credentials(wanted.read.names) else ""
        chain = await self._chain(request)
        begun: Begun | None = None
        asked = Decided()
        if not locked and not self._holding.away and (found := self._prompt.decide(wanted.read, chain)):
            asked, begun = found
            if begun.verdict is not None:
                return asked

        async def ask(left: Callable[[], Awaitable[None]]) -> Decided:
            if begun is not None:
                asked.verdict = await self._asking.end(begun, left) or WITHDRAWN
                return asked

            def facts() -> AwsCall:
                asked.call = self._facts(wanted.read)
                return asked.call

            def at_once(request_id: str, verdict: Verdict) -> None:
                asked.signed_with = self._keys(asked.call, request_id, verdict)

            asked.request_id, verdict = await self._asking.ask(facts, chain, left, locked=locked, at_once=at_once)
            asked.verdict = verdict or WITHDRAWN
            self._prompt.learn(wanted.read, asked)
            return asked

        decided = await self._holding.ask(wanted.key(), ask, self._unfetched)
        if decided is None:
            raise _Answer(errors.throttled(wanted.read.protocol, WAITS, _new_id(), **_form(wanted.read)))
        if decided.verdict is WITHDRAWN:
            raise ConnectionResetError("the client hung up")
        return decided

    def _unfetched(self, decided: Decided) -> None:
        """A call that was allowed after its client had gone: the record says that it came to nothing."""
        if decided.verdict.allowed and decided.request_id:
            self._record(decided.request_id, Sent(detail="the client hung up, and nothing was sent"))

    def _keys(self, call: AwsCall | None, request_id: str, verdict: Verdict) -> Keys | SuperviseError:
        """What an allowed call is signed with, or why it cannot be."""
        try:
            if call is None or not call.account:
                self._terms.broker.account()
                raise HostError("the account was not known when this was decided", fix="try it again")
            return self._terms.broker.for_call(
                call, by=verdict.by, request_id=request_id, escalation=verdict.escalation
            )
        except SuperviseError as error:
            return error

    async def _chain(self, request: web.BaseRequest) -> tuple[Process, ...]:
        transport = request.transport
        if transport is None:
            return ()
        found = self._chains.get(transport)
        if found is None:
            found = ()
            # Who asks is said where it can be told; nothing is decided on it, so that a failure only leaves it out.
            with suppress(Exception):
                found = await off_loop(self._terms.chain_of, transport.get_extra_info("peername")[:2])
            self._chains[transport] = found
        return found

    # ── sent ─────────────────────────────────────────────────────────────────────────────────────

    async def _forward(self, request: web.BaseRequest, wanted: _Understood, decided: Decided) -> web.StreamResponse:
        read, sent = wanted.read, Sent()
        try:
            keys = decided.signed_with
            if keys is None:
                keys = await off_loop(self._keys, decided.call, decided.request_id, decided.verdict)
            if isinstance(keys, SuperviseError):
                raise keys
            out = Call(read, wanted.signed, wanted.body, wanted.payload_hash, wanted.prefix)
            response = await self._forwarding.send(
                request, out, keys, sent, lambda: _go_on(request), lambda: self._forget(decided.call)
            )
            await self._tell_how_it_went(read, sent)
            return response
        except SuperviseError as error:
            sent.detail = error.what
            await self._troubles.arose(read.service, _with_fix(error))
            raise _no_keys(read, error) from error
        except NotSent as error:
            sent.detail = error.why
            if isinstance(error, CannotBeSent):
                raise await self._refused(
                    request, Refused(error.why, protocol=read.protocol, service=read.service)
                ) from error
            await self._troubles.arose(read.service, error.why)
            raise _Answer(errors.unavailable(read.protocol, _ours(error.why), _new_id(), **_form(read))) from error
        except BadBody as error:
            sent.detail = error.message
            await self._asking.fault(f"{_named(read)} was cut off: {visible(error.message)}")
            raise _Answer(errors.bad_body(error, read.protocol, _new_id(), **_form(read))) from error
        except asyncio.CancelledError:
            sent.detail = sent.detail or "the client hung up"
            raise
        except OSError as error:
            sent.detail = sent.detail or str(error)
            raise
        finally:
            if not sent.status:
                self._forget(decided.call)  # nobody knows whether it was carried out
            self._record(decided.request_id, sent)

    def _forget(self, call: AwsCall | None) -> None:
        """Tags that the call may have changed are looked up anew by whatever comes next."""
        if call is not None and touches_tags(call) != ():
            self._terms.lookups.forget(call.resources)

    async def _tell_how_it_went(self, read: AwsRequest, sent: Sent) -> None:
        if sent.detail:
            await self._troubles.arose(read.service, sent.detail)
        else:
            self._troubles.over(read.service)

    def _record(self, request_id: str, sent: Sent) -> None:
        """Nobody waits for this record: what happened was decided on record before."""
        if self._terms.is_free():
            self._asking.answered_here(request_id, sent.status, aws_request_id=sent.aws_request_id, detail=sent.detail)
            return
        telling = self._asking.answered(request_id, sent.status, aws_request_id=sent.aws_request_id, detail=sent.detail)
        task = asyncio.get_running_loop().create_task(telling)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def stop(self) -> None:
        """Returns when everything that happened is on record."""
        if self._telling:
            await asyncio.wait(self._telling, timeout=_TELL_SECONDS)


async def _go_on(request: web.BaseRequest) -> None:
    """Tell a client that waits for it to send its body (RFC 9110, section 10.1.1)."""
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(_CONTINUE)


def _tells_hash(target: str, headers: Headers) -> bool:
    """Whether the head says what was signed for the body, so that it can be checked before a byte of it is read."""
    if any(name.lower() == _HASH for name, _ in headers):
        return True
    query = target.partition("?")[2]
    return any(name.lower() == "x-amz-signature" for name, _ in parse_qsl(query, keep_blank_values=True))


def _prefix(request: web.BaseRequest) -> str:
    """The label in front of our own address, where a client put one there."""
    name = request.headers.get(hdrs.HOST, "").lower().rpartition(":")[0]
    return name.removesuffix(f".{_OWN}") if name.endswith(f".{_OWN}") else ""


def _key(read: AwsRequest, headers: Headers, payload_hash: str) -> str:
    told = sorted(
        (name.lower(), value)
        for name, value in headers
        if name.lower() in _SAME_BODY or name.lower().startswith("x-amz-checksum-")
    )
    parts: Sequence[object] = (
        *(f"{service}:{operation}" for service, operation in read.names),
        *(read.method, read.host, read.path, read.region, payload_hash),
        *(f"{name}={value}" for pairs in (read.query, told) for name, value in pairs),
    )
    return digest([str(part) for part in parts])


def _sketch(request: web.BaseRequest, body: bytes) -> str:
    """What a request seems to be that was not understood, so that a reader can tell which one it was."""
    action = _ACTION.search(body)
    named = action[1].decode("utf-8", "replace") if action else request.headers.get(_TARGET, "")
    text = f"{request.method} {request.raw_path.partition('?')[0]} {named}".rstrip()
    return text if len(text) <= _MOST_SKETCHED else f"{text[:_MOST_SKETCHED]}…"


def _named(read: AwsRequest) -> str:
    return visible(f"{read.service}:{read.operation}")


class _Form(TypedDict):
    service: str
    head: bool


def _form(read: AwsRequest) -> _Form:
    """What an error's form goes by, beside the protocol."""
    return {"service": read.service, "head": read.method == hdrs.METH_HEAD}


def _ours(why: str) -> str:
    return f"agent-supervise: {visible(why)}"


def _no_keys(read: AwsRequest, error: SuperviseError) -> _Answer:
    """There are no credentials for an allowed call: now, or for as long as this session goes on."""
    lasts = isinstance(error, ScopeError | UsageError)
    answer = errors.denied if lasts else errors.unavailable
    return _Answer(answer(read.protocol, _ours(_with_fix(error)), _new_id(), **_form(read)))


def _with_fix(error: SuperviseError) -> str:
    return f"{error.what}; to go on: {error.fix}" if error.fix else error.what


def _new_id() -> str:
    return f"agent-supervise-{token_hex(8)}"
