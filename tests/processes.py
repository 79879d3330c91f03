"""Servers of one's own: started as somebody who is not root, signalled, and surely gone at the end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Self

ACCOUNT = "postgres" if os.geteuid() == 0 else None
"""Whom servers run as: PostgreSQL refuses to be root."""

PATIENCE = 30.0
"""Seconds within which a server must have started, or be gone."""


class Scoped(ABC):
    """In `with` it is started at once, and is gone at the end."""

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """Ends everything that was started and removes what it left."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class ProgramFailed(Exception):
    """A program is missing, or does not do what it was told; the message says which."""


def folder_for(prefix: str, place: Path | None = None) -> Path:
    """A new folder that belongs to the server's account, as such temporary folders may."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    if ACCOUNT:
        shutil.chown(folder, ACCOUNT, ACCOUNT)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def spawn(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """Starts a server as the account, deaf to the terminal's Ctrl-C; what it says is added to `log`."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            user=ACCOUNT,
            group=ACCOUNT,
            extra_groups=[] if ACCOUNT else None,
        )


def run(command: list[str]) -> str:
    """Runs a command to its end; gives what it printed. Raises ProgramFailed with what it said."""
    ended = subprocess.run(
        command,
        check=False,
        cwd="/",
        capture_output=True,
        text=True,
        user=ACCOUNT,
        group=ACCOUNT,
        extra_groups=[] if ACCOUNT else None,
    )
    if ended.returncode != 0:
        raise ProgramFailed(f"{Path(command[0]).name}: {ended.stderr.strip()}")
    return ended.stdout


def children(parent: int) -> tuple[int, ...]:
    """The processes that `parent` has started and that are not gone yet."""
    return tuple(
        int(file.parent.name)
        for file in Path("/proc").glob("[0-9]*/stat")
        if (state := _state(file)) and state[0] != "Z" and int(state[1]) == parent
    )


def await_gone(processes: Iterable[int]) -> None:
    """Returns when none of `processes` is there any more. Raises ProgramFailed."""
    deadline = time.monotonic() + PATIENCE
    for process in processes:
        file = Path(f"/proc/{process}/stat")
        while (state := _state(file)) and state[0] != "Z":
            if time.monotonic() > deadline:
                raise ProgramFailed(f"process {process} does not end")
            time.sleep(0.01)


def send(processes: Iterable[int], number: signal.Signals) -> None:
    """Sends a signal to those of `processes` that are still there."""
    for process in processes:
        try:
            os.kill(process, number)
        except ProcessLookupError:
            continue


def _state(file: Path) -> list[str]:
    """From the state of a process on, the fields of its `stat`; none when it is gone."""
    try:
        return file.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
