"""Opening the file, and making sure that one process alone serves from it."""

import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO


class AlreadyServing(Exception):
    """Another process serves from this file."""


def connect(path: Path, *, busy_timeout: float = 5.0) -> sqlite3.Connection:
    """A connection in autocommit mode; transactions are begun and ended by statement.

    `busy_timeout` is how many seconds a statement waits for another process's transaction. May be
    used from any thread, by one at a time.
    """
    connection = sqlite3.connect(
        path, timeout=busy_timeout, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = FAST")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    return connection


class ServingLock:
    """Held by the one process that serves from a file; the kernel lets go when it dies.

    A second writer on one SQLite file would make both wait for half a second at the 99th percentile,
    so it is refused rather than slow.
    """

    def __init__(self, path: Path) -> None:
        # By the file's own name: a link to it is no second file.
        path = path.resolve()
        self._path = path.with_name(path.name + ".serving")
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Raises AlreadyServing, naming the other process."""
        file = self._path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            other = file.read().strip() or "another process"
            file.close()
            raise AlreadyServing(
                f"{other} already serves from this SQLite file; one process at a time may. "
                "For more processes use PostgreSQL."
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
