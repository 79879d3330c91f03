"""The composition root: the only place where implementations are chosen."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import httpx

from moneyer.customers.core_bank import CoreBankVerifier
from moneyer.customers.hashing_pool import HashingPool
from moneyer.customers.passwords import PasswordHasher
from moneyer.customers.verifiers import BuiltInVerifier, Verifier
from moneyer.endpoints.asgi import AsgiApp
from moneyer.endpoints.router import Guest, Router
from moneyer.endpoints.service import EndpointSettings, Service
from moneyer.feed.bulletins import Bulletins
from moneyer.feed.follow import Follow
from moneyer.feed.log import RevocationLog
from moneyer.grants.back_channel_logout import Deliveries, take_up_notices
from moneyer.grants.mint import Mint
from moneyer.keys.sealing import ServerKeys, derive
from moneyer.outbound import Outbound
from moneyer.protocol.clock import Clock, SystemClock
from moneyer.settings import Settings
from moneyer.store.database import Database, PostgresqlUrl
from moneyer.store.directory import POLL_INTERVAL, Directory, load_snapshot, quietly
from moneyer.store.engine import engine_for
from moneyer.store.journal import Journal
from moneyer.store.postgresql.ledger import PostgresLedger
from moneyer.store.postgresql.reader import DatabaseClock, PostgresReader
from moneyer.store.postgresql.server import require_confined
from moneyer.store.sqlite.connection import ServingLock
from moneyer.store.sqlite.ledger import SqliteLedger
from moneyer.store.sqlite.reader import SqliteReader
from moneyer.store.upgrade import require_current

SWEEP_INTERVAL = 60.0
"""Seconds between deletions of rows whose time is over."""
SWEEP_PAUSE = 0.02
"""Seconds between two lots of one deletion, in which others write."""
NOTICE_INTERVAL = 30.0
"""Seconds between looks for applications that nobody is telling of a sign-out any more."""
FEED_INTERVAL = 0.1
"""Seconds between looks at what has ended: the largest part of the second in which gateways know it."""
ALIGN_INTERVAL = 5.0
"""Seconds between looks at the database's clock."""


def build(
    settings: Settings,
    clock: Clock | None = None,
    core_bank_transport: httpx.AsyncBaseTransport | None = None,
) -> AsgiApp:
    """The service as an ASGI application; it opens its store when the server starts it.

    `clock` and `core_bank_transport` stand in for the real ones in tests.
    """
    start = partial(running, settings, clock, core_bank_transport)
    return AsgiApp(start, settings.trusted_proxies())


@asynccontextmanager
async def running(
    settings: Settings,
    clock: Clock | None = None,
    core_bank_transport: httpx.AsyncBaseTransport | None = None,
    guest: Guest | None = None,
) -> AsyncIterator[Router]:
    """The whole service between start and stop. `guest` answers paths that are not the service's own.

    Raises BadSettings, AlreadyServing, SchemaMismatch, Unconfined, StoreUnavailable before anything is
    answered.
    """
    keys = derive(settings.master_key())
    async with AsyncExitStack() as stack:
        engine = engine_for(settings.database)
        stack.callback(engine.dispose)
        changed = asyncio.Event()
        reader, ledger, clock = await _open_store(settings, clock, stack)
        # What is looked at again and again waits behind no customer's reads.
        watch = reader_for(settings.database, changed.set)
        stack.push_async_callback(watch.aclose)
        require_current(engine)
        require_confined(engine)
        journal = Journal(ledger)
        stack.push_async_callback(journal.close)
        directory = Directory(partial(load_snapshot, engine, keys.sealing), watch, changed)
        await directory.refresh()
        outbound = Outbound(allow_private=settings.server.allow_private_callbacks)
        deliveries = Deliveries(outbound.post_form)
        stack.push_async_callback(deliveries.close)
        mint = Mint(
            base_url=settings.base_url,
            clock=clock,
            keys=keys,
            directory=directory,
            journal=journal,
            reader=reader,
            verifiers=_verifiers(settings, keys, stack, core_bank_transport),
            login_limits=settings.login_limits,
            rate_limits=settings.rate_limits,
            deliveries=deliveries,
        )
        log = RevocationLog()
        service = Service(
            mint,
            Bulletins(mint, log),
            EndpointSettings(
                base_path=settings.base_path,
                require_tls=settings.require_tls,
                require_transaction_id=settings.server.require_transaction_id,
            ),
        )
        blocked = partial(_learn_who_is_blocked, service, watch)
        await blocked()
        follow = Follow(log, watch, directory, clock)
        await follow.step()
        for step in (
            directory.follow(),
            _again(FEED_INTERVAL, follow.step),
            _again(POLL_INTERVAL, blocked),
            _again(NOTICE_INTERVAL, partial(take_up_notices, mint)),
            _again(SWEEP_INTERVAL, partial(_sweep, ledger)),
        ):
            stack.push_async_callback(cancelled, asyncio.create_task(step))
        yield Router(service, guest)


