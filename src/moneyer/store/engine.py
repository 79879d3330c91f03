"""SQLAlchemy's engine, for everything off the hot path: migrations, administration, snapshots."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError


class DatabaseError(Exception):
    """The database did not do what it was asked; the message is the engine's own."""


@contextmanager
def opened(path: Path) -> Iterator[Engine]:
    """An engine on a SQLite file for as long as a command needs it. Raises DatabaseError."""
    engine = sqlite_engine(path)
    try:
        yield engine
    except (DBAPIError, sqlite3.Error) as error:
        raise DatabaseError(str(getattr(error, "orig", error))) from None
    finally:
        engine.dispose()


def sqlite_engine(path: Path) -> Engine:
    """An engine on a SQLite file. A transaction of `writing` begins as a writer, so that it does not
    fail half-way; any other only reads, and keeps nobody waiting."""
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
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes; committed at the end, undone by an exception."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection
