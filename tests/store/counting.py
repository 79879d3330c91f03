"""Operations for tests of the journal: they count in a row, record it, and go wrong to order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from moneyer.audit.chain import Head, Link, verify_chain
from moneyer.audit.events import Event
from moneyer.guards.attempts import Attempts
from moneyer.protocol.failures import BadToken
from moneyer.store.engine import engine_for
from moneyer.store.journal import Journal
from moneyer.store.rows import Rows
from moneyer.store.sqlite.connection import connect
from moneyer.store.sqlite.ledger import SqliteLedger
from moneyer.store.upgrade import upgrade
from tests.bank import TestClock


class Count:
    """Raises the counter `name` by one, with an event; gives the new count."""

    def __init__(self, name: str, then: Callable[[], None] | None = None) -> None:
        self.name = name
        self.institution_id = "00016"
        self._then = then

    def wants(self, rows: Rows) -> None:
        rows.attempts.want("00016", self.name)

    def decide(self, rows: Rows, now: int) -> int:
        row = rows.attempts.get("00016", self.name) or Attempts("00016", self.name, now)
        count = row.window_count + 1
        rows.attempts.put(Attempts("00016", self.name, now, window_count=count))
        rows.record(Event("counted:up", now, "00016", detail=self.name, generation=count))
        if self._then is not None:
            self._then()
        return count


class Unstorable(Count):
    """Decides on a number that SQLite cannot hold."""

    def decide(self, rows: Rows, now: int) -> int:
        super().decide(rows, now)
        rows.attempts.put(Attempts("00016", self.name, now, window_count=2**70))
        return 0


def refuse() -> None:
    raise BadToken("no")


def empty(path: Path) -> Path:
    """A database file with the present schema and nothing in it."""
    engine = engine_for(path)
    upgrade(engine)
    engine.dispose()
    return path


@contextlib.asynccontextmanager
async def journal(path: Path, writer: str = "node-1") -> AsyncIterator[Journal]:
    """A journal on a file, closed at the end as the service closes it."""
    ledger = SqliteLedger(path, TestClock(), writer)
    opened = Journal(ledger)
    try:
        yield opened
    finally:
        await opened.close()
        await ledger.aclose()


async def outcomes(journal: Journal, *operations: Count) -> list[object]:
    """What each of them came to, all handed over at once."""
    performed = [journal.perform(operation) for operation in operations]
    return list(await asyncio.gather(*performed, return_exceptions=True))


def counters(path: Path) -> dict[str, int]:
    """The counters as another connection sees them: what is committed."""
    connection = connect(path)
    with contextlib.closing(connection):
        return dict(connection.execute("SELECT name, window_count FROM attempts").fetchall())


def check_chains(path: Path) -> dict[str, int]:
    """Verifies the chain of every writer; gives how many events each has."""
    connection = connect(path)
    with contextlib.closing(connection):
        connection.execute("BEGIN")
        heads = [Head(*row) for row in connection.execute("SELECT * FROM chain_heads")]
        writers = {row[0] for row in connection.execute("SELECT DISTINCT writer FROM events")}
        assert writers == {head.writer for head in heads}
        for head in heads:
            found = connection.execute(
                "SELECT * FROM events WHERE writer = ? ORDER BY sequence", (head.writer,)
            )
            verify_chain((Link(*row) for row in found), head)
    return {head.writer: head.sequence for head in heads}


def check_books(path: Path) -> None:
    """No event without its change and no change without its event; every chain whole."""
    connection = connect(path)
    with contextlib.closing(connection):
        events = connection.execute(
            "SELECT json_extract(CAST(body AS TEXT), '$.detail'), COUNT(*),"
            " MAX(json_extract(CAST(body AS TEXT), '$.generation')) FROM events"
            " WHERE name = 'counted:up' GROUP BY 1"
        ).fetchall()
    assert {name: count for name, count, _ in events} == counters(path)
    assert all(count == largest for _, count, largest in events)
    check_chains(path)
