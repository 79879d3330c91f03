"""Telling applications that a session has ended (OpenID Connect Back-Channel Logout 1.0)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

import structlog

from moneyer.customers.session import Session
from moneyer.grants.mint import Mint
from moneyer.institutions.institution import Institution
from moneyer.protocol.clock import SECOND
from moneyer.tokens.access import new_token_id
from moneyer.tokens.logout_token import strike_logout_token

TRIES = (0.0, 2.0, 15.0, 60.0)
"""Seconds before each try; an application that is away for longer than that is not told."""
AT_ONCE = 1000
"""Deliveries under way at most; beyond that none is begun, which is logged."""

log = structlog.get_logger()


class Post(Protocol):
    """Posts a form to a registered address; gives the status. Raises OSError and the like."""

    def __call__(self, url: str, fields: Mapping[str, str]) -> Awaitable[int]: ...


class Deliveries:
    """Logout tokens on their way, apart from the request that caused them."""

    def __init__(self, post: Post, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._post = post
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, url: str, client_id: str, make: Callable[[], Awaitable[str]]) -> None:
        """Delivers what `make` gives, newly made for every try, since it holds for two minutes."""
        if len(self._tasks) >= AT_ONCE:
            log.warning("logout-not-told", client_id=client_id, reason="too-many")
            return
        task = asyncio.create_task(self._deliver(url, client_id, make))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, url: str, client_id: str, make: Callable[[], Awaitable[str]]) -> None:
        reason = ""
        for pause in TRIES:
            await self._sleep(pause)
            try:
                status = await self._post(url, {"logout_token": await make()})
            except Exception as error:
                reason = type(error).__name__
                continue
            if status in {200, 204}:
                return
            reason = str(status)
            # 400 says that the application looked and refused: again would be the same.
            if status == 400:
                break
        log.warning("logout-not-told", client_id=client_id, reason=reason)

    async def close(self) -> None:
        """Gives up what is still on its way."""
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def tell_applications(mint: Mint, institution: Institution, session: Session) -> None:
    """Begins to tell every application of the session that wants to hear."""
    for client_id in session.clients:
        application = mint.snapshot.application(client_id)
        if application is None or not application.backchannel_logout_uri:
            continue

        async def make(client_id: str = client_id) -> str:
            now = mint.clock.now()
            known = mint.snapshot.application(client_id)
            return strike_logout_token(
                await mint.signing_key(institution, now),
                issuer=mint.issuer(institution.institution_id),
                client_id=client_id,
                subject=mint.subject(known, institution.institution_id, session.customer_id)
                if known
                else "",
                session_id=session.session_id,
                token_id=new_token_id(),
                issued_at=now // SECOND,
            )

        mint.deliveries.begin(application.backchannel_logout_uri, client_id, make)
