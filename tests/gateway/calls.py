"""Calls of an API behind a guard, for tests."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from urllib.parse import urlencode

import httpx

from moneyer.gateway.call import ApiCall, Verified
from moneyer.gateway.families import ACCOUNTS
from moneyer.gateway.guard import Guard
from moneyer.gateway.refusals import CannotTell, Refused
from moneyer.gateway.route import Route
from tests.bank import Bank

READ_ACCOUNTS = Route("GET", "/v1/accounts", ACCOUNTS, scopes=("accounts:read",))

LONGER_THAN_PROMISED = 30.0
"""Seconds after which a test gives up waiting for what is promised within one."""


def transport_of(bank: Bank) -> httpx.AsyncBaseTransport:
    """What leads to a bank in this process."""
    return bank.http._transport


async def check(
    guard: Guard,
    token: str,
    route: Route = READ_ACCOUNTS,
    *,
    headers: Mapping[str, str] | None = None,
    scheme: str = "Bearer",
    **query: str,
) -> Verified:
    """What the guard finds out about a call with `token`. Raises Refused."""
    sent = {"authorization": f"{scheme} {token}", **(headers or {})}
    raw = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
    return await guard.check(ApiCall("GET", "/v1/accounts", urlencode(query).encode(), raw), route)


async def refused(
    guard: Guard, token: str, unless: str = "", route: Route = READ_ACCOUNTS, **query: str
) -> str:
    """Why the guard refuses a call, once it does; "" if it never does.

    With `unless` "unavailable" it is waited for a refusal that is meant to last.
    """
    async for _ in _tries():
        try:
            await check(guard, token, route, headers=None, scheme="Bearer", **query)
        except Refused as refusal:
            if not (unless and isinstance(refusal, CannotTell)):
                return refusal.reason
    return ""


async def gets_through(guard: Guard, token: str, **query: str) -> bool:
    """Whether a token that is to pass does so, at once or within the second."""
    async for _ in _tries():
        with suppress(Refused):
            await check(guard, token, READ_ACCOUNTS, headers=None, scheme="Bearer", **query)
            return True
    return False


async def _tries() -> AsyncIterator[None]:
    """Ends by the clock: one try may take the guard's whole patience."""
    loop = asyncio.get_running_loop()
    until = loop.time() + LONGER_THAN_PROMISED
    while loop.time() < until:
        yield
        await asyncio.sleep(0.02)
