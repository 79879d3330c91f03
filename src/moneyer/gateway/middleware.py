"""The guard around an ASGI application (ASGI 3.0): Starlette, FastAPI, or a plain one."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import structlog

from moneyer.gateway.answers import RefusalAnswer, refusal_answer
from moneyer.gateway.build import GuardSettings, guarding
from moneyer.gateway.call import ApiCall, RawHeaders
from moneyer.gateway.checks import Checks
from moneyer.gateway.door import Door
from moneyer.gateway.facts import facts_of, without_facts
from moneyer.gateway.refusals import CannotTell
from moneyer.gateway.route import Route, Routes

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger()

STATE = "moneyer"
"""Under this name the application finds a `Verified` in the scope's state."""
POLICY_VIOLATION = 1008
"""How a WebSocket that is refused is closed (RFC 6455 section 7.4.1)."""


class GuardMiddleware:
    """Lets `app` see only what the guard has nothing against.

    `guard` is either a guard at work, or the settings of one that then works for as long as the server
    runs `app` (its lifespan). `routes` are the calls that there are, `open_paths` those that anyone may
    make. `base_url` is where callers reach the application: tokens bound to a key need it. The
    application finds what is proven in `scope["state"]["moneyer"]`, and in the headers of
    `moneyer.gateway.facts`, which no caller can send.
    """

    def __init__(
        self,
        app: App,
        guard: Checks | GuardSettings,
        routes: Iterable[Route],
        *,
        base_url: str = "",
        open_paths: Iterable[str] = (),
    ) -> None:
        self._app = app
        self._settings = guard if isinstance(guard, GuardSettings) else None
        self._routes = Routes(tuple(routes))
        self._door = None if isinstance(guard, GuardSettings) else Door(guard, self._routes)
        self._base_url = base_url
        self._open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            async with self._at_work():
                await _Lifespan(self._app).run(scope, receive, send)
        elif scope["type"] in {"http", "websocket"}:
            await self._guarded(scope, receive, send)

    @asynccontextmanager
    async def _at_work(self) -> AsyncIterator[None]:
        """A guard of our own, from the server's start to its end."""
        if self._settings is None:
            yield
            return
        async with guarding(self._settings) as guard:
            self._door = Door(guard, self._routes)
            try:
                yield
            finally:
                self._door = None

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = without_facts([(name.lower(), value) for name, value in scope["headers"]])
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path in self._open_paths:
            await self._app({**scope, "headers": headers}, receive, send)
            return
        decided = await self._decide(scope, path, headers)
        if isinstance(decided, RefusalAnswer):
            await _refuse(scope, decided, send)
            return
        state = {**scope.get("state", {}), STATE: decided}
        told = {**scope, "headers": [*headers, *facts_of(decided)], "state": state}
        await self._app(told, receive, send)

    async def _decide(self, scope: Scope, path: str, headers: RawHeaders) -> Any:
        if self._door is None:
            log.error("guard-not-at-work", reason="lifespan not run")
            return refusal_answer(CannotTell("guard-not-at-work"), None)
        raw = scope.get("raw_path") or path.encode()
        url = f"{self._base_url}{raw.decode('latin-1').partition('?')[0]}" if self._base_url else ""
        method = scope.get("method", "GET")
        return await self._door.decide(
            ApiCall(method, path, scope["query_string"], headers, _certificate(scope), url)
        )


def _certificate(scope: Scope) -> bytes | None:
    """The caller's certificate in DER, where the server has ASGI's TLS extension and gives it."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or ()
    if not chain:
        return None
    return ssl.PEM_cert_to_DER_cert(chain[0])


async def _refuse(scope: Scope, answer: RefusalAnswer, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    length = (b"content-length", str(len(answer.body)).encode())
    headers = [*answer.headers, length]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.body", "body": body})


class _Lifespan:
    """Runs the application's lifespan, and stands in for one that has none."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._is_understood = False
        self._has_asked = False

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Returns at the server's end. Raises what an application raises that has begun to answer."""

        async def asked() -> Message:
            self._has_asked = True
            return await receive()

        async def said(message: Message) -> None:
            self._is_understood = True
            await send(message)

        try:
            await self._app(scope, asked, said)
        except Exception:
            if self._is_understood:
                raise
        if self._is_understood:
            return
        if not self._has_asked:
            await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
