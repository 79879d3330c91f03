"""A real SQLite connection whose statements fail to order, as a bad disk or a full one makes them."""

import asyncio
import dataclasses
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from moneyer.store.sqlite import ledger
from moneyer.store.sqlite.connection import connect


@dataclasses.dataclass
class Fault:
    """The next statement that begins with `statement` raises `error`: before it is run, or after."""

    statement: str
    after: bool = False
    error: sqlite3.Error = dataclasses.field(
        default_factory=lambda: sqlite3.OperationalError("disk I/O error")
    )


class FaultyConnection:
    """Passes everything on to a connection, but for the faults that were ordered."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.faults: list[Fault] = []
        self.broken: Fault | None = None
        self.ran: list[str] = []
        self.commit_begun = threading.Event()
        self.commit_may_end = threading.Event()
        self.commit_may_end.set()

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def execute(self, statement: str, parameters: Any = ()) -> sqlite3.Cursor:
        if statement == "COMMIT":
            self.commit_begun.set()
            self.commit_may_end.wait(30)
        fault = self._due(statement)
        if fault and not fault.after:
            raise fault.error
        cursor = self._connection.execute(statement, parameters)
        self.ran.append(statement)
        if fault:
            raise fault.error
        return cursor

    def executemany(self, statement: str, rows: Iterable[Any]) -> sqlite3.Cursor:
        listed = list(rows)
        fault = self._due(statement) if listed else None
        if fault:
            raise fault.error
        return self._connection.executemany(statement, listed)

    def close(self) -> None:
        self._connection.close()

    def _due(self, statement: str) -> Fault | None:
        if self.broken and statement.startswith(self.broken.statement):
            return self.broken
        for fault in self.faults:
            if statement.startswith(fault.statement):
                self.faults.remove(fault)
                return fault
        return None


class Disk:
    """Every connection that a ledger opened, newest last."""

    def __init__(self) -> None:
        self.connections: list[FaultyConnection] = []

    @property
    def connection(self) -> FaultyConnection:
        return self.connections[-1]

    def hold_commits(self) -> None:
        """From now on a commit waits for `release_commits`, as for a slow disk."""
        self.connection.commit_begun.clear()
        self.connection.commit_may_end.clear()

    async def commit_begun(self) -> None:
        """Returns when a commit is under way."""
        assert await asyncio.to_thread(self.connection.commit_begun.wait, 30)

    def release_commits(self) -> None:
        self.connection.commit_may_end.set()

    def break_down(self, statement: str, error: sqlite3.Error | None = None) -> None:
        """From now on every statement that begins so fails, until `repair`."""
        self.connection.broken = Fault(statement) if error is None else Fault(statement, False, error)

    def repair(self) -> None:
        self.connection.broken = None
        self.connection.faults.clear()

    def fail(self, statement: str, *, after: bool = False, error: sqlite3.Error | None = None) -> None:
        """Orders a fault for the newest connection."""
        fault = Fault(statement, after) if error is None else Fault(statement, after, error)
        self.connection.faults.append(fault)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk that can be told to fail; ledgers opened from here on stand on it."""
    made = Disk()

    def faulty(path: Path, *, busy_timeout: float = 5.0) -> FaultyConnection:
        made.connections.append(FaultyConnection(connect(path, busy_timeout=busy_timeout)))
        return made.connection

    monkeypatch.setattr(ledger, "connect", faulty)
    monkeypatch.setattr(ledger, "BEGIN_PATIENCE", 0.05)
    return made
