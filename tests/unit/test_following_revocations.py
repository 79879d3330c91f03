"""What a process that tells gateways learns from the store, whatever happens meanwhile."""

from moneyer.applications.application import Application, Lifetimes
from moneyer.feed.cursor import Cursor
from moneyer.feed.follow import Follow
from moneyer.feed.log import RevocationLog
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import StoreUnavailable
from moneyer.store.directory import Directory
from moneyer.store.revocations import Ended
from moneyer.store.snapshot import EMPTY, Snapshot
from tests.bank import DAY, TestClock

MOBILE = Application("mobile", "Mobile", (), lifetimes=Lifetimes(access_token=DAY))


class Shelf:
    """A store of what has ended; `is_away` stands for a line that is cut. `asked` are the instants
    from which on it was read."""

    def __init__(self) -> None:
        self.rows: list[Ended] = []
        self.is_away = False
        self.asked: list[int] = []

    async def ended_since(self, instant: int) -> list[Ended]:
        if self.is_away:
            raise StoreUnavailable("away")
        self.asked.append(instant)
        return [row for row in self.rows if row.at > instant]


class Process:
    """One of those that follow `shelf`, and tell."""

    def __init__(self, shelf: Shelf, clock: TestClock) -> None:
        self.log = RevocationLog()
        directory = Directory(lambda: EMPTY, None, None)  # type: ignore[arg-type]
        directory.snapshot = Snapshot(1, {}, {"mobile": MOBILE}, {}, {})
        self._follow = Follow(self.log, shelf, directory, clock)

    async def step(self) -> None:
        try:
            await self._follow.step()
        except StoreUnavailable:
            return

    def told(self, cursor: Cursor | None) -> list[str]:
        return [entry.ended.name for entry in self.log.entries_after(cursor)]


def token(name: str, at: int) -> Ended:
    return Ended("token", "00016", name, "", at)


async def test_what_ended_while_the_store_was_away_is_learned_when_it_is_back() -> None:
    """Also by a process that has learned of nothing before, which knows of no last instant."""
    clock, shelf = TestClock(), Shelf()
    process = Process(shelf, clock)
    await process.step()
    shelf.is_away = True
    for _ in range(700):
        clock.advance(1)
        await process.step()
    shelf.rows.append(token("late", clock.now() - 650 * SECOND))
    shelf.is_away = False
    await process.step()
    assert process.told(None) == ["late"]


async def test_a_look_back_that_failed_is_made_when_the_store_is_back() -> None:
    """A revocation of a machine whose clock is behind is found by it, not a minute later."""
    clock, shelf = TestClock(), Shelf()
    process = Process(shelf, clock)
    shelf.rows.append(token("first", clock.now()))
    await process.step()
    clock.advance(60)
    shelf.is_away = True
    await process.step()
    shelf.rows.append(token("behind", clock.now() - 300 * SECOND))
    shelf.is_away = False
    await process.step()
    assert set(process.told(None)) == {"first", "behind"}


async def test_a_clock_that_stepped_back_hides_nothing_from_who_goes_to_another_process() -> None:
    """A cursor never says that it has read further than now."""
    clock, shelf = TestClock(), Shelf()
    one, other = Process(shelf, clock), Process(shelf, clock)
    clock.advance(3600)
    shelf.rows.append(token("ahead", clock.now()))
    await one.step()
    await other.step()
    clock.advance(-3600)
    await one.step()
    cursor = one.log.here
    clock.advance(60)
    shelf.rows.append(token("after", clock.now()))
    await other.step()
    assert "after" in other.told(cursor)


async def test_what_one_process_found_late_is_told_to_who_comes_from_one_that_has_not() -> None:
    """Written by a machine whose clock is behind: each process finds it when it looks back."""
    clock, shelf = TestClock(), Shelf()
    one = Process(shelf, clock)
    await one.step()
    clock.advance(30)
    other = Process(shelf, clock)
    await other.step()
    clock.advance(30)
    shelf.rows.append(token("early", clock.now() - 300 * SECOND))
    await one.step()
    clock.advance(15)
    shelf.rows.append(token("plain", clock.now()))
    await other.step()
    assert other.told(None) == ["plain"]
    assert set(one.told(other.log.here)) >= {"early"}


async def test_a_clock_set_forward_and_back_forgets_nothing() -> None:
    """By the wrong hour everything is over; by the right one it is to be told."""
    clock, shelf = TestClock(), Shelf()
    process = Process(shelf, clock)
    shelf.rows.append(token("one", clock.now()))
    await process.step()
    clock.advance(60)
    shelf.rows.append(token("two", clock.now()))
    await process.step()
    clock.advance(DAY + 7200)
    await process.step()
    assert process.told(None) == []
    clock.advance(-DAY - 7200)
    await process.step()
    assert set(process.told(None)) == {"one", "two"}


async def test_a_cursor_from_the_future_is_none() -> None:
    """The service starts anew with a clock that is behind: who comes back is told what ends now."""
    clock, shelf = TestClock(), Shelf()
    before = Process(shelf, clock)
    shelf.rows.append(token("before", clock.now()))
    await before.step()
    clock.advance(-3600)
    after = Process(shelf, clock)
    await after.step()
    clock.advance(3)
    shelf.rows.append(token("after", clock.now()))
    await after.step()
    assert "after" in after.told(before.log.here)


async def test_two_processes_that_are_asked_in_turn_tell_what_is_old_once() -> None:
    """Where nothing new ends, what ended before they started is not told at every request."""
    clock, shelf = TestClock(), Shelf()
    shelf.rows = [token(f"{n}", clock.now() - n * SECOND) for n in range(100)]
    clock.advance(60)
    one, two = Process(shelf, clock), Process(shelf, clock)
    await one.step()
    cursor = one.log.here
    for asked in (two, one) * 3:
        clock.advance(60)
        await one.step()
        await two.step()
        told = asked.told(cursor)
        cursor = asked.log.here
    assert told == []


async def test_after_a_clock_went_back_all_is_read_once() -> None:
    """And then as ever, not all of it at every look."""
    clock, shelf = TestClock(), Shelf()
    process = Process(shelf, clock)
    shelf.rows.append(token("one", clock.now()))
    await process.step()
    clock.advance(-3600)
    for _ in range(20):
        clock.advance(1)
        await process.step()
    wide = [instant for instant in shelf.asked if instant < clock.now() - DAY * SECOND // 2]
    assert len(wide) == 2, "at the start, and when the clock had gone back"
