"""PostgreSQL for a benchmark: fresh, durable, on a free loopback port, thrown away at the end."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.failures import ServerFailure
from bench.server import ServerProcess, free_port

# All that durability asks for is PostgreSQL's default; it is said here so that nobody has to know.
_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "100",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
}
_ROLE = "bench"
_START_SECONDS = 20.0


@dataclass(frozen=True)
class Database:
    """A running server and the URL of an empty database on it, whose role may do anything."""

    process: ServerProcess
    url: str

    @property
    def version(self) -> str:
        return _run([program("postgres"), "--version"], None).split()[2]


@contextlib.contextmanager
def postgresql(name: str, settings: Mapping[str, str] | None = None) -> Iterator[Database]:
    """Start it on the core of the calling thread; `settings` are added to postgresql.conf's.

    It never runs as root: root starts it as the user `postgres`. At the end it is stopped without
    a checkpoint, and its files are removed. Raises ServerFailure.
    """
    user = "postgres" if os.geteuid() == 0 else None
    place = Path(tempfile.mkdtemp(prefix="bench-postgresql-"))
    try:
        if user is not None:
            _give(place, user)
        process = _start(name, place, user, {**_SETTINGS, **(settings or {})})
        try:
            _await(process)
            yield Database(process, f"postgresql://{_ROLE}@127.0.0.1:{process.port}/postgres")
        finally:
            process.stop()
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _give(place: Path, user: str) -> None:
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise ServerFailure(f"no user {user}: PostgreSQL does not run as root") from None
    os.chown(place, account.pw_uid, account.pw_gid)


def _start(name: str, place: Path, user: str | None, settings: Mapping[str, str]) -> ServerProcess:
    data, port = place / "data", free_port()
    create = [program("initdb"), "--pgdata", str(data), "--username", _ROLE, "--auth", "trust"]
    _run([*create, "--encoding", "UTF8", "--locale", "C", "--no-sync"], user)
    command = [program("postgres"), "-D", str(data), "-p", str(port)]
    for setting, value in settings.items():
        command += ["-c", f"{setting}={value}"]
    return ServerProcess(
        f"PostgreSQL of {name}",
        command,
        port,
        place / "log",
        user=user,
        stop_signal=signal.SIGQUIT,
    )


def _await(process: ServerProcess) -> None:
    ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(process.port)]
    deadline = process.started_at + _START_SECONDS
    while subprocess.run(ready, check=False).returncode != 0:
        process.check_alive()
        if time.perf_counter() > deadline:
            raise ServerFailure(f"{process.name} does not answer\n{process.log_tail()}")
        time.sleep(0.02)


def _run(command: list[str], user: str | None) -> str:
    ended = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )
    if ended.returncode != 0:
        raise ServerFailure(f"{command[0]} ended with status {ended.returncode}\n{ended.stderr}")
    return ended.stdout


def program(name: str) -> str:
    """The newest that Debian installed (it keeps them off the PATH), else the PATH's."""
    debian = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(debian, key=lambda path: int(path.parts[4].split(".")[0]), default=None)
    found = newest or shutil.which(name)
    if found is None:
        raise ServerFailure(f"no program {name}: install PostgreSQL (package `postgresql`)")
    return str(found)
