"""What only PostgreSQL has: many writers at once, lost connections, a second wall, news of changes."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import msgspec
import pytest

from moneyer.app import running
from moneyer.audit.chain import Head, Link, verify_chain
from moneyer.protocol.failures import StoreUnavailable
from moneyer.store.database import PostgresqlUrl
from moneyer.store.journal import Journal
from moneyer.store.postgresql.ledger import PostgresLedger
from moneyer.store.postgresql.reader import PostgresReader
from moneyer.store.postgresql.server import Unconfined
from moneyer.store.upgrade import move_to
from tests.bank import MOULD, SERVER, Bank, TestClock
from tests.postgresql import Postgresql
from tests.store.counting import Count, outcomes

ENGINES = ("postgresql",)


class Place:
    """An empty database, as the role that serves and as the superuser."""

    def __init__(self, server: Postgresql) -> None:
        self.name = f"place_{uuid.uuid4().hex}"
        self.server = server
        self.owner = server.create_database(self.name, template=MOULD)
        self.url = PostgresqlUrl(server.url(self.name, SERVER))

    def psql(self, statements: str) -> str:
        return self.server.psql(statements, self.name)

    @asynccontextmanager
    async def journal(self, writer: str) -> AsyncIterator[Journal]:
        ledger = PostgresLedger(self.url, TestClock(), writer)
        journal = Journal(ledger)
        try:
            yield journal
        finally:
            await journal.close()
            await ledger.aclose()

    async def check(self, name: str, count: int) -> None:
        """The counter stands at `count`, with as many events, and every chain is whole."""
        connection = await asyncpg.connect(self.owner)
        try:
            found = await connection.fetchval("SELECT window_count FROM attempts WHERE name = $1", name)
            assert found == count
            heads = [Head(*row) for row in await connection.fetch("SELECT * FROM chain_heads")]
            links = [
                Link(*row)
                for row in await connection.fetch("SELECT * FROM events ORDER BY writer, sequence")
            ]
        finally:
            await connection.close()
        assert len(links) == count
        for head in heads:
            verify_chain([link for link in links if link.writer == head.writer], head)


@pytest.fixture
def place(postgresql: Postgresql) -> Iterator[Place]:
    place = Place(postgresql)
    yield place
    postgresql.psql(f"DROP DATABASE {place.name} WITH (FORCE)")


@pytest.mark.parametrize("writers", [("one", "two"), ("same", "same")], ids=["own names", "one name"])
async def test_counters_are_exact_across_writers(place: Place, writers: tuple[str, str]) -> None:
    """Also where no row exists when both begin, and where two processes were given one name."""
    async with place.journal(writers[0]) as one, place.journal(writers[1]) as two:
        for _ in range(10):
            await asyncio.gather(*(j.perform(Count("a")) for j in (one, two) for _ in range(20)))
    await place.check("a", 400)


async def test_a_connection_lost_in_the_middle_answers_503_and_what_was_acknowledged_is_there(
    place: Place,
) -> None:
    """Every backend is ended again and again while two writers count."""
    acknowledged = 0
    async with place.journal("one") as one, place.journal("two") as two:
        for _ in range(25):
            counting = asyncio.gather(
                outcomes(one, *[Count("a")] * 5), outcomes(two, *[Count("a")] * 5)
            )
            await asyncio.to_thread(
                place.psql,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'server'",
            )
            for outcome in (outcome for found in await counting for outcome in found):
                assert isinstance(outcome, int | StoreUnavailable)
                acknowledged += isinstance(outcome, int)
        last: object = None
        while not isinstance(last, int):
            with suppress(StoreUnavailable):
                last = await one.perform(Count("a"))
    assert acknowledged > 0
    assert last > acknowledged
    await place.check("a", last)


async def test_a_commit_that_no_standby_confirmed_is_not_called_done(place: Place) -> None:
    """A wait for a standby that somebody cancels ends in COMMIT with a warning: that is not success."""
    cancelling = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    async with place.journal("one") as one:
        assert await one.perform(Count("a")) == 1
        place.psql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        place.psql("SELECT pg_reload_conf()")
        try:
            waiting = asyncio.create_task(outcomes(one, Count("a")))
            while not waiting.done():
                await asyncio.to_thread(place.psql, f"SET synchronous_commit = local; {cancelling}")
            assert isinstance((await waiting)[0], StoreUnavailable)
        finally:
            place.psql("ALTER SYSTEM RESET synchronous_standby_names")
            place.psql("SELECT pg_reload_conf()")


async def test_without_an_institution_nothing_is_seen_and_nothing_written(place: Place) -> None:
    """Row-level security holds alone: the role that serves, and statements that name no institution."""
    async with place.journal("one") as one:
        await one.perform(Count("a"))
    connection = await asyncpg.connect(place.url.text)
    try:
        assert await connection.fetchval("SELECT count(*) FROM attempts") == 0
        for own, seen in (("00016", 1), ("00042", 0), ("00042,-", 0)):
            async with connection.transaction():
                await connection.execute(f"SET LOCAL moneyer.institutions = '{own}'")
                assert await connection.fetchval("SELECT count(*) FROM attempts") == seen
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("INSERT INTO attempts VALUES ('00042', 'b', 0, 0, 0, 0, 0)")
        for change in ("UPDATE events SET at = 0", "DELETE FROM events", "TRUNCATE events"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change)
    finally:
        await connection.close()


async def test_who_stands_above_the_wall_may_not_serve(closed_bank: Bank) -> None:
    """A superuser is not held by row-level security, so the service refuses to start as one."""
    bank = closed_bank
    above = msgspec.structs.replace(
        bank.settings.store, postgresql=bank.settings.store.postgresql_owner
    )
    with pytest.raises(Unconfined, match="moneyer_serving"):
        async with running(msgspec.structs.replace(bank.settings, store=above)):
            pass


async def test_a_change_is_told_without_being_asked_for(closed_bank: Bank) -> None:
    """And told again after the connection that listens was lost."""
    told = asyncio.Event()
    reader = PostgresReader(PostgresqlUrl(closed_bank.settings.store.postgresql), told.set)
    try:
        for _ in range(2):
            while True:
                with suppress(StoreUnavailable):
                    await reader.directory_version()
                    break
            closed_bank.change_application("machine", name="Renamed")
            async with asyncio.timeout(10):
                await told.wait()
            told.clear()
            with closed_bank.engine.begin() as connection:
                connection.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'server' AND datname = current_database()"
                )
    finally:
        await reader.aclose()


async def test_what_is_over_is_swept_away_at_every_institution(place: Place) -> None:
    """By the role that serves, one process at a time."""
    place.psql(
        "INSERT INTO revoked_tokens SELECT institution, 'token-' || n, n"
        " FROM generate_series(1, 600) AS n, unnest(ARRAY['00016', '00042']) AS institution;"
        f"INSERT INTO revoked_tokens VALUES ('00016', 'alive', {2**60}, 0)"
    )
    ledger = PostgresLedger(place.url, TestClock(), "one")
    try:
        assert await ledger.sweep()
        assert not await ledger.sweep()
    finally:
        await ledger.aclose()
    assert place.psql("SELECT token_id FROM revoked_tokens") == "alive"


async def test_a_migration_that_waits_for_a_table_holds_up_nobody_for_long(bank: Bank) -> None:
    """Somebody reads a table for a while: callers go on, and the migration is done in the end."""
    with bank.engine.connect() as reading:
        reading.exec_driver_sql("SELECT count(*) FROM families")
        moving = asyncio.create_task(asyncio.to_thread(move_to, bank.engine, "0001"))
        for _ in range(5):
            assert (await bank.token("machine", grant_type="client_credentials")).status_code in {
                200,
                503,
            }
            await asyncio.sleep(0.1)
        assert not moving.done()
        reading.rollback()
        await moving
    assert (await bank.token("machine", grant_type="client_credentials")).status_code == 200
