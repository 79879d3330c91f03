"""A guard at work: followed, and closed when it is done with."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec

from moneyer.gateway.follower import Follower
from moneyer.gateway.guard import Guard
from moneyer.gateway.identities import AskedIdentities, Identities
from moneyer.gateway.memory import FileMemory, NoMemory
from moneyer.protocol.clock import Clock, SystemClock


class GuardSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a guard reaches the token service, as which resource server.

    `base_url` is the token service's, as it stands in its issuers. `memory` is a file in which is kept
    what is needed to start while the service is away; "" for none. `longest_silence` is for how many
    seconds it may be away before nothing gets through any more; 0 is for ever. `ca_file` holds the
    certificates to trust instead of the usual ones; "" for those.
    """

    base_url: str
    client_id: str
    client_secret: str
    memory: str = ""
    longest_silence: int = 0
    ca_file: str = ""

    def __repr__(self) -> str:
        return f"GuardSettings({self.base_url!r}, {self.client_id!r})"


@asynccontextmanager
async def guarding(
    settings: GuardSettings,
    *,
    identities: Identities | None = None,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Guard]:
    """A guard that follows the token service for as long as the body runs.

    `identities` finds out who customers are where the bank's own side knows it; without one the token
    service is asked. `clock` and `transport` stand in for the real ones in tests. Raises ValueError for
    a `base_url` that is in no issuer.
    """
    async with following(settings, identities, clock, transport) as (guard, _):
        yield guard


@asynccontextmanager
async def following(
    settings: GuardSettings,
    identities: Identities | None = None,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[tuple[Guard, Follower]]:
    """The same, and who follows for it. Raises ValueError for a `base_url` that is in no issuer."""
    if not settings.base_url.startswith(("https://", "http://")) or settings.base_url.endswith("/"):
        raise ValueError("base_url is a URL without a slash at its end")
    clock = clock or SystemClock()
    memory = (
        FileMemory(Path(settings.memory), settings.client_secret) if settings.memory else NoMemory()
    )
    trust = (
        ssl.create_default_context(cafile=settings.ca_file)
        if settings.ca_file
        else httpx.create_ssl_context(trust_env=False)
    )
    # Lines of their own: however much else is asked, the news come through.
    async with (
        _line(settings, trust, transport) as feed,
        _line(settings, trust, transport) as keys,
        _line(settings, trust, transport) as http,
    ):
        follower = Follower(feed, keys, settings.base_url, clock, memory, settings.longest_silence)
        at_work = asyncio.create_task(follower.run())
        try:
            yield Guard(follower, identities or AskedIdentities(http), clock), follower
        finally:
            # Once more where a cancellation was lost on its way: nobody waits for ever.
            while not at_work.done():
                at_work.cancel()
                await asyncio.wait({at_work}, timeout=1.0)
            await follower.close()


def _line(
    settings: GuardSettings, trust: ssl.SSLContext, transport: httpx.AsyncBaseTransport | None
) -> httpx.AsyncClient:
    """Connections to the token service."""
    return httpx.AsyncClient(
        base_url=settings.base_url,
        auth=(settings.client_id, settings.client_secret),
        timeout=5.0,
        trust_env=False,
        verify=trust,
        transport=transport,
    )
