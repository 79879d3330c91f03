"""Many processes on PostgreSQL, of which something fails again and again.

The suite makes do with a few failures of the quick kinds; `make drill` has them all.
"""

import asyncio
import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from moneyer.store.database import PostgresqlUrl
from tests.drills.audit import check_events
from tests.drills.drill import Failure, drill
from tests.drills.ledger import Ledger
from tests.drills.service import OWNER, ROLES, SERVING, DataCentre
from tests.postgresql import Postgresql

KILLS = int(os.environ.get("KILLS", "5"))
LONG = pytest.mark.skipif("DRILL" not in os.environ, reason="long: make drill")
BUSY = {
    "tokens",
    "rotations",
    "codes",
    "revocations",
    "access tokens revoked",
    "passwords",
    "key sets and metadata",
    "renewals in the end",
}


class Place:
    """A PostgreSQL, a bank on it, and the ledger in the end."""

    def __init__(self, folder: Path, postgresql: Postgresql) -> None:
        postgresql.psql(ROLES)
        postgresql.psql(f"CREATE DATABASE bank OWNER {OWNER}")
        self.postgresql = postgresql
        self.bank = DataCentre(folder, postgresql.url("bank", OWNER), postgresql.url("bank", SERVING))

    async def drill(self, name: str, fail: Failure, times: int) -> Ledger:
        """Runs a drill and holds its ledger against the log of events."""
        await self.bank.start()
        ledger = await drill(self.bank, fail, times, seed=20261124)
        check_events(PostgresqlUrl(self.postgresql.url("bank")), ledger)
        print(f"\n{name}", *ledger.lines(), sep="\n  ")
        assert ledger.faults == []
        idle = {"passwords"} if ledger.told_to_wait else set()
        assert min(ledger.acknowledged[kind] for kind in BUSY - idle) > 0
        return ledger


@contextmanager
def placed(folder: Path, **settings: Any) -> Iterator[Place]:
    with Postgresql(durable=True, **settings) as postgresql:
        place = Place(folder, postgresql)
        try:
            yield place
        finally:
            place.bank.stop()


@pytest.fixture(autouse=True)
def _shown(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """The ledger is for people too."""
    yield
    printed = capsys.readouterr().out
    with capsys.disabled():
        print(printed)


@pytest.mark.requirement("RT-05", "RV-07", "TE-18")
async def test_workers_that_are_killed(tmp_path: Path) -> None:
    with placed(tmp_path) as place:

        async def fail(chance: random.Random) -> None:
            await place.bank.kill_worker(chance.choice(place.bank.serving()))

        await place.drill("kill -9 of a worker", fail, KILLS)


@pytest.mark.requirement("RT-05", "RV-07", "TE-18")
async def test_a_postmaster_that_is_killed(tmp_path: Path) -> None:
    with placed(tmp_path) as place:

        async def fail(chance: random.Random) -> None:
            await asyncio.to_thread(place.postgresql.kill)
            await asyncio.sleep(chance.uniform(0, 0.5))
            await asyncio.to_thread(place.postgresql.start)

        ledger = await place.drill("kill -9 of the postmaster", fail, KILLS)
        assert ledger.cut_off == 0
        assert ledger.unavailable > 0


@LONG
async def test_a_database_that_stands_still_for_half_a_minute(tmp_path: Path) -> None:
    with placed(tmp_path) as place:

        async def fail(_: random.Random) -> None:
            place.postgresql.pause()
            await asyncio.sleep(30)
            place.postgresql.resume()

        ledger = await place.drill("SIGSTOP of the database for 30 s", fail, 2)
        assert ledger.cut_off == 0
        assert ledger.unavailable > 0


@LONG
async def test_a_database_that_takes_no_more_connections(tmp_path: Path) -> None:
    """Strangers hold every place, and the service has lost its own."""
    with placed(tmp_path, max_connections="40", superuser_reserved_connections="5") as place:
        stranger = place.postgresql.url("bank", OWNER)

        async def fail(_: random.Random) -> None:
            async with AsyncExitStack() as stack:
                await _take_every_place(stranger, stack)
                place.postgresql.psql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    f" WHERE usename = '{SERVING}'"
                )
                await _take_every_place(stranger, stack)
                await asyncio.sleep(3)

        ledger = await place.drill("connection limit reached for 3 s", fail, 5)
        assert ledger.cut_off == 0
        assert ledger.unavailable > 0


async def _take_every_place(url: str, stack: AsyncExitStack) -> None:
    while True:
        try:
            connection = await asyncpg.connect(url)
        except asyncpg.TooManyConnectionsError:
            return
        stack.push_async_callback(connection.close)


@LONG
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system: root only")
async def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """The server's own answer to a full disk is to stop; what was acknowledged is there afterwards."""
    disk = tmp_path / "disk"
    disk.mkdir()
    for folder in (disk, *list(disk.parents)[:-2]):
        folder.chmod(0o755)
    with (
        _small_file_system(disk),
        placed(tmp_path, place=disk, wal_recycle="off", max_wal_size="64MB") as place,
    ):
        ledger = await place.drill("disk full for 5 s", _Filler(disk, place.postgresql), 3)
        assert ledger.cut_off == 0
        assert ledger.unavailable > 0


@contextmanager
def _small_file_system(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=384m", "tmpfs", folder], check=True)
    folder.chmod(0o777)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


class _Filler:
    """Fills a disk to its last block, and empties it again."""

    def __init__(self, disk: Path, postgresql: Postgresql) -> None:
        self._filling = disk / "filling"
        self._postgresql = postgresql

    async def __call__(self, _: random.Random) -> None:
        deadline = time.monotonic() + 5
        with suppress(OSError), self._filling.open("ab", buffering=0) as file:
            while time.monotonic() < deadline:
                try:
                    file.write(bytes(65536))
                except OSError:
                    await asyncio.sleep(0.05)
        self._filling.unlink()
        if not self._postgresql.is_running():
            await asyncio.to_thread(self._postgresql.start)
