"""Beside other processes on the same file: their locks, their writing, and their chain of events."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import httpx
import pytest

from moneyer.audit.chain import BrokenChain
from moneyer.store.sqlite import ledger
from moneyer.store.sqlite.connection import AlreadyServing, ServingLock, connect
from tests.bank import Bank
from tests.store.asking import (
    GRANTED,
    Send,
    client_credentials,
    names,
    refresh,
    says_try_again,
    use_every_secret,
)
from tests.store.counting import Count, check_books, check_chains, journal
from tests.store.locker import locked

ENGINES = ("sqlite",)


@pytest.mark.requirement("TE-18")
async def test_a_lock_held_too_long_answers_503_and_the_same_requests_then_succeed(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests of every kind at once, while another process has the file; nothing is left of them."""
    monkeypatch.setattr(ledger, "BEGIN_PATIENCE", 0.2)
    await use_every_secret(bank)
    sends = [await prepare(bank) for prepare in GRANTED]
    before = names(bank)
    with locked(bank.folder / "moneyer.db"):
        for answer in await asyncio.gather(*(send() for send in sends)):
            assert says_try_again(answer)
        assert (await bank.http.get("/health/live")).status_code == 200
        assert (await bank.http.get("/i/00016/oauth2/jwks")).status_code == 200
    assert names(bank) == before
    for answer in await asyncio.gather(*(send() for send in sends)):
        assert answer.status_code in (200, 204), answer.text
    assert names(bank) - before == dict.fromkeys(GRANTED.values(), 1)
    check_chains(bank.folder / "moneyer.db")


async def test_a_lock_held_for_a_moment_is_waited_for_and_nobody_notices(bank: Bank) -> None:
    """Meanwhile the event loop is free: what needs no writing is answered."""
    await use_every_secret(bank)
    send = await refresh(bank)
    with locked(bank.folder / "moneyer.db"):
        waiting = await begun(send)
        for _ in range(20):
            assert (await bank.http.get("/health/ready")).status_code == 200
        assert not waiting.done()
    assert (await waiting).status_code == 200
    assert names(bank)["refresh:rotated"] == 1


async def begun(send: Send) -> asyncio.Future[httpx.Response]:
    """A request that has gone as far as it gets without the store."""
    waiting = asyncio.ensure_future(send())
    for _ in range(10):
        await asyncio.sleep(0)
    return waiting


@pytest.mark.requirement("TE-11", "RT-10")
async def test_time_spent_waiting_for_the_store_is_not_added_to_any_lifetime(bank: Bank) -> None:
    """`expires_in` counts from the answer: who had to wait is promised no more than anybody else."""
    await use_every_secret(bank)
    send = await refresh(bank)
    with locked(bank.folder / "moneyer.db"):
        waiting = await begun(send)
        bank.clock.advance(5)
    body = (await waiting).json()
    assert body["expires_in"] == "1800"
    assert body["refresh_token_expires_in"] == str(14 * 86400)


@pytest.mark.requirement("RV-06")
async def test_server_and_command_line_write_at_once_each_its_own_whole_chain(bank: Bank) -> None:
    """Operators change things while tokens are struck; no event is lost, both chains verify."""
    await use_every_secret(bank)
    send = await client_credentials(bank)

    def operate() -> None:
        for number in range(25):
            bank.change_application("web", name=f"Web {number}")

    before = names(bank)
    operating = asyncio.create_task(asyncio.to_thread(operate))
    granted = 0
    while not operating.done() or granted < 100:
        answers = await asyncio.gather(*(send() for _ in range(8)))
        assert {answer.status_code for answer in answers} == {200}
        granted += len(answers)
    await operating
    assert names(bank) - before == {"token:issued": granted, "application:changed": 25}
    chains = check_chains(bank.folder / "moneyer.db")
    assert set(chains) == {"test-admin", bank.settings.store.node}


async def test_two_writers_of_one_name_still_make_one_chain(file: Path) -> None:
    """The head is read in the transaction that moves it, so even a wrong setting breaks no chain."""
    async with journal(file, "same") as one, journal(file, "same") as other:
        await asyncio.gather(
            *(j.perform(Count(name)) for _ in range(40) for j, name in ((one, "a"), (other, "b")))
        )
    assert check_chains(file) == {"same": 80}
    check_books(file)


TAMPERING = {
    "edit": "UPDATE events SET body = CAST(replace(body, 'counted:up', 'counted:no') AS BLOB)"
    " WHERE sequence = 5",
    "edit of a column": "UPDATE events SET institution_id = '00042' WHERE sequence = 5",
    "edit of a name": "UPDATE events SET name = 'counted:down' WHERE sequence = 5",
    "edit of a time": "UPDATE events SET at = at - 1 WHERE sequence = 5",
    "deletion": "DELETE FROM events WHERE sequence = 5",
    "deletion of the first": "DELETE FROM events WHERE sequence = 1",
    "truncation": "DELETE FROM events WHERE sequence > 7",
    "deletion of all": "DELETE FROM events",
    "reorder": "UPDATE events SET sequence = CASE sequence WHEN 4 THEN 5 WHEN 5 THEN 4"
    " ELSE sequence END",
    "deletion and renumbering": "DELETE FROM events WHERE sequence = 5;"
    "UPDATE events SET sequence = sequence - 1 WHERE sequence > 5",
    "repetition": "INSERT INTO events SELECT institution_id, writer, 11, at, name, body, digest"
    " FROM events WHERE sequence = 10",
    "another writer's": "UPDATE events SET writer = 'node-2' WHERE sequence = 10",
    "head back": "UPDATE chain_heads SET sequence = 9",
}


@pytest.mark.parametrize("what", TAMPERING)
async def test_whatever_is_done_to_the_stored_log_is_found(file: Path, what: str) -> None:
    async with journal(file) as j:
        for _ in range(10):
            await j.perform(Count("a"))
    assert check_chains(file) == {"node-1": 10}
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.executescript(unrestrained("SELECT 1"))
        assert check_chains(file) == {"node-1": 10}
        connection.executescript(unrestrained(TAMPERING[what]))
    with pytest.raises((BrokenChain, AssertionError)):
        check_chains(file)


def unrestrained(statements: str) -> str:
    """The statements on a copy of the table that has no key, which then takes its place."""
    return (
        "CREATE TABLE copied AS SELECT * FROM events ORDER BY sequence;"
        f"{statements.replace('events', 'copied')};"
        "DELETE FROM events; INSERT INTO events SELECT * FROM copied; DROP TABLE copied;"
    )


def test_a_second_server_on_one_file_is_refused_by_whatever_name_it_calls_the_file(
    tmp_path: Path,
) -> None:
    """A link to the file, or a way round through another folder, is the same file."""
    database = tmp_path / "moneyer.db"
    database.touch()
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "other.db"
    link.symlink_to(database)
    first = ServingLock(database)
    first.acquire()
    for path in (database, link, tmp_path / "elsewhere" / ".." / "moneyer.db"):
        with pytest.raises(AlreadyServing, match="already serves"):
            ServingLock(path).acquire()
    first.release()
    second = ServingLock(link)
    second.acquire()
    second.release()


async def test_a_service_that_is_refused_leaves_the_first_one_alone(bank: Bank) -> None:
    """The second does not start, says who serves, and the first goes on serving."""
    with pytest.raises(AlreadyServing, match=r"process \d+ already serves.*PostgreSQL"):
        async with Bank.open(bank):
            pass


def test_a_commit_waits_for_the_disk(file: Path) -> None:
    """What is acknowledged outlives a loss of power: the engine's own word for it is FULL."""
    with contextlib.closing(connect(file)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
