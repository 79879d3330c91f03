"""A gateway as proxies ask it, and a service behind that notes what it is told; on loopback ports."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from moneyer.endpoints.http import Answer, Request, json_answer
from moneyer.endpoints.http1.server import Http1Server
from moneyer.gatehouse.front import Front
from moneyer.gatehouse.settings import LOOPBACK
from moneyer.gateway.apis import APIS
from moneyer.gateway.checks import Checks
from moneyer.gateway.door import Door
from moneyer.gateway.route import Routes

PUBLIC = "https://api.bank.test"


class House(NamedTuple):
    """Ports, and what the service behind has seen so far."""

    gateway: int
    apis: int
    seen: list[Request]


@asynccontextmanager
async def listening(handle: Callable[[Request], Awaitable[Answer]]) -> AsyncIterator[int]:
    """A server on a free loopback port."""
    server = Http1Server(handle)
    doors = await asyncio.get_running_loop().create_server(server.connection, "127.0.0.1", 0)
    try:
        yield doors.sockets[0].getsockname()[1]
    finally:
        doors.close()
        await server.drain(0, 0.2)


@asynccontextmanager
async def open_house(checks: Checks, **settings: str) -> AsyncIterator[House]:
    """A gateway that asks `checks` about every call of every family."""
    seen: list[Request] = []

    async def behind(request: Request) -> Answer:
        seen.append(request)
        return json_answer(200, b'{"is":"served"}')

    door = Door(checks, Routes([route for routes in APIS.values() for route in routes]))
    trusted = [ipaddress.ip_network(text) for text in LOOPBACK]
    front = Front(door, trusted, lambda: True, base_url=PUBLIC, **settings)
    async with AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(listening(front.handle))
        apis = await stack.enter_async_context(listening(behind))
        yield House(gateway, apis, seen)
