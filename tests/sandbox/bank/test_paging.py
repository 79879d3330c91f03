"""Pages, whatever the limit and whatever the list."""

from contextlib import suppress
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moneyer.sandbox.bank.paging import page
from moneyer.sandbox.bank.problems import BAD_CURSOR, Declined


class Thing(NamedTuple):
    number: int


@given(numbers=st.sets(st.integers(0, 2**40), max_size=60), limit=st.integers(1, 70))
def test_pages_visit_each_thing_once_newest_first(numbers: set[int], limit: int) -> None:
    things = [Thing(number) for number in sorted(numbers)]
    seen: list[Thing] = []
    cursor: str | None = None
    for _ in range(len(things) + 1):
        shown, cursor = page(things, "list", limit, cursor, BAD_CURSOR)
        assert len(shown) <= limit
        seen += shown
        if cursor is None:
            break
    assert seen == things[::-1]


@given(cursor=st.text(max_size=40))
def test_any_text_is_a_cursor_or_is_refused(cursor: str) -> None:
    with suppress(Declined):
        shown, _ = page([Thing(1)], "list", 1, cursor, BAD_CURSOR)
        assert shown in ([], [Thing(1)])


def test_a_cursor_of_another_list_is_refused() -> None:
    _, cursor = page([Thing(1), Thing(2)], "list", 1, None, BAD_CURSOR)
    with pytest.raises(Declined):
        page([Thing(1), Thing(2)], "other", 1, cursor, BAD_CURSOR)
