"""A disk that fails under the service: 503 with Retry-After, and the same request succeeds later."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from moneyer.protocol.failures import StoreUnavailable
from moneyer.store.journal import Journal
from moneyer.store.sqlite.connection import connect
from moneyer.store.sqlite.ledger import SqliteLedger
from tests.bank import Bank, TestClock
from tests.store.asking import (
    GRANTED,
    Send,
    client_credentials,
    code,
    names,
    password,
    refresh,
    revoke,
    says_try_again,
    use_every_secret,
)
from tests.store.counting import Count, check_books, check_chains, counters, journal, outcomes
from tests.store.faults import Disk

Prepare = Callable[[Bank], Awaitable[Send]]

ENGINES = ("sqlite",)


@pytest.fixture
def faulty(disk: Disk, closed_bank: Bank) -> Bank:
    """A closed bank that will stand on a disk that can fail."""
    return closed_bank


@pytest.mark.requirement("TE-18", "RV-06")
@pytest.mark.parametrize("prepare", GRANTED, ids=lambda prepare: prepare.__name__)
@pytest.mark.parametrize("statement", ["BEGIN", "SELECT", "INSERT INTO events", "COMMIT"])
async def test_a_transaction_that_fails_answers_503_and_the_same_request_then_succeeds(
    faulty: Bank, disk: Disk, prepare: Prepare, statement: str
) -> None:
    """Nothing of the failed one is left: not a row, not an event; the second has exactly one event."""
    async with faulty.open() as bank:
        await use_every_secret(bank)
        send = await prepare(bank)
        before = names(bank)
        disk.break_down(statement)
        assert says_try_again(await send())
        disk.repair()
        assert names(bank) == before
        answer = await send()
        assert answer.status_code in (200, 204), answer.text
        assert names(bank) - before == {GRANTED[prepare]: 1}
    check_chains(bank.folder / "moneyer.db")


@pytest.mark.requirement("TE-18", "RV-07")
@pytest.mark.parametrize("prepare", [client_credentials, refresh, revoke], ids=lambda p: p.__name__)
async def test_a_commit_of_unknown_fate_answers_503_and_the_same_request_then_succeeds(
    faulty: Bank, disk: Disk, prepare: Prepare
) -> None:
    """The commit did happen and nobody was told: the retry of a refresh is known as one."""
    async with faulty.open() as bank:
        await use_every_secret(bank)
        send = await prepare(bank)
        disk.fail("COMMIT", after=True)
        assert says_try_again(await send())
        answer = await send()
        assert answer.status_code in (200, 204), answer.text
        if prepare is refresh:
            assert (await send()).content == answer.content
            assert names(bank)["refresh:rotated"] == 1
            assert names(bank)["refresh:retried"] == 2
        if prepare is revoke:
            assert names(bank)["family:revoked"] == 1
    check_chains(bank.folder / "moneyer.db")


async def test_a_code_whose_fate_is_unknown_is_not_given_twice(faulty: Bank, disk: Disk) -> None:
    """There is no retry for codes: the second use takes back what the first gave."""
    async with faulty.open() as bank:
        await use_every_secret(bank)
        send = await code(bank)
        disk.fail("COMMIT", after=True)
        assert says_try_again(await send())
        assert (await send()).status_code == 400
        assert names(bank)["code:taken"] == names(bank)["code:replayed"] == 1


@pytest.mark.requirement("PW-02")
async def test_a_bad_disk_gives_nobody_free_guesses(faulty: Bank, disk: Disk) -> None:
    """Settling a wrong password failed, but it was counted in advance: after ten even the right one is
    refused.
    """
    async with faulty.open() as bank:
        await use_every_secret(bank)
        guess = await password(bank, "a wrong password")
        for _ in range(10):
            disk.fail("INSERT INTO events")
            assert says_try_again(await guess())
        disk.repair()
        right = await password(bank)
        assert (await right()).status_code == 401
        bank.clock.advance(1800)
        assert (await right()).status_code == 200


@pytest.mark.requirement("TE-18")
async def test_a_full_disk_answers_503_until_there_is_room_again(faulty: Bank, disk: Disk) -> None:
    """The database may grow no more: everything answers 503, nothing is half written; with room again
    the very same requests succeed.
    """
    async with faulty.open() as bank:
        await use_every_secret(bank)
        send = await refresh(bank)
        before = names(bank)["token:issued"]
        pages = disk.connection.execute("PRAGMA page_count").fetchone()[0]
        disk.connection.execute(f"PRAGMA max_page_count = {pages}")
        granted = 0
        while (answer := await bank.token("machine", grant_type="client_credentials")).is_success:
            granted += 1
            assert granted < 1000
        assert says_try_again(answer)
        assert names(bank)["token:issued"] == before + granted
        assert says_try_again(await send())
        disk.connection.execute("PRAGMA max_page_count = 1073741823")
        assert (await send()).status_code == 200
        assert names(bank)["refresh:rotated"] == 1
    check_chains(bank.folder / "moneyer.db")


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("disk I/O error"),
        sqlite3.DatabaseError("database disk image is malformed"),
        sqlite3.DatabaseError("file is not a database"),
    ],
    ids=str,
)
@pytest.mark.parametrize("statement", ["BEGIN", "SELECT", "INSERT INTO events", "COMMIT"])
async def test_whatever_the_engine_says_the_waiters_are_told_to_try_again(
    file: Path, disk: Disk, statement: str, error: sqlite3.Error
) -> None:
    """All of the group, once; afterwards the journal goes on."""
    async with journal(file) as j:
        assert await j.perform(Count("a")) == 1
        disk.break_down(statement, error)
        found = await outcomes(j, Count("a"), Count("b"))
        assert [type(outcome) for outcome in found] == [StoreUnavailable] * 2
        disk.repair()
        assert await outcomes(j, Count("a"), Count("b")) == [2, 1]
    check_books(file)


@pytest.mark.parametrize("first", ["COMMIT", "INSERT INTO events"])
async def test_a_rollback_that_fails_too_does_not_stop_the_journal(
    file: Path, disk: Disk, first: str
) -> None:
    """The transaction that could not be ended is ended before the next one begins."""
    async with journal(file) as j:
        disk.fail(first)
        disk.fail("ROLLBACK")
        found = await outcomes(j, Count("a"), Count("b"))
        assert [type(outcome) for outcome in found] == [StoreUnavailable] * 2
        assert await outcomes(j, Count("a"), Count("b")) == [1, 1]
    check_books(file)


async def test_a_failed_sweep_leaves_everything_as_it_was(file: Path, disk: Disk) -> None:
    """Old rows go when the store works again, and no event goes with them."""
    clock = TestClock()
    ledger = SqliteLedger(file, clock, "node-1")
    await Journal(ledger).perform(Count("a"))
    clock.advance(31 * 86400)
    for statement in ("DELETE FROM attempts", "COMMIT"):
        disk.fail(statement)
        with pytest.raises(StoreUnavailable):
            await ledger.sweep()
        assert counters(file) == {"a": 1}
    await ledger.sweep()
    await ledger.aclose()
    assert counters(file) == {}
    with closing(connect(file)) as other:
        assert other.execute("SELECT COUNT(*) FROM events").fetchone() == (1,)


@pytest.mark.requirement("RT-04")
async def test_a_caller_who_hangs_up_during_the_commit_finds_the_same_successor_later(
    faulty: Bank, disk: Disk
) -> None:
    """The family turned all the same; asking again is a retry, to the byte, and no replay."""
    async with faulty.open() as bank:
        await use_every_secret(bank)
        send = await refresh(bank)
        disk.hold_commits()
        gone = asyncio.ensure_future(send())
        await disk.commit_begun()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        disk.release_commits()
        answers = [await send() for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        assert len({answer.content for answer in answers}) == 1
        assert names(bank)["refresh:rotated"] == 1
        assert names(bank)["refresh:retried"] == 3


@pytest.mark.requirement("TE-18")
async def test_a_directory_that_cannot_be_read_is_no_server_error(bank: Bank) -> None:
    """Not ready, and says when to ask again; what was read before serves on; then it is ready again."""
    await use_every_secret(bank)
    with closing(connect(bank.folder / "moneyer.db")) as other:
        other.execute("ALTER TABLE applications RENAME TO hidden")
        other.execute("UPDATE directory_version SET version = version + 1")
        assert says_try_again(await bank.http.get("/health/ready"))
        assert (await bank.token("machine", grant_type="client_credentials")).status_code == 200
        other.execute("ALTER TABLE hidden RENAME TO applications")
    assert (await bank.http.get("/health/ready")).status_code == 200
