"""What followers are told: nobody misses anything, whichever process they asked before."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moneyer.feed.cursor import Cursor, read_cursor
from moneyer.feed.log import NOTHING, OVERLAP, Facts, RevocationLog
from moneyer.protocol.clock import SECOND
from moneyer.store.revocations import Ended
from moneyer.store.snapshot import Snapshot

LIFE = 1000
LIVES = {"": LIFE, "short": 10}
T0 = 1_800_000_000 * SECOND
NOW = T0 + 5 * SECOND

ended = st.builds(
    Ended,
    st.sampled_from(["token", "family"]),
    st.sampled_from(["00016", "00042"]),
    st.sampled_from(["a", "b", "c", "d"]),
    st.just(""),
    st.integers(T0, T0 + 5 * SECOND),
)
batches = st.lists(st.lists(ended, max_size=4), max_size=8)


def names(entries: object) -> set[tuple[str, ...]]:
    return {entry.ended[:3] for entry in entries}  # type: ignore[attr-defined]


@given(batches)
def test_a_follower_hears_of_everything_once_it_asks(found: list[list[Ended]]) -> None:
    """From cursor to cursor nothing is left out, and nothing is told twice but what ended anew."""
    log, cursor = RevocationLog(), None
    told: list[set[tuple[str, ...]]] = []
    known: dict[tuple[str, ...], int] = {}
    for batch in found:
        log.learn(batch, LIVES, NOW)
        news = {e[:4] for e in batch if e.at > known.get(e[:4], -1)}
        for e in batch:
            known[e[:4]] = max(e.at, known.get(e[:4], -1))
        told.append(names(log.entries_after(cursor)))
        if cursor is not None:
            assert told[-1] == {name[:3] for name in news}
        cursor = log.here
    assert set().union(*told) == {name[:3] for name in known}
    assert names(log.entries_after(None)) == {name[:3] for name in known}
    assert names(log.entries_after(log.here)) == set()


@given(batches, st.integers(0, 8))
def test_a_follower_of_another_process_misses_nothing(found: list[list[Ended]], at: int) -> None:
    """Both learn the same within the overlap; whoever moves over in the middle has heard all."""
    one, two = RevocationLog(), RevocationLog()
    for batch in found[:at]:
        one.learn(batch, LIVES, NOW)
    heard = names(one.entries_after(None))
    moved = one.here
    for batch in found:
        two.learn(batch, LIVES, NOW)
    heard |= names(two.entries_after(moved))
    assert heard == names(two.entries_after(None))


def test_what_ended_long_before_is_not_told_again() -> None:
    log = RevocationLog()
    later = T0 + 120 * SECOND
    log.learn([Ended("token", "00016", "old", "", T0)], LIVES, T0)
    log.learn([Ended("token", "00016", "new", "", later)], LIVES, later)
    elsewhere = Cursor("f" * 16, 7, later, 1)
    assert names(log.entries_after(elsewhere)) == {("token", "00016", "new")}
    late = elsewhere._replace(at=T0 + OVERLAP)
    assert len(names(log.entries_after(late))) == 2


def test_what_would_have_ended_anyway_is_forgotten_then_and_not_before() -> None:
    log = RevocationLog()
    ended = [Ended("family", "00016", "f", "short", T0), Ended("token", "00016", "t", "", T0)]
    log.learn(ended, LIVES, T0)
    log.forget(T0 + 10 * SECOND)
    assert len(names(log.entries_after(None))) == 2
    log.forget(T0 + 11 * SECOND)
    assert names(log.entries_after(None)) == {("token", "00016", "t")}
    log.forget(T0 + (LIFE + 1) * SECOND)
    assert names(log.entries_after(None)) == set()


def at_version(version: int) -> Snapshot:
    return Snapshot(version, {}, {}, {}, {})


def test_facts_are_told_when_they_change() -> None:
    log, one, two = RevocationLog(), Facts(("k",), ("a",)), Facts(("k",), ())
    log.learn_facts(at_version(1), {"00016": one, "00042": one})
    assert log.facts_after(None, ("00016", "00042", "99999")) == {"00016": one, "00042": one}
    cursor = log.here
    assert log.facts_after(cursor, ("00016",)) == {}
    log.learn_facts(at_version(2), {"00016": two, "00042": one})
    assert log.facts_after(cursor, ("00016", "00042")) == {"00016": two}
    elsewhere = cursor._replace(process="f" * 16)
    assert log.facts_after(elsewhere, ("00016", "00042")) == {"00016": two, "00042": one}
    log.learn_facts(at_version(3), {"00016": two})
    assert log.facts_after(cursor, ("00042",)) == {"00042": NOTHING}


@given(st.integers(0, 10**17), st.integers(0, 10**17), st.integers(-1, 10**17))
def test_a_cursor_comes_back_as_it_was(sequence: int, at: int, version: int) -> None:
    cursor = Cursor("0123456789abcdef", sequence, at, version)
    assert read_cursor(str(cursor)) == cursor._replace(version=max(0, version))


async def test_who_is_told_to_stop_stops_though_there_is_news() -> None:
    """A cancellation in the very moment of the news is not lost: the task would wait on for ever."""
    log = RevocationLog()
    waiting = asyncio.create_task(log.news(60))
    await asyncio.sleep(0)
    log.learn([Ended("token", "00016", "a", "", T0)], LIVES, NOW)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
