"""A PostgreSQL of one's own: fresh, on a free loopback port, thrown away at the end.

It is the one that Debian's package `postgresql` brings, started by hand in a folder of its own; the
system's PostgreSQL, if there is one, is neither touched nor used.
"""

import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Literal

from tests.processes import (
    PATIENCE,
    ProgramFailed,
    Scoped,
    await_gone,
    children,
    folder_for,
    free_port,
    run,
    send,
    spawn,
)

SUPERUSER = "postgres"

QUICK = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB"}
"""For the suite: what is lost when the machine fails is of no use to anybody."""

DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
"""For a drill."""

Mode = Literal["smart", "fast", "immediate"]
_STOP: dict[Mode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}


class Postgresql(Scoped):
    """One server and its folder. In `with` it is started at once, and is gone at the end.

    `settings` are postgresql.conf's, on top of QUICK or DURABLE. The data rest in a new folder within
    `place`, which the account of the server must be able to enter. Whoever comes by loopback is
    believed to be who they say. Methods raise ProgramFailed.
    """

    def __init__(self, *, durable: bool = False, place: Path | None = None, **settings: str) -> None:
        self.folder = folder_for("moneyer-postgresql-", place)
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.port = free_port()
        self._settings = {
            **(DURABLE if durable else QUICK),
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
            "lc_messages": "C",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The postmaster's."""
        if self._process is None:
            raise ProgramFailed("it is not running")
        return self._process.pid

    def start(self) -> None:
        """Returns when it takes connections; what a crash left behind is recovered by then."""
        if not self.data.exists():
            initdb = [program("initdb"), "-D", str(self.data), "-U", SUPERUSER, "--auth=trust"]
            run([*initdb, "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C"])
        command = [program("postgres"), "-D", str(self.data)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        self._process = spawn(command, self.log)
        ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = time.monotonic() + PATIENCE
        while subprocess.run(ready, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ProgramFailed(f"it does not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.02)

    def is_running(self) -> bool:
        """Whether it is there: a server may end by itself."""
        return self._process is not None and self._process.poll() is None

    def stop(self, mode: Mode = "fast") -> None:
        """As `pg_ctl stop -m`: `immediate` leaves recovery to the next start."""
        self._end(_STOP[mode])

    def kill(self) -> None:
        """SIGKILL of the postmaster. Returns when its last child has noticed and is gone."""
        self._end(signal.SIGKILL)

    def restart(self, mode: Mode = "fast") -> None:
        self.stop(mode)
        self.start()

    def pause(self) -> None:
        """SIGSTOP: connections stay open, and nothing answers any more."""
        send((self.pid,), signal.SIGSTOP)
        send(children(self.pid), signal.SIGSTOP)

    def resume(self) -> None:
        send((*children(self.pid), self.pid), signal.SIGCONT)

    def close(self) -> None:
        """Ends the server, paused or not, and removes its folder."""
        if self._process is not None:
            self.resume()
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def psql(self, statements: str, database: str = "postgres") -> str:
        """Runs SQL as the superuser; gives its rows, a line each, columns between bars."""
        return psql(self.url(database), statements)

    def create_database(self, name: str, template: str | None = None) -> str:
        """Creates a database, as a copy of `template` if one is named; gives its URL."""
        copied = f' TEMPLATE "{template}"' if template else ""
        self.psql(f'CREATE DATABASE "{name}"{copied}')
        return self.url(name)

    def _end(self, number: signal.Signals) -> None:
        """A server that is killed is held still first, so that it leaves no child we do not know of."""
        if number == signal.SIGKILL:
            send((self.pid,), signal.SIGSTOP)
        family = children(self.pid)
        send((self.pid,), number)
        process, self._process = self._process, None
        assert process is not None
        process.wait(PATIENCE)
        await_gone(family)


def psql(url: str, statements: str) -> str:
    """Runs SQL; gives its rows, a line each, columns between bars. Raises ProgramFailed."""
    command = [program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url]
    return run([*command, "-c", statements]).strip()


def program(name: str) -> str:
    """The newest `name` that Debian installed; it keeps them off the PATH."""
    found = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(found, key=lambda path: int(path.parts[4]), default=None)
    if newest is None:
        raise ProgramFailed(f"no program {name}: apt-get install --no-install-recommends postgresql")
    return str(newest)
