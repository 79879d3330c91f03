"""SQLAlchemy's engine, for everything off the hot path: migrations, administration, snapshots."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from moneyer.protocol.clock import Clock, SystemClock
from moneyer.protocol.identifiers import PLATFORM
from moneyer.store.database import Database, PostgresqlUrl

__all__ = [
    "EVERY_INSTITUTION",
    "DatabaseError",
    "Engine",
    "confine",
    "engine_for",
    "is_postgresql",
    "opened",
    "reading",
    "told_plainly",
    "writing",
]

CONNECT_PATIENCE = 5
"""Seconds for which a PostgreSQL may take to answer a new connection."""

EVERY_INSTITUTION = "*"
"""What an operator's change to the platform, and the sweep, may touch under row-level security."""


class DatabaseError(Exception):
    """The database did not do what it was asked; the message is the engine's own."""


@contextmanager
def opened(database: Database) -> Iterator[Engine]:
    """An engine for as long as a command needs it. Raises DatabaseError."""
    engine = engine_for(database)
    try:
        with told_plainly():
            yield engine
    finally:
        engine.dispose()


@contextmanager
def told_plainly() -> Iterator[None]:
    """Raises DatabaseError for whatever goes wrong at the database."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, psycopg.Error) as error:
        raise DatabaseError(str(getattr(error, "orig", error)).strip()) from None


def engine_for(database: Database) -> Engine:
    return _postgresql(database) if isinstance(database, PostgresqlUrl) else _sqlite(database)


def _postgresql(url: PostgresqlUrl) -> Engine:
    """The URL goes to libpq as it is: it may name several hosts, of which the primary is looked for."""

    def connect() -> psycopg.Connection:
        return psycopg.connect(
            url.text,
            connect_timeout=CONNECT_PATIENCE,
            target_session_attrs="read-write",
            application_name="moneyer",
        )

    return create_engine(
        "postgresql+psycopg://",
        creator=connect,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=1,
        max_overflow=4,
    )


def _sqlite(path: Path) -> Engine:
    """A transaction of `writing` begins as a writer, so that it does not fail half-way; any other only
    reads, and keeps nobody waiting."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 10}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = FAST")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


@contextmanager
def writing(engine: Engine, institution_id: str = EVERY_INSTITUTION) -> Iterator[Connection]:
    """One transaction that writes; committed at the end, undone by an exception.

    Row-level security holds it to the rows of `institution_id` and of the platform.
    """
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        confine(connection, institution_id)
        yield connection


@contextmanager
def reading(engine: Engine, institution_id: str = EVERY_INSTITUTION) -> Iterator[Connection]:
    """One transaction that reads everything as it stood at one moment."""
    with engine.connect() as connection, connection.begin():
        if is_postgresql(connection):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        confine(connection, institution_id)
        yield connection


def confine(connection: Connection, institution_id: str) -> None:
    """Tells row-level security whose rows this transaction may touch."""
    if is_postgresql(connection):
        institutions = ",".join({institution_id, PLATFORM})
        connection.execute(
            text("SELECT set_config('moneyer.institutions', :institutions, true)"),
            {"institutions": institutions},
        )


def is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


class _ServerClock:
    """The database's own clock, asked each time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def now(self) -> int:
        with self._engine.connect() as connection:
            asked = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
            return int(connection.scalar(asked) or 0)


def clock_of(engine: Engine) -> Clock:
    """The time for all that work on one store: a PostgreSQL's own, or this machine's."""
    return _ServerClock(engine) if engine.dialect.name == "postgresql" else SystemClock()
