"""The client for tasks of one event loop."""

import asyncio
import inspect
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Self

import httpx

from moneyer.client.cache import Cache
from moneyer.client.conversation import Conversation
from moneyer.client.errors import ClientError
from moneyer.client.grants import Grant
from moneyer.client.renewal import Freshness
from moneyer.client.sending import NAME, send_async
from moneyer.client.settings import Settings
from moneyer.client.stores import MemoryStore, TokenStore
from moneyer.client.tokens import Tokens
from moneyer.client.wire import Answer, Request
from moneyer.protocol.clock import Clock, SystemClock

Credentials = Callable[[], Grant | Awaitable[Grant]]


class AsyncTokenClient:
    """As TokenClient, for tasks. One that is cancelled while it waits leaves the renewal to the others.

    `credentials` may be a coroutine function; a store that may have to wait is called in a thread.
    """

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials | None = None,
        *,
        store: TokenStore | None = None,
        http: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self.settings = settings
        self._http = http or httpx.AsyncClient(headers=NAME)
        self._closes_http = http is None
        port = _Port(settings, credentials, store or MemoryStore(), self._http)
        self._clock = clock or SystemClock()
        self._chance = chance or secrets.SystemRandom().random
        self._conversation = Conversation(settings, port, self._clock, self._chance)
        self._cache = Cache(settings.margin, settings.retry)
        self._flight: asyncio.Task[Tokens] | None = None

    def __repr__(self) -> str:
        return f"AsyncTokenClient({self.settings!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Waits for a renewal under way, whose answer must not be lost, and closes the connections."""
        await self._landed()
        if self._closes_http:
            await self._http.aclose()

    async def token(self) -> Tokens:
        """As TokenClient.token."""
        tokens, freshness = self._cache.look(self._clock.now())
        is_due = tokens is not None and freshness is Freshness.DUE
        if tokens is not None and not (is_due and self._flight is None):
            return tokens
        retry = self.settings.retry.once() if is_due else self.settings.retry
        flight = self._flight or self._take_off(self._conversation.renew(retry))
        try:
            return await asyncio.shield(flight)
        except ClientError:
            present = self._cache.usable(self._clock.now())
            if present is None:
                raise
            return present

    async def renew(self, refused: Tokens) -> Tokens:
        """As TokenClient.renew."""
        self._cache.spoil(refused)
        return await self.token()

    async def sign_in(self, grant: Grant) -> Tokens:
        """As TokenClient.sign_in."""
        await self._landed()
        steps = self._conversation.sign_in(grant, self.settings.retry)
        return await asyncio.shield(self._take_off(steps))

    async def revoke(self) -> None:
        """As TokenClient.revoke."""
        await self._landed()
        present = self._cache.usable(self._clock.now())
        await self._conversation.revoke(present.access_token if present else None)
        self._cache.empty()

    def _take_off(self, steps: Coroutine[object, None, Tokens]) -> asyncio.Task[Tokens]:
        self._flight = asyncio.create_task(self._fly(steps))
        self._flight.add_done_callback(self._land)
        return self._flight

    def _land(self, flight: asyncio.Task[Tokens]) -> None:
        """A failure that every waiter has left before is no news to the event loop."""
        self._flight = None
        if not flight.cancelled():
            flight.exception()

    async def _fly(self, steps: Coroutine[object, None, Tokens]) -> Tokens:
        try:
            tokens = await steps
        except Exception as failure:
            self._cache.note(failure, self._clock.now())
            raise
        self._cache.put(tokens, self._chance())
        return tokens

    async def _landed(self) -> None:
        while self._flight is not None:
            await asyncio.wait([self._flight])


class _Port:
    """The world of tasks."""

    def __init__(
        self,
        settings: Settings,
        credentials: Credentials | None,
        store: TokenStore,
        http: httpx.AsyncClient,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._store = store
        self._http = http

    async def send(self, request: Request) -> Answer:
        return await send_async(self._http, request, self._settings.timeouts)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def load(self) -> str | None:
        if isinstance(self._store, MemoryStore):
            return self._store.load()
        return await asyncio.to_thread(self._store.load)

    async def save(self, refresh_token: str | None) -> None:
        write = self._store.clear if refresh_token is None else partial(self._store.save, refresh_token)
        if isinstance(self._store, MemoryStore):
            write()
        else:
            await asyncio.to_thread(write)

    async def ask(self) -> Grant | None:
        if self._credentials is None:
            return None
        given = self._credentials()
        return await given if inspect.isawaitable(given) else given
