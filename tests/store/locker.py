"""Holds the write lock of a SQLite file until told to let go: what another process may do to us.

Run as a module: `python -m tests.store.locker DATABASE`; says so when it has the lock, and lets go at
the end of its standard input.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from moneyer.store.sqlite.connection import connect


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """The file, locked by a process of its own for as long as the body runs."""
    command = [sys.executable, "-m", "tests.store.locker", str(path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    try:
        yield
    finally:
        process.communicate("go\n", timeout=30)
        assert process.returncode == 0


if __name__ == "__main__":
    connection = connect(Path(sys.argv[1]))
    connection.execute("BEGIN IMMEDIATE")
    sys.stdout.write("locked\n")
    sys.stdout.flush()
    sys.stdin.readline()
    connection.execute("ROLLBACK")
    connection.close()
