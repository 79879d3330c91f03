"""Telling applications that a session has ended (OpenID Connect Back-Channel Logout 1.0).

Who is to be told stands in the store until they have heard: a process that dies in the middle is
followed by whichever looks next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Protocol

import structlog

from moneyer.customers.notice import LogoutNotice
from moneyer.grants.authorize.sign_out import CrossOff, TakeUpNotice
from moneyer.grants.mint import Mint
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import Unavailable
from moneyer.tokens.access import new_token_id
from moneyer.tokens.logout_token import strike_logout_token

TRIES = (0.0, 2.0, 15.0, 60.0)
"""Seconds before each try. What they did not bring about is taken up again later, for an hour."""
AT_ONCE = 1000
"""Deliveries under way at most; what is beyond waits in the store."""

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

    def begin(
        self,
        url: str,
        client_id: str,
        make: Callable[[], Awaitable[str]],
        done: Callable[[], Awaitable[None]],
    ) -> None:
        """Delivers what `make` gives, newly made for every try, since it holds for two minutes; calls
        `done` when that is over for good."""
        if len(self._tasks) >= AT_ONCE:
            log.warning("logout-not-told", client_id=client_id, reason="too-many")
            return
        task = asyncio.create_task(self._deliver(url, client_id, make, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(
        self,
        url: str,
        client_id: str,
        make: Callable[[], Awaitable[str]],
        done: Callable[[], Awaitable[None]],
    ) -> None:
        reason = ""
        for pause in TRIES:
            await self._sleep(pause)
            try:
                status = await self._post(url, {"logout_token": await make()})
            except Exception as error:
                reason = type(error).__name__
                continue
            if status in {200, 204}:
                await _quietly(done)
                return
            reason = str(status)
            # 400 says that the application looked and refused: again would be the same.
            if status == 400:
                await _quietly(done)
                break
        log.warning("logout-not-told", client_id=client_id, reason=reason)

    async def close(self) -> None:
        """Leaves what is still on its way to others."""
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _quietly(done: Callable[[], Awaitable[None]]) -> None:
    """Where the store cannot be reached the application is told once more, which harms nobody."""
    with suppress(Unavailable):
        await done()


async def tell_applications(mint: Mint, notice: LogoutNotice) -> None:
    """Begins to tell every application that has not heard. Raises StoreUnavailable."""
    for client_id in notice.clients:
        over = partial(_cross_off, mint, notice, client_id)
        application = mint.snapshot.application(client_id)
        if application is None or not application.backchannel_logout_uri:
            await over()
            continue
        make = partial(_logout_token, mint, notice, client_id)
        mint.deliveries.begin(application.backchannel_logout_uri, client_id, make, over)


async def take_up_notices(mint: Mint) -> None:
    """Goes on with what others left behind, each by one of those who look. Raises StoreUnavailable."""
    for notice in await mint.reader.due_notices(mint.clock.now()):
        taken = await mint.journal.perform(TakeUpNotice(notice))
        if taken is not None:
            await tell_applications(mint, taken)


async def _cross_off(mint: Mint, notice: LogoutNotice, client_id: str) -> None:
    await mint.journal.perform(CrossOff(notice.institution_id, notice.session_id, client_id))


async def _logout_token(mint: Mint, notice: LogoutNotice, client_id: str) -> str:
    """Raises LookupError where institution or application are no more."""
    now, institution_id = mint.clock.now(), notice.institution_id
    application = mint.snapshot.application(client_id)
    institution = mint.snapshot.institution(institution_id)
    if application is None or institution is None:
        raise LookupError(client_id)
    return strike_logout_token(
        await mint.signing_key(institution, now),
        issuer=mint.issuer(institution_id),
        client_id=client_id,
        subject=mint.subject(application, institution_id, notice.customer_id),
        session_id=notice.session_id,
        token_id=new_token_id(),
        issued_at=now // SECOND,
    )
