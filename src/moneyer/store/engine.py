"""SQLAlchemy's engine, for everything off the hot path: migrations, administration, snapshots."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, event
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
    """An engine on a SQLite file. Its transactions begin as writers, so that none fails half-way."""
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 10}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = FAST")

    @event.listens_for(engine, "begin")
    def begin(connection: object) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # type: ignore[attr-defined]

    return engine
