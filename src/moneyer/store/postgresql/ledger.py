"""Committing groups on PostgreSQL: READ COMMITTED, and every row that a decision rests on locked.

A row that does not exist cannot be locked. Two processes that both add it meet at its unique key: the
second one's group is undone and decided again, on the row that is there by then.
"""

from collections.abc import Sequence

import asyncpg

from moneyer.audit.chain import GENESIS, Head, extend
from moneyer.protocol.clock import Clock
from moneyer.protocol.failures import StoreUnavailable
from moneyer.store.database import PostgresqlUrl
from moneyer.store.engine import EVERY_INSTITUTION
from moneyer.store.journal import GroupRejected
from moneyer.store.postgresql import statements as sql
from moneyer.store.postgresql.connection import Link, Transaction
from moneyer.store.records import key_from_row, key_to_row
from moneyer.store.retention import RETENTION, SWEPT_AT_ONCE
from moneyer.store.rows import KeySet, Operation, Rows

TRIES = 5
"""How often a group is decided anew because others were faster."""


class _ChainMoved(Exception):
    """Another process writes under the same name; its last event has to be read."""


class _Vanished(Exception):
    """A statement wrote fewer rows than it was given: they are not what was read."""


_AGAIN = (
    asyncpg.UniqueViolationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.InvalidCachedStatementError,
    _ChainMoved,
)
"""Nothing is wrong with the group: it is decided again."""

_AWAY = (
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    asyncpg.PostgresIOError,
)
"""The database cannot do its work at present: no disk, no memory, no connection."""


class PostgresLedger:
    """One writer of many. `writer` names its chain of audit events."""

    def __init__(self, url: PostgresqlUrl, clock: Clock, writer: str) -> None:
        self._clock = clock
        self._writer = writer
        self._link = Link(url)
        self._sweeping = Link(url)
        self._head: Head | None = None

    async def commit(self, operations: Sequence[Operation[object]]) -> list[object]:
        """Decides `operations` on the rows they want and makes the result durable, or nothing."""
        for _ in range(TRIES):
            try:
                return await self._decide(operations)
            except _AGAIN:
                self._head = None
            except asyncpg.LockNotAvailableError as error:
                if len(operations) > 1:
                    raise GroupRejected("a row is locked") from error
                raise StoreUnavailable("postgresql: a row stays locked") from error
            except _AWAY as error:
                raise StoreUnavailable(f"postgresql: {error}") from error
            except StoreUnavailable:
                self._head = None
                raise
            except Exception as error:
                raise GroupRejected(type(error).__name__) from error
        raise StoreUnavailable("postgresql: others were faster again and again")

    async def _decide(self, operations: Sequence[Operation[object]]) -> list[object]:
        rows = Rows()
        rows.gather(operations)
        async with self._link.transaction(rows.institutions) as transaction:
            await _load(transaction, rows)
            now = self._clock.now()
            outcomes = [rows.attempt(operation, now) for operation in operations]
            if not rows.untouched:
                await _save(transaction, rows)
                head = await self._append(transaction, rows)
                await transaction.commit()
                self._head = head
        return outcomes

    async def _append(self, transaction: Transaction, rows: Rows) -> Head | None:
        """Adds the group's events to this writer's chain; gives the new head."""
        if not rows.events:
            return self._head
        known = self._head or await self._find_head(transaction)
        head, links = extend(known, rows.events)
        added = await transaction.execute(
            sql.APPEND_EVENTS,
            self._writer,
            head.sequence,
            head.digest,
            known.sequence,
            known.digest,
            [link.institution_id for link in links],
            [link.at for link in links],
            [link.name for link in links],
            [link.body for link in links],
            [link.digest for link in links],
        )
        if added != len(links):
            raise _ChainMoved
        return head

    async def _find_head(self, transaction: Transaction) -> Head:
        await transaction.execute(sql.BEGIN_CHAIN, self._writer, GENESIS)
        return Head(*await transaction.fetchrow(sql.SELECT_HEAD, self._writer))

    async def sweep(self) -> bool:
        """Deletes at most a thousand rows of each kind whose time is over. Gives whether to go on.

        One process at a time does it.
        """
        try:
            async with self._sweeping.transaction({EVERY_INSTITUTION}) as transaction:
                (alone,) = await transaction.fetchrow(sql.SWEEP_ALONE)
                if not alone:
                    return False
                now = self._clock.now()
                deleted = [
                    await transaction.execute(statement, now - RETENTION[table])
                    for table, statement in sql.SWEEPS.items()
                ]
                await transaction.commit()
        except asyncpg.PostgresError as error:
            raise StoreUnavailable(f"postgresql: {error}") from error
        return max(deleted) >= SWEPT_AT_ONCE

    async def aclose(self) -> None:
        await self._link.close()
        await self._sweeping.close()


async def _load(transaction: Transaction, rows: Rows) -> None:
    if rows.key_sets.wanted:
        await _load_keys(transaction, rows)
    for kind, select, _, _ in sql.HOT:
        table = kind.of(rows)
        if table.wanted:
            for row in await transaction.fetch(select, *zip(*table.wanted, strict=True)):
                table.loaded(kind.from_row(row))


async def _load_keys(transaction: Transaction, rows: Rows) -> None:
    institutions = sorted(institution_id for institution_id, _ in rows.key_sets.wanted)
    await transaction.fetch(sql.LOCK_INSTITUTIONS, institutions)
    found = [key_from_row(row) for row in await transaction.fetch(sql.SELECT_KEYS, institutions)]
    for institution_id in institutions:
        keys = tuple(key for key in found if key.institution_id == institution_id)
        if keys:
            rows.key_sets.loaded(KeySet(institution_id, keys))


async def _save(transaction: Transaction, rows: Rows) -> None:
    """Raises _Vanished when a row to write over is not there any more."""
    for kind, _, insert, update in sql.HOT:
        if kind.of(rows).changed:
            for statement, values in ((insert, kind.inserts(rows)), (update, kind.updates(rows))):
                if values and await transaction.execute(statement, *_columns(values)) != len(values):
                    raise _Vanished(kind.table.name)
    keys = [key_to_row(key) for key_set in rows.key_sets.new_rows() for key in key_set.keys]
    if keys:
        await transaction.execute(sql.INSERT_KEYS, *_columns(keys))
        await transaction.execute(sql.RAISE_VERSION)


def _columns(values: list[list[object]] | list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return list(zip(*values, strict=True))
