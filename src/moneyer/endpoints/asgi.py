"""A thin ASGI adapter: bytes in, bytes out, a bound on both."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from moneyer.endpoints.caller import Callers, Network, plain_address
from moneyer.endpoints.http import (
    MAX_BODY_BYTES,
    Answer,
    RawHeaders,
    Request,
)
from moneyer.endpoints.public import STOPPING
from moneyer.endpoints.router import Router
from moneyer.protocol.failures import BadRequest, BodyTooLarge

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

BODY_TIMEOUT = 30.0
"""Seconds within which a whole body has to arrive."""


class AsgiApp:
    """The service as an ASGI application (ASGI 3.0), mountable in any other.

    Where it is mounted under a path, `base_url` may contain that path or not.

    `start` is entered when the server starts and left when it stops. `trusted_proxies` are the
    networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
    """

    def __init__(
        self,
        start: Callable[[], AbstractAsyncContextManager[Router]],
        trusted_proxies: Iterable[Network] = (),
    ) -> None:
        self._start = start
        self._callers = Callers(trusted_proxies)
        self._router: Router | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            answer = await self._answer(scope, receive)
            headers = [*answer.headers, (b"content-length", str(len(answer.body)).encode())]
            if answer.status == 204:
                headers.pop()
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            body = b"" if scope["method"] == "HEAD" else answer.body
            await send({"type": "http.response.body", "body": body})
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._start() as router:
            self._router = router
            await send({"type": "lifespan.startup.complete"})
            await receive()
            self._router = None
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        router = self._router
        if router is None:
            return STOPPING
        headers: RawHeaders = scope["headers"]
        body, unread = b"", None
        try:
            body = await _read_body(receive)
        except BadRequest as failure:
            unread = failure
        except TimeoutError:
            unread = BadRequest("body-too-slow")
        client = scope.get("client")
        peer = plain_address(client[0]) if client else "unknown"
        source, secure = self._callers.behind(peer, scope.get("scheme") == "https", headers)
        path, root = scope["path"], scope.get("root_path", "")
        if path.startswith(root) and not router.base_path.startswith(root):
            path = path[len(root) :]
        request = Request(
            scope["method"],
            path,
            scope["query_string"],
            headers,
            body,
            source,
            secure,
            unread,
        )
        answer = await router.handle(request)
        if unread is not None:
            return answer._replace(headers=[*answer.headers, (b"connection", b"close")])
        return answer


async def _read_body(receive: Receive) -> bytes:
    """The whole body. Raises BodyTooLarge as soon as it has grown past its bound, BadRequest when the
    caller goes away in the middle of it, TimeoutError when it takes too long."""
    chunks: list[bytes] = []
    size = 0
    async with asyncio.timeout(BODY_TIMEOUT):
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise BadRequest("body-cut-off")
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                raise BodyTooLarge("body-too-large")
            if not message.get("more_body", False):
                return chunk if not chunks else b"".join((*chunks, chunk))
            chunks.append(chunk)
