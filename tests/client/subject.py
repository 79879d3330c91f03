"""One way to call either client, so that each sentence is proven of both."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Literal

import httpx

from moneyer.client import (
    AsyncBearerAuth,
    AsyncTokenClient,
    BearerAuth,
    Customer,
    Settings,
    TokenClient,
    Tokens,
    TokenStore,
)
from moneyer.client.grants import Grant
from tests.bank import TestClock

Kind = Literal["threads", "tasks"]


class Subject(ABC):
    """A client under test."""

    @abstractmethod
    async def token(self) -> Tokens: ...

    @abstractmethod
    async def renew(self, refused: Tokens) -> Tokens: ...

    @abstractmethod
    async def sign_in(self, grant: Grant) -> Tokens: ...

    @abstractmethod
    async def revoke(self) -> None: ...

    @abstractmethod
    async def call(
        self, method: str, url: str, customer: Customer | None = None, **members: Any
    ) -> httpx.Response:
        """An API call through the auth object."""

    @abstractmethod
    async def close(self) -> None: ...


class Threads(Subject):
    """TokenClient and BearerAuth."""

    def __init__(self, client: TokenClient) -> None:
        self.client = client

    async def token(self) -> Tokens:
        return await asyncio.to_thread(self.client.token)

    async def renew(self, refused: Tokens) -> Tokens:
        return await asyncio.to_thread(self.client.renew, refused)

    async def sign_in(self, grant: Grant) -> Tokens:
        return await asyncio.to_thread(self.client.sign_in, grant)

    async def revoke(self) -> None:
        await asyncio.to_thread(self.client.revoke)

    async def call(
        self, method: str, url: str, customer: Customer | None = None, **members: Any
    ) -> httpx.Response:
        def send() -> httpx.Response:
            with httpx.Client(auth=BearerAuth(self.client, customer)) as http:
                return http.request(method, url, **members)

        return await asyncio.to_thread(send)

    async def close(self) -> None:
        await asyncio.to_thread(self.client.close)


class Tasks(Subject):
    """AsyncTokenClient and AsyncBearerAuth."""

    def __init__(self, client: AsyncTokenClient) -> None:
        self.client = client

    async def token(self) -> Tokens:
        return await self.client.token()

    async def renew(self, refused: Tokens) -> Tokens:
        return await self.client.renew(refused)

    async def sign_in(self, grant: Grant) -> Tokens:
        return await self.client.sign_in(grant)

    async def revoke(self) -> None:
        await self.client.revoke()

    async def call(
        self, method: str, url: str, customer: Customer | None = None, **members: Any
    ) -> httpx.Response:
        async with httpx.AsyncClient(auth=AsyncBearerAuth(self.client, customer)) as http:
            return await http.request(method, url, **members)

    async def close(self) -> None:
        await self.client.aclose()


class Workshop:
    """Makes clients of one kind, and closes them."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.clock = TestClock()
        self._made: list[Subject] = []

    def make(
        self,
        settings: Settings,
        credentials: Callable[[], Grant] | None = None,
        store: TokenStore | None = None,
    ) -> Subject:
        """A client whose clock the test turns and whose jitter is none."""
        more: Any = {"store": store, "clock": self.clock, "chance": lambda: 0.0}
        made: Subject
        if self.kind == "threads":
            made = Threads(TokenClient(settings, credentials, **more))
        else:
            made = Tasks(AsyncTokenClient(settings, credentials, **more))
        self._made.append(made)
        return made

    async def close(self) -> None:
        for subject in self._made:
            await subject.close()
