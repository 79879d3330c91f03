"""Fixtures that every room of the tests may use."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.bank import Bank, TestClock


@pytest.fixture
def clock() -> TestClock:
    """A clock that stands until the test turns it."""
    return TestClock()


@pytest.fixture
def closed_bank(tmp_path: Path, clock: TestClock) -> Iterator[Bank]:
    """A bank whose doors are still closed: populated, not serving."""
    bank = Bank(tmp_path, clock)
    yield bank
    bank.engine.dispose()


@pytest.fixture
async def bank(closed_bank: Bank) -> AsyncIterator[Bank]:
    """A bank that serves."""
    async with closed_bank.open():
        yield closed_bank
