"""Committing groups on SQLite.

The statements run on the event loop's own thread: each takes a few microseconds, and handing each to a
thread would cost more than it. Only the commit, which waits for the disk, runs beside the loop.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import msgspec

from moneyer.audit.chain import Head, extend
from moneyer.protocol.clock import Clock
from moneyer.protocol.failures import StoreUnavailable
from moneyer.store.journal import GroupRejected
from moneyer.store.records import key_from_row, key_to_row
from moneyer.store.retention import RETENTION, SWEPT_AT_ONCE
from moneyer.store.rows import KeySet, Operation, Rows
from moneyer.store.sqlite import statements as sql
from moneyer.store.sqlite.connection import connect

BEGIN_PATIENCE = 2.0
"""Seconds for which another process's transaction is waited for before 503 is answered."""

_REFUSALS = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
)
"""Errors that lie in a statement or its values; every other one lies in the store."""


class SqliteLedger:
    """The one writer of a serving process. `writer` names its chain of audit events."""

    def __init__(self, path: Path, clock: Clock, writer: str) -> None:
        self._clock = clock
        self._writer = writer
        self._connection = connect(path, busy_timeout=0)
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._transaction = asyncio.Lock()

    async def commit(self, operations: Sequence[Operation[object]]) -> list[object]:
        """Decides `operations` on the rows they want and makes the result durable, or nothing."""
        async with self._transaction:
            return await self._decide(operations)

    async def _decide(self, operations: Sequence[Operation[object]]) -> list[object]:
        await self._begin()
        try:
            rows = Rows()
            rows.gather(operations)
            self._load(rows)
            now = self._clock.now()
            outcomes = [rows.attempt(operation, now) for operation in operations]
            if rows.untouched:
                self._connection.execute("ROLLBACK")
                return outcomes
            self._save(rows)
        except Exception as error:
            self._rollback()
            if isinstance(error, sqlite3.Error) and not isinstance(error, _REFUSALS):
                raise StoreUnavailable(f"sqlite: {error}") from error
            raise GroupRejected(type(error).__name__) from error
        await self._commit()
        return outcomes

    async def sweep(self) -> bool:
        """Deletes at most a thousand rows of each kind whose time is over. Gives whether to go on."""
        async with self._transaction:
            await self._begin()
            try:
                now = self._clock.now()
                deleted = [
                    self._connection.execute(statement, (now - RETENTION[table],)).rowcount
                    for table, statement in sql.SWEEPS.items()
                ]
            except sqlite3.Error as error:
                self._rollback()
                raise StoreUnavailable(f"sqlite: {error}") from error
            await self._commit()
        return max(deleted) >= SWEPT_AT_ONCE

    async def aclose(self) -> None:
        self._committer.shutdown(wait=True)
        self._connection.close()

    async def _begin(self) -> None:
        """Begins a write transaction; while another process has one, waits off the processor."""
        deadline = asyncio.get_running_loop().time() + BEGIN_PATIENCE
        while True:
            # Left over where a rollback failed as well.
            self._rollback()
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise StoreUnavailable(f"sqlite: {error}") from error
                await asyncio.sleep(0.002)
            else:
                return

    async def _commit(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._committer, self._connection.execute, "COMMIT")
        except sqlite3.Error as error:
            self._rollback()
            raise StoreUnavailable(f"sqlite: {error}") from error

    def _rollback(self) -> None:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _load(self, rows: Rows) -> None:
        one = self._connection.execute
        for kind, select, _, _ in sql.HOT:
            table = kind.of(rows)
            for key in table.wanted:
                if row := one(select, key).fetchone():
                    table.loaded(kind.from_row(row))
        for institution_id, _ in rows.key_sets.wanted:
            if found := one(sql.SELECT_KEYS, (institution_id,)).fetchall():
                keys = tuple(key_from_row(row) for row in found)
                rows.key_sets.loaded(KeySet(institution_id, keys))

    def _save(self, rows: Rows) -> None:
        many = self._connection.executemany
        for kind, _, insert, update in sql.HOT:
            if kind.of(rows).changed:
                many(insert, kind.inserts(rows))
                many(update, kind.updates(rows))
        for key_set in rows.key_sets.new_rows():
            many(sql.INSERT_KEY, (key_to_row(key) for key in key_set.keys))
            self._connection.execute(sql.RAISE_VERSION)
        self._append(rows)

    def _append(self, rows: Rows) -> None:
        if not rows.events:
            return
        found = self._connection.execute(sql.SELECT_HEAD, (self._writer,)).fetchone()
        head, links = extend(Head(*found) if found else Head(self._writer), rows.events)
        self._connection.executemany(sql.INSERT_EVENT, links)
        self._connection.execute(sql.SAVE_HEAD, msgspec.structs.astuple(head))
