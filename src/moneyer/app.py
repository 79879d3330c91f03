"""The composition root: the only place where implementations are chosen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

import httpx

from moneyer.customers.core_bank import CoreBankVerifier
from moneyer.customers.hashing_pool import HashingPool
from moneyer.customers.passwords import PasswordHasher
from moneyer.customers.verifiers import BuiltInVerifier, Verifier
from moneyer.endpoints.asgi import AsgiApp
from moneyer.endpoints.router import Router
from moneyer.endpoints.service import EndpointSettings, Service
from moneyer.grants.mint import Mint
from moneyer.keys.sealing import ServerKeys, derive
from moneyer.protocol.clock import Clock, SystemClock
from moneyer.settings import Settings
from moneyer.store.directory import Directory, load_snapshot, quietly
from moneyer.store.engine import sqlite_engine
from moneyer.store.journal import Journal
from moneyer.store.sqlite.connection import ServingLock
from moneyer.store.sqlite.ledger import SqliteLedger
from moneyer.store.sqlite.reader import SqliteReader
from moneyer.store.upgrade import require_current

SWEEP_INTERVAL = 60.0
"""Seconds between deletions of rows whose time is over."""
SWEEP_PAUSE = 0.02
"""Seconds between two lots of one deletion, in which others write."""


def build(
    settings: Settings,
    clock: Clock | None = None,
    core_bank_transport: httpx.AsyncBaseTransport | None = None,
) -> AsgiApp:
    """The service as an ASGI application; it opens its store when the server starts it.

    `clock` and `core_bank_transport` stand in for the real ones in tests.
    """
    start = partial(running, settings, clock or SystemClock(), core_bank_transport)
    return AsgiApp(start, settings.trusted_proxies())


@asynccontextmanager
async def running(
    settings: Settings, clock: Clock, core_bank_transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Router]:
    """The whole service between start and stop.

    Raises BadSettings, AlreadyServing, SchemaMismatch before anything is answered.
    """
    keys = derive(settings.master_key())
    path = settings.database
    async with AsyncExitStack() as stack:
        lock = ServingLock(path)
        lock.acquire()
        stack.callback(lock.release)
        engine = sqlite_engine(path)
        stack.callback(engine.dispose)
        require_current(engine)
        ledger = SqliteLedger(path, clock, settings.store.node)
        stack.callback(ledger.close)
        journal = Journal(ledger)
        stack.push_async_callback(journal.close)
        reader = SqliteReader(path)
        stack.callback(reader.close)
        directory = Directory(partial(load_snapshot, engine, keys.sealing), reader)
        await directory.refresh()
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
        )
        service = Service(
            mint,
            EndpointSettings(
                base_path=settings.base_path,
                require_tls=settings.require_tls,
                require_transaction_id=settings.server.require_transaction_id,
            ),
        )
        service.blocklist.replace(await reader.blocked_guesses(clock.now()))
        for step in (directory.follow(), _sweep(ledger)):
            stack.push_async_callback(_cancel, asyncio.create_task(step))
        yield Router(service)


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


async def _sweep(ledger: SqliteLedger) -> None:
    while True:
        await asyncio.sleep(SWEEP_INTERVAL)
        await quietly(partial(_sweep_once, ledger))


async def _sweep_once(ledger: SqliteLedger) -> None:
    more = True
    while more:
        more = await ledger.sweep()
        await asyncio.sleep(SWEEP_PAUSE)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