async def _open_store(
    settings: Settings, clock: Clock | None, stack: AsyncExitStack
) -> tuple[SqliteReader | PostgresReader, SqliteLedger | PostgresLedger, Clock]:
    """The store that the settings name, closed with `stack`.

    Where `clock` is None, a PostgreSQL's clock is the time for all that serve from it.
    """
    database, node = settings.database, settings.store.node
    if not isinstance(database, PostgresqlUrl):
        lock = ServingLock(database)
        lock.acquire()
        stack.callback(lock.release)
    reader = reader_for(database)
    stack.push_async_callback(reader.aclose)
    if clock is None:
        clock = await _common_clock(reader, stack)
    ledger: SqliteLedger | PostgresLedger = (
        PostgresLedger(database, clock, node)
        if isinstance(database, PostgresqlUrl)
        else SqliteLedger(database, clock, node)
    )
    stack.push_async_callback(ledger.aclose)
    return reader, ledger, clock


async def _common_clock(reader: SqliteReader | PostgresReader, stack: AsyncExitStack) -> Clock:
    """The time for all that serve from one store: this machine's, or the database's own."""
    if isinstance(reader, SqliteReader):
        return SystemClock()
    clock = DatabaseClock(reader)
    await clock.align()
    following = asyncio.create_task(_again(ALIGN_INTERVAL, clock.align))
    stack.push_async_callback(cancelled, following)
    return clock


def reader_for(
    database: Database, changed: Callable[[], None] = lambda: None
) -> SqliteReader | PostgresReader:
    """Point reads in `database`. `changed` is called when it says that the directory has changed."""
    if isinstance(database, PostgresqlUrl):
        return PostgresReader(database, changed)
    return SqliteReader(database)


async def _learn_who_is_blocked(service: Service, reader: SqliteReader | PostgresReader) -> None:
    """Takes over what other processes have counted."""
    now = service.mint.clock.now()
    service.blocklist.learn(await reader.blocked_guesses(now), now)


def _verifiers(
    settings: Settings,
    keys: ServerKeys,
    stack: AsyncExitStack,
    transport: httpx.AsyncBaseTransport | None,
) -> dict[str, Verifier]:
    """The built-in check, and one for each institution whose core is asked."""
    cost = settings.passwords
    pool = HashingPool(cost.threads or None, cost.queue)
    stack.callback(pool.close)
    hasher = PasswordHasher(keys.pepper, memory_kib=cost.memory_kib, passes=cost.passes)
    verifiers: dict[str, Verifier] = {"built-in": BuiltInVerifier(hasher, pool)}
    for institution_id, core in settings.core_bank.items():
        verifier = CoreBankVerifier(core, transport)
        stack.push_async_callback(verifier.close)
        verifiers[institution_id] = verifier
    return verifiers


async def _again(interval: float, step: Callable[[], Awaitable[None]]) -> None:
    """Does `step` every `interval` seconds, for ever; what goes wrong is logged."""
    while True:
        await asyncio.sleep(interval)
        await quietly(step)


async def _sweep(ledger: SqliteLedger | PostgresLedger) -> None:
    more = True
    while more:
        more = await ledger.sweep()
        await asyncio.sleep(SWEEP_PAUSE)


async def cancelled(task: asyncio.Task[None]) -> None:
    """Ends a task that goes on for ever; returns when it has ended."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=1.0)
