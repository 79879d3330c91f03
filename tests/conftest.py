"""Fixtures that every room of the tests may use."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.bank import Bank, TestClock, prepare
from tests.postgresql import Postgresql

ON_BOTH_ENGINES = {"concurrency", "contract", "endpoints", "gateway", "store", "v1"}
"""Rooms whose banks stand on SQLite and on PostgreSQL; elsewhere the engine makes no difference."""


BOTH = ("sqlite", "postgresql")
"""A module about the faults of one engine names it in `ENGINES`."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    room = metafunc.definition.path.parent.name
    if "store_engine" in metafunc.fixturenames and room in ON_BOTH_ENGINES:
        metafunc.parametrize("store_engine", getattr(metafunc.module, "ENGINES", BOTH))


@pytest.fixture
def store_engine() -> str:
    """What a bank stands on."""
    return "sqlite"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A PostgreSQL of our own, with a mould for banks."""
    with Postgresql(max_connections="200") as server:
        prepare(server)
        yield server


@pytest.fixture
def clock() -> TestClock:
    """A clock that stands until the test turns it."""
    return TestClock()


@pytest.fixture
def closed_bank(
    tmp_path: Path, clock: TestClock, store_engine: str, request: pytest.FixtureRequest
) -> Iterator[Bank]:
    """A bank whose doors are still closed: populated, not serving."""
    server = request.getfixturevalue("postgresql") if store_engine == "postgresql" else None
    bank = Bank(tmp_path, clock, server)
    yield bank
    bank.dispose()


@pytest.fixture
async def bank(closed_bank: Bank) -> AsyncIterator[Bank]:
    """A bank that serves."""
    async with closed_bank.open():
        yield closed_bank
