"""Counting failures a minute: of a source, of an application, of guesses at a secret."""

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moneyer.guards.attempts import (
    RATE_WINDOW,
    Attempts,
    count_rate,
    guess_name,
    login_name,
    require_unblocked,
    source_name,
    throttled_source,
    uncount_rate,
)
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import Throttled

START = 1_800_000_000 * SECOND
ROW = Attempts("-", "guess:192.0.2.7:00", START)
KEY = bytes(32)


@pytest.mark.requirement("CA-09")
@given(
    limit=st.integers(1, 30),
    pauses=st.lists(st.one_of(st.integers(0, 5), st.sampled_from([29, 59, 60, 61])), max_size=200),
)
@settings(max_examples=300, deadline=None)
def test_a_source_never_gets_more_failures_into_one_counted_minute_than_the_limit(
    limit: int, pauses: list[int]
) -> None:
    """And once it is blocked it stays so until the end of that minute, however often it knocks."""
    row, now = ROW, START
    in_minute: dict[int, int] = {}
    for pause in pauses:
        now += pause * SECOND
        if now < row.blocked_until:
            continue
        row = count_rate(row, limit, now)
        in_minute[row.window_started_at] = in_minute.get(row.window_started_at, 0) + 1
        assert row.window_started_at <= now < row.window_started_at + RATE_WINDOW
        blocked = now < row.blocked_until
        assert blocked is (in_minute[row.window_started_at] >= limit)
        if blocked:
            assert row.blocked_until == row.window_started_at + RATE_WINDOW
    assert all(count <= limit for count in in_minute.values())


@given(counted=st.integers(1, 40), limit=st.integers(1, 20))
def test_taking_a_count_back_undoes_it_and_its_block(counted: int, limit: int) -> None:
    row = ROW
    for _ in range(counted - 1):
        row = count_rate(row, limit, START)
    again = uncount_rate(count_rate(row, limit, START), START)
    assert again.window_count == row.window_count
    assert again.blocked_until == 0


def test_a_count_is_never_taken_back_from_another_minute() -> None:
    row = count_rate(ROW, 5, START)
    assert uncount_rate(row, START + RATE_WINDOW) == row
    assert uncount_rate(ROW, START) == ROW


@pytest.mark.requirement("TE-18")
@pytest.mark.parametrize(("left", "told"), [(1, 1), (SECOND, 2), (59 * SECOND, 60), (2**60, 3600)])
def test_who_is_blocked_is_told_how_long_to_wait_and_never_too_short(left: int, told: int) -> None:
    row = count_rate(ROW, 1, START)
    blocked = Attempts("-", "x", START, blocked_until=START + left)
    with pytest.raises(Throttled) as caught:
        require_unblocked(blocked, "x", START)
    assert caught.value.retry_after == told
    require_unblocked(None, "x", START)
    require_unblocked(row, "x", row.blocked_until)


@given(address=st.integers(0, 2**128 - 1), neighbour=st.integers(0, 2**64 - 1))
def test_a_whole_ipv6_network_counts_as_one_caller(address: int, neighbour: int) -> None:
    first = str(ipaddress.IPv6Address(address))
    second = str(ipaddress.IPv6Address((address >> 64 << 64) | neighbour))
    assert throttled_source(first) == throttled_source(second)


@given(text=st.text(max_size=40))
def test_whatever_stands_where_an_address_should_never_breaks_the_count(text: str) -> None:
    assert throttled_source(text) or not text


def test_two_ipv4_addresses_are_two_callers() -> None:
    assert throttled_source("192.0.2.1") != throttled_source("192.0.2.2")
    assert source_name("a", "192.0.2.1") != source_name("b", "192.0.2.1")


@given(login=st.text(min_size=1, max_size=60))
def test_a_login_is_not_written_down_in_its_row(login: str) -> None:
    name = login_name(KEY, login)
    assert len(name) == len("login:") + 32
    assert set(name.removeprefix("login:")) <= set("0123456789abcdef")
    assert name != login_name(bytes([1] * 32), login)


@given(ids=st.lists(st.text(min_size=1, max_size=20), max_size=600))
@settings(max_examples=20, deadline=None)
def test_invented_client_ids_fill_no_more_than_256_rows_an_address(ids: list[str]) -> None:
    fixed = {guess_name(KEY, f"client-{n}", "192.0.2.7") for n in range(2000)}
    assert len(fixed | {guess_name(KEY, text, "192.0.2.7") for text in ids}) <= 256
