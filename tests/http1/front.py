"""The front on a loopback port, over a handler that answers what it has understood."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from moneyer.endpoints.http import Answer, Request
from moneyer.endpoints.http1.limits import Limits
from moneyer.endpoints.http1.server import Http1Server

Handle = Callable[[Request], Awaitable[Answer]]
PATIENCE = 10.0


class Heard(msgspec.Struct):
    """What of an answer a test looks at; `body` is what the handler understood, where it is JSON."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return msgspec.json.decode(self.raw)

    @property
    def ends(self) -> bool:
        return self.headers.get("connection") == "close"


async def echo(request: Request) -> Answer:
    """What was understood."""
    understood = {
        "method": request.method,
        "path": request.path,
        "query": request.query.decode("latin-1"),
        "headers": [[n.decode("latin-1"), v.decode("latin-1")] for n, v in request.headers],
        "body": request.body.decode("latin-1"),
        "unread": request.unread.reason if request.unread else None,
        "source": request.source,
    }
    return Answer(200, [(b"content-type", b"application/json")], msgspec.json.encode(understood))


class Caller:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            if len(pieces) > 1:
                await asyncio.sleep(0)

    async def answer(self) -> Heard | None:
        """The next answer; None when the connection has ended."""
        try:
            async with asyncio.timeout(PATIENCE):
                head = await self.reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").split("\r\n")[:-2]
                headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
                body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        return Heard(int(first.split(" ")[1]), headers, body)

    async def answers(self) -> list[Heard]:
        """Every answer until the connection ends."""
        heard = []
        while (answer := await self.answer()) is not None:
            heard.append(answer)
        return heard

    async def ask(self, *pieces: bytes) -> list[Heard]:
        """Sends, says that this was all, and gives every answer."""
        await self.send(*pieces)
        self.writer.write_eof()
        return await self.answers()


class Front:
    """A front that listens."""

    def __init__(self, server: Http1Server, port: int) -> None:
        self.server = server
        self.port = port
        self.callers: list[Caller] = []

    async def caller(self) -> Caller:
        caller = Caller(*await asyncio.open_connection("127.0.0.1", self.port))
        self.callers.append(caller)
        return caller

    async def ask(self, *pieces: bytes) -> list[Heard]:
        """All answers to what is sent on a connection of its own."""
        return await (await self.caller()).ask(*pieces)


@asynccontextmanager
async def front(handle: Handle = echo, limits: Limits | None = None) -> AsyncIterator[Front]:
    """Serves until the block ends."""
    server = Http1Server(handle, limits=limits)
    doors = await asyncio.get_running_loop().create_server(server.connection, "127.0.0.1", 0)
    running = asyncio.create_task(server.run())
    served = Front(server, doors.sockets[0].getsockname()[1])
    try:
        yield served
    finally:
        doors.close()
        for caller in served.callers:
            caller.writer.close()
        await server.drain(0, 1)
        running.cancel()


def get(target: str = "/", *lines: str, version: str = "1.1", host: str = "Host: bank") -> bytes:
    """A GET of exactly these header lines."""
    return "\r\n".join([f"GET {target} HTTP/{version}", *filter(None, [host]), *lines, "", ""]).encode()


def post(body: bytes, *lines: str, target: str = "/") -> bytes:
    """A POST whose body has a Content-Length."""
    head = [f"POST {target} HTTP/1.1", "Host: bank", f"Content-Length: {len(body)}", *lines, "", ""]
    return "\r\n".join(head).encode() + body


def chunked(*chunks: bytes, trailers: str = "", lines: tuple[str, ...] = ()) -> bytes:
    """A POST whose body comes in chunks."""
    head = ["POST / HTTP/1.1", "Host: bank", "Transfer-Encoding: chunked", *lines, "", ""]
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return "\r\n".join(head).encode() + body + b"0\r\n" + trailers.encode() + b"\r\n"
