"""`python -m bench.scale`: does anything grow with families, rotations and institutions?"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text

from bench.command import say, stop_on_signals
from bench.failures import BenchFailure
from bench.load import Window
from bench.peers.moneyer import OnPostgresql, OnSqlite
from bench.peers.peer import Peer, Running
from bench.peers.rounds import window
from bench.server import pin
from moneyer.store.database import Database, PostgresqlUrl
from moneyer.store.engine import opened

_COLUMNS = (
    "institution_id, family_id, client_id, customer_id, scopes, grant_type, auth_time, generation,"
    " digest, started_at, turned_at, expires_at, status, key_version"
)
_REST = (
    "'bulk', 'nobody', 'accounts:read', 'password', {now}, 0, {digest}, {now}, {now}, {end}, 'live', 1"
)
_ADD_FAMILIES = {
    "postgresql": f"INSERT INTO families ({_COLUMNS})"
    f" SELECT '00016', decode(md5(n::text), 'hex'), {_REST}"
    " FROM generate_series({first}, {last}) AS n",
    "sqlite": "WITH RECURSIVE"
    " s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last})"
    f" INSERT INTO families ({_COLUMNS}) SELECT '00016', randomblob(16), {_REST} FROM s",
}
_DIGEST = {"postgresql": "sha256('nobody')", "sqlite": "zeroblob(32)"}
_ADD_INSTITUTION = (
    "INSERT INTO institutions"
    " SELECT CAST(:id AS TEXT), replace(document, '00016', CAST(:id AS TEXT)) FROM institutions"
    " WHERE institution_id = '00016'"
)
_ENTITLE = "INSERT INTO entitlements VALUES (:id, 'meridian-back-office')"
_NEWS = "UPDATE directory_version SET version = version + 1"
_LEARNED = 3.0
"""Seconds in which a change has certainly reached the server."""


class Place:
    """A running Moneyer and its database, open to the bench."""

    def __init__(self, running: Running, database: Database, seconds: float) -> None:
        self._running = running
        self._database = database
        self._seconds = seconds
        self._flows = {load: flows(32) for load, flows in running.flows.items()}

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with opened(self._database) as engine, engine.begin() as connection:
            yield connection

    def window(self, load: str) -> Window:
        return window(self._running, load, self._flows[load], self._seconds).window

    def bytes_of(self, table: str) -> int:
        with self.writing() as connection:
            if connection.dialect.name == "postgresql":
                statement = f"SELECT pg_total_relation_size('{table}')"
            else:
                statement = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            return int(connection.scalar(text(statement)) or 0)

    def rows_of(self, table: str) -> int:
        with self.writing() as connection:
            return int(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    def add_families(self, first: int, last: int) -> None:
        now = time.time_ns() // 1000
        with self.writing() as connection:
            name = connection.dialect.name
            statement = _ADD_FAMILIES[name].format(
                first=first, last=last, now=now, end=now + 10**13, digest=_DIGEST[name]
            )
            connection.execute(text(statement))

    def add_institutions(self, first: int, last: int) -> None:
        ids = [{"id": f"B{number:06}"} for number in range(first, last)]
        with self.writing() as connection:
            for statement in (_ADD_INSTITUTION, _ENTITLE):
                connection.execute(text(statement), ids)
            connection.execute(text(_NEWS))
        time.sleep(_LEARNED)

    @property
    def resident_bytes(self) -> int:
        return self._running.process.resident_bytes()


def families(place: Place, counts: Sequence[int]) -> Iterator[str]:
    there = 0
    for count in counts:
        if count > there:
            place.add_families(there + 1, count)
            there = count
        found = place.window("refresh_token")
        size = place.bytes_of("families") / 1e6
        yield f"{count:>12,} families     {_said(found)}   {size:>9.1f} MB"


def institutions(place: Place, counts: Sequence[int]) -> Iterator[str]:
    there = 1
    for count in counts:
        if count > there:
            place.add_institutions(there, count)
            there = count
        found = place.window("client_credentials")
        size = place.resident_bytes / 1e6
        yield f"{count:>12,} institutions {_said(found)}   {size:>9.1f} MB resident"


def rotations(place: Place, wanted: int) -> Iterator[str]:
    rows, size, done = place.rows_of("families"), place.bytes_of("families"), 0
    while done < wanted:
        done += place.window("refresh_token").requests
    more = place.rows_of("families") - rows
    grown = (place.bytes_of("families") - size) / 1e6
    yield f"{done:>12,} rotations     {more} rows more, {grown:.1f} MB more"


def _said(found: Window) -> str:
    return f"CPU {found.cpu_us:>6.1f} µs  p50 {found.p50_ms:>6.2f} ms  p99 {found.p99_ms:>6.2f} ms"


def _numbers(listed: str) -> tuple[int, ...]:
    return tuple(sorted(int(number) for number in listed.split(",")))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--families", type=_numbers, default=(0, 1_000_000))
    parser.add_argument("--institutions", type=_numbers, default=(1, 100, 10_000))
    parser.add_argument("--rotations", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    chosen = parser.parse_args()
    stop_on_signals()
    pin(0)
    try:
        for peer in (OnSqlite(), OnPostgresql()):
            _measure(peer, chosen)
    except (BenchFailure, OSError) as failure:
        print(f"\nbench failed: {failure}", file=sys.stderr)
        return 1
    return 0


def _measure(peer: Peer, chosen: argparse.Namespace) -> None:
    print(peer.name)
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, peer.start(Path(scratch)) as running:
        place = Place(running, _database_of(running, Path(scratch)), chosen.seconds)
        say("warming up")
        place.window("refresh_token")
        for line in (
            *families(place, chosen.families),
            *rotations(place, chosen.rotations),
            *institutions(place, chosen.institutions),
        ):
            print(line, flush=True)


def _database_of(running: Running, where: Path) -> Database:
    if running.database is None:
        return where / "moneyer" / "moneyer.db"
    return PostgresqlUrl(f"postgresql://bench@127.0.0.1:{running.database.port}/moneyer")


if __name__ == "__main__":
    sys.exit(main())
