"""The journal: a group commits as one, what is wrong in it fails alone, nothing is said too early."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from moneyer.protocol.failures import BadToken, Overloaded
from moneyer.store import journal as journal_module
from moneyer.store.journal import GroupRejected
from moneyer.store.rows import Rows
from tests.store.counting import Count, Unstorable, check_books, counters, journal, outcomes, refuse
from tests.store.faults import Disk


async def test_what_arrives_at_once_is_committed_as_one_group(file: Path, disk: Disk) -> None:
    async with journal(file) as j:
        assert await outcomes(j, *(Count(f"n{n}") for n in range(200))) == [1] * 200
    assert disk.connection.ran.count("COMMIT") == 1
    check_books(file)


async def test_what_arrives_during_a_commit_waits_for_the_next(file: Path, disk: Disk) -> None:
    async with journal(file) as j:
        disk.hold_commits()
        first = asyncio.create_task(j.perform(Count("a")))
        await disk.commit_begun()
        later = [asyncio.create_task(j.perform(Count("a"))) for _ in range(50)]
        await asyncio.sleep(0)
        disk.release_commits()
        assert await asyncio.gather(first, *later) == list(range(1, 52))
    assert disk.connection.ran.count("COMMIT") == 2
    check_books(file)


@pytest.mark.requirement("RV-06")
async def test_nothing_is_answered_before_its_commit(file: Path, disk: Disk) -> None:
    """While the commit waits for the disk nobody has an answer and no other connection sees a row."""
    async with journal(file) as j:
        disk.hold_commits()
        waiting = [asyncio.create_task(j.perform(Count("a"))) for _ in range(5)]
        refused = asyncio.create_task(j.perform(Count("b", refuse)))
        await disk.commit_begun()
        done, _ = await asyncio.wait([*waiting, refused], timeout=0.05)
        assert not done
        assert counters(file) == {}
        disk.release_commits()
        assert await asyncio.gather(*waiting) == [1, 2, 3, 4, 5]
        with pytest.raises(BadToken):
            await refused
    assert counters(file) == {"a": 5, "b": 1}
    check_books(file)


async def test_the_same_row_twice_in_one_group_is_decided_one_after_the_other(file: Path) -> None:
    async with journal(file) as j:
        assert await outcomes(j, *(Count("a") for _ in range(300))) == list(range(1, 301))
    assert counters(file) == {"a": 300}
    check_books(file)


async def test_a_refusal_is_a_decision_and_what_was_written_before_it_stands(file: Path) -> None:
    async with journal(file) as j:
        refused, counted = await outcomes(j, Count("a", refuse), Count("a"))
    assert isinstance(refused, BadToken)
    assert refused.recorded
    assert counted == 2
    check_books(file)


def stop() -> None:
    """What `next` does on an empty iterator, in a place where nobody thought of it."""
    next(iter(()))


def divide() -> None:
    _ = 1 // 0


@pytest.mark.parametrize("accident", [divide, stop], ids=["ZeroDivisionError", "StopIteration"])
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_an_operation_that_breaks_fails_alone(file: Path, accident: object, place: int) -> None:
    """Its neighbours in the group get their answers, its own rows and events are gone, and the
    journal goes on.
    """
    async with journal(file) as j:
        group = [Count("a"), Count("a")]
        group.insert(place, Count("a", accident))  # type: ignore[arg-type]
        async with asyncio.timeout(10):
            found = await outcomes(j, *group)
            assert isinstance(found.pop(place), Exception)
            assert found == [1, 2]
            assert await j.perform(Count("a")) == 3
    check_books(file)


class Unasking(Count):
    """Breaks before it has even said what it wants to see."""

    def wants(self, rows: Rows) -> None:
        raise LookupError


async def test_an_operation_that_cannot_say_what_it_wants_fails_alone(file: Path) -> None:
    async with journal(file) as j:
        first, broken, second = await outcomes(j, Count("a"), Unasking("a"), Count("a"))
        assert isinstance(broken, GroupRejected)
        assert (first, second) == (1, 2)
    check_books(file)


@pytest.mark.parametrize("place", [0, 3, 6])
async def test_a_value_that_the_database_cannot_hold_fails_alone(file: Path, place: int) -> None:
    """The group was refused as a whole; each then gets a transaction of its own."""
    async with journal(file) as j:
        group = [Count(name) for name in "abcabc"]
        group.insert(place, Unstorable("a"))
        found = await outcomes(j, *group)
        assert isinstance(found.pop(place), GroupRejected)
        assert found == [1, 1, 1, 2, 2, 2]
        assert await j.perform(Count("a")) == 3
    assert counters(file) == {"a": 3, "b": 2, "c": 2}
    check_books(file)


async def test_a_statement_the_database_refuses_fails_alone(file: Path, disk: Disk) -> None:
    """An integrity error, once: the group is done again one by one, and all succeed."""
    async with journal(file) as j:
        disk.fail("UPDATE attempts", error=sqlite3.IntegrityError("UNIQUE"))
        assert await outcomes(j, Count("a"), Count("b"), Count("a")) == [1, 1, 2]
    check_books(file)


@pytest.mark.parametrize("statement", ["SELECT", "UPDATE attempts", "INSERT INTO events"])
async def test_a_row_that_cannot_be_read_or_written_leaves_nothing_half_done(
    file: Path, disk: Disk, statement: str
) -> None:
    async with journal(file) as j:
        assert await j.perform(Count("a")) == 1
        for _ in range(2):
            disk.fail(statement, error=sqlite3.ProgrammingError("Error binding parameter"))
        with pytest.raises(GroupRejected):
            await j.perform(Count("a"))
        disk.connection.faults.clear()
        assert await j.perform(Count("a")) == 2
    check_books(file)


@pytest.mark.parametrize("when", ["before", "during"])
async def test_a_caller_who_goes_away_undoes_nothing(file: Path, disk: Disk, when: str) -> None:
    """The operation was taken, so it is done; the others in the group notice nothing."""
    async with journal(file) as j:
        disk.hold_commits()
        gone = asyncio.create_task(j.perform(Count("a")))
        stays = asyncio.create_task(j.perform(Count("a")))
        await asyncio.sleep(0)
        if when == "during":
            await disk.commit_begun()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        disk.release_commits()
        assert await stays == 2
        assert await j.perform(Count("a")) == 3
    check_books(file)


async def test_closing_waits_for_everything_that_was_taken(file: Path) -> None:
    async with journal(file) as j:
        tasks = [asyncio.create_task(j.perform(Count("a"))) for _ in range(1000)]
        await asyncio.sleep(0)
        await j.close()
        assert all(task.done() for task in tasks)
        assert await asyncio.gather(*tasks) == list(range(1, 1001))
    assert counters(file) == {"a": 1000}


@pytest.mark.requirement("TE-18")
async def test_a_full_journal_says_so_at_once_and_keeps_what_it_has(file: Path, disk: Disk) -> None:
    limit = journal_module.MAX_WAITING
    async with journal(file) as j:
        disk.hold_commits()
        first = asyncio.create_task(j.perform(Count("a")))
        await disk.commit_begun()
        waiting = [asyncio.create_task(j.perform(Count("a"))) for _ in range(limit)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await j.perform(Count("a"))
        disk.release_commits()
        assert await asyncio.gather(first, *waiting) == list(range(1, limit + 2))
        assert await j.perform(Count("a")) == limit + 2
    check_books(file)
