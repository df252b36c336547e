"""A cloud that does nothing as fast as Python can: the yardstick's other end. Prints its port."""

from __future__ import annotations

import asyncio
import sys

PIECE = b"\0" * (1 << 18)
TOKEN = """<{0}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{0}Result><Credentials>
<AccessKeyId>ASIABENCHBENCHBENCH2</AccessKeyId><SecretAccessKey>bench</SecretAccessKey><SessionToken>bench</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials><FederatedUser><FederatedUserId>1:b</FederatedUserId>
<Arn>arn:aws:sts::123456789012:federated-user/b</Arn></FederatedUser></{0}Result></{0}Response>"""
CALLER = """<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::123456789012:user/b</Arn><UserId>AIDA</UserId><Account>123456789012</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


class Cloud(asyncio.Protocol):
    """Reads a request, throws its body away, answers."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._head, self._left, self._body, self._method, self._target = b"", -1, b"", "", ""
        self._go = asyncio.Event()
        self._go.set()

    def pause_writing(self) -> None:
        self._go.clear()

    def resume_writing(self) -> None:
        self._go.set()

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            line, *rest = self._head[:end].decode("latin-1").split("\r\n")
            self._method, self._target, _ = line.split(" ")
            fields = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest)}
            self._left, data = int(fields.get("content-length", "0")), self._head[end + 4 :]
            self._head, self._body = b"", b""
        self._left -= len(data)
        if len(self._body) < 1000:
            self._body += data[:1000]
        if self._left <= 0:
            self._left = -1
            asyncio.get_running_loop().create_task(self._answer())

    async def _answer(self) -> None:
        text = b"{}"
        if b"Action=GetCallerIdentity" in self._body:
            text = CALLER.encode()
        elif b"Action=GetFederationToken" in self._body:
            text = TOKEN.format("GetFederationToken").encode()
        wanted = int(self._target.rpartition("-")[2]) if self._method == "GET" and "-" in self._target else 0
        length = wanted or len(text)
        head = f"HTTP/1.1 200 OK\r\nx-amzn-RequestId: bench\r\nContent-Length: {length}\r\n\r\n"
        self._transport.write(head.encode() + (b"" if wanted else text))  # type: ignore[attr-defined]
        for _ in range(wanted // len(PIECE)):
            await self._go.wait()
            self._transport.write(PIECE)  # type: ignore[attr-defined]


async def main() -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Cloud, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
