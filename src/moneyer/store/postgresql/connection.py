"""One connection to the primary: opened when it is needed, and again after it was lost."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from moneyer.protocol.failures import StoreUnavailable
from moneyer.store.database import PostgresqlUrl

CONNECT_PATIENCE = 2.0
"""Seconds for which a new connection is waited for."""

PATIENCE = 5.0
"""Seconds for which a transaction is waited for; what became of it is then unknown."""

PAUSE = 0.1
"""Seconds between two tries to connect; who asks meanwhile is told at once."""

SESSION = {
    "application_name": "moneyer",
    # A group's rows are always few and always found by their key, however empty a table looked when the
    # statement was planned.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    # A row that another keeps locked fails alone; nothing of ours keeps one if this process hangs.
    "lock_timeout": "2000",
    "idle_in_transaction_session_timeout": "10000",
    # A commit that waits for a standby must never be cancelled: it would have happened, here alone.
    "statement_timeout": "0",
}

_LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    # What it makes of a line that breaks in the middle of an answer.
    asyncpg.InternalClientError,
)
"""The connection is of no use any more."""

_IDS = re.compile("[A-Za-z0-9,*-]+")

Prepare = Callable[[asyncpg.Connection], Awaitable[None]]


class Link:
    """A connection to the primary, for one transaction at a time. Belongs to one event loop."""

    def __init__(self, url: PostgresqlUrl, prepare: Prepare | None = None) -> None:
        self._url = url
        self._prepare = prepare
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()
        self._not_before = 0.0

    @asynccontextmanager
    async def transaction(self, institutions: set[str], mode: str = "") -> AsyncIterator["Transaction"]:
        """A transaction that may touch the rows of `institutions`.

        The body ends it with `commit`; else it is rolled back. Raises StoreUnavailable when the primary
        cannot be reached or does not end it in time; errors of statements come as they are.
        """
        async with self._turn:
            connection = await self._open()
            # Cutting the line cancels nothing at the other end: a commit under way goes on there.
            watch = asyncio.get_running_loop().call_later(PATIENCE, connection.terminate)
            try:
                await connection.execute(
                    f"BEGIN {mode}; SET LOCAL moneyer.institutions = '{_quotable(institutions)}'"
                )
                yield Transaction(connection)
            except _LOST as error:
                self._drop()
                raise StoreUnavailable(f"postgresql: {type(error).__name__}") from error
            except (asyncpg.OperatorInterventionError, asyncpg.ReadOnlySQLTransactionError) as error:
                # It shuts down, or is the primary no longer: whoever is will be found anew.
                self._drop()
                raise StoreUnavailable(f"postgresql: {error}") from error
            except BaseException:
                await self._roll_back(connection)
                raise
            else:
                await self._roll_back(connection)
            finally:
                watch.cancel()

    async def close(self) -> None:
        """Waits for the transaction under way, then closes."""
        async with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None:
                try:
                    await connection.close(timeout=CONNECT_PATIENCE)
                except (*_LOST, asyncpg.PostgresError):
                    connection.terminate()

    async def _open(self) -> asyncpg.Connection:
        connection = self._connection
        if connection is not None and not connection.is_closed():
            return connection
        self._connection = None
        loop = asyncio.get_running_loop()
        if loop.time() < self._not_before:
            raise StoreUnavailable("postgresql: not reachable")
        try:
            connection = await asyncpg.connect(
                self._url.text,
                timeout=CONNECT_PATIENCE,
                server_settings=SESSION,
                target_session_attrs="read-write",
            )
            if self._prepare is not None:
                await self._prepare(connection)
        except (*_LOST, asyncpg.PostgresError) as error:
            self._not_before = loop.time() + PAUSE
            if connection is not None:
                connection.terminate()
            raise StoreUnavailable(f"postgresql: {error or type(error).__name__}") from error
        self._connection = connection
        return connection

    async def _roll_back(self, connection: asyncpg.Connection) -> None:
        """Undoes what was not committed."""
        if connection.is_closed() or not connection.is_in_transaction():
            return
        try:
            await connection.execute("ROLLBACK")
        except (*_LOST, asyncpg.PostgresError):
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


def _quotable(institutions: set[str]) -> str:
    """The list for `moneyer.institutions`. Raises ValueError for what could end the quotation."""
    text = ",".join(sorted(institutions))
    if not _IDS.fullmatch(text):
        raise ValueError("not institution ids")
    return text


class Transaction:
    """What the body of `Link.transaction` works with."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.fetch = connection.fetch
        self.fetchrow = connection.fetchrow

    async def execute(self, statement: str, *arguments: object) -> int:
        """Runs a statement that writes; gives how many rows it wrote."""
        status = await self._connection.execute(statement, *arguments)
        return int(status.rpartition(" ")[2])

    async def commit(self) -> None:
        """Raises StoreUnavailable unless the server says, without reserve, that it is done.

        A warning beside the word COMMIT means that a standby was not waited for: the transaction may
        be lost with this server.
        """
        warnings: list[object] = []

        def listen(_connection: object, message: object) -> None:
            warnings.append(message)

        self._connection.add_log_listener(listen)
        try:
            status = await self._connection.execute("COMMIT")
        finally:
            self._connection.remove_log_listener(listen)
        if status != "COMMIT" or warnings:
            raise StoreUnavailable("postgresql: the commit is in doubt")
