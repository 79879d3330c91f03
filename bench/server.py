"""A server process: started on one core, accounted for, ended by its process id."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.failures import ServerFailure

_STOP_SECONDS = 5.0
_CPUCLOCK_SCHED = 2


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pin(core: int) -> None:
    """Bind the calling thread, and every process it starts from now on, to one core."""
    os.sched_setaffinity(0, {core})


class ServerProcess:
    """A child in a session of its own, so that Ctrl-C reaches us and not it.

    `environment` is added to ours; `user` is who it runs as, if not as we do.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        port: int,
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.port = port
        self._log = log
        self._stop_signal = stop_signal
        self.started_at = time.perf_counter()
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(environment or {})},
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )

    def check_alive(self) -> None:
        """Raises ServerFailure, with the end of the log, if the process has ended."""
        code = self._process.poll()
        if code is not None:
            raise ServerFailure(f"{self.name} ended with status {code}\n{self.log_tail()}")

    def log_tail(self) -> str:
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return "\n".join(text.splitlines()[-15:])

    def cpu_seconds(self) -> float:
        """User and system time of all threads, living and ended, children included.

        The same sum as utime + stime in /proc/<pid>/stat, read from the process's CPU clock:
        nanoseconds instead of hundredths of a second. Only what ended children used is known in
        hundredths.
        """
        return sum(_cpu_seconds(pid) + _ended_children_seconds(pid) for pid in self._pids())

    def resident_bytes(self) -> int:
        return sum(_resident_bytes(pid) for pid in self._pids())

    def stop(self) -> None:
        """End the process and whatever it started: first asked, then killed."""
        pids = self._pids()
        if self._process.poll() is None:
            self._process.send_signal(self._stop_signal)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(_STOP_SECONDS)
        for orphan in pids[1:]:
            if _session(orphan) == self._process.pid:
                _kill(orphan)

    def _pids(self) -> list[int]:
        pids = [self._process.pid]
        for pid in pids:
            pids += _children(pid)
        return pids


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            continue
    return found


def _cpu_seconds(pid: int) -> float:
    try:
        return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)
    except OSError:
        return 0.0


def _ended_children_seconds(pid: int) -> float:
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    user, system = after_name[13:15]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _resident_bytes(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
