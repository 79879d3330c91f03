"""The command line as a person uses it: in a process of its own, or (quicker) in this one."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import httpx
import msgspec

from moneyer.cli import main

COMMAND = str(Path(sys.executable).with_name("moneyer"))
PATIENCE = 30.0
"""Seconds after which a server that has not started, or stopped, never will."""
ONE_SECOND_AND_SOME = 5.0
"""What a running server has to notice, it notices within a second; a busy machine gets longer."""


class Outcome(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.out)


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without settings of ours, and `variables`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MONEYER_")}
    return {**kept, **variables}


def moneyer(*arguments: str | Path, typed: str = "") -> Outcome:
    """Runs a command in this process, through the same `main` as the installed command."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["moneyer", *map(str, arguments)]
    with (
        patch.object(sys, "argv", argv),
        patch.object(sys, "stdin", io.StringIO(typed)),
        patch.dict(os.environ, environment(), clear=True),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
    return Outcome(code, out.getvalue(), err.getvalue())


def succeeds(*arguments: str | Path, typed: str = "") -> Outcome:
    """Runs a command that must succeed and have nothing to complain about."""
    outcome = moneyer(*arguments, typed=typed)
    assert (outcome.code, outcome.err) == (0, ""), outcome
    return outcome


def complaint(*arguments: str | Path, typed: str = "") -> str:
    """What a command says that must fail with status 2: one line, no traceback, nothing else."""
    outcome = moneyer(*arguments, typed=typed)
    assert (outcome.code, outcome.out) == (2, ""), outcome
    return one_line(outcome.err)


def one_line(said: str) -> str:
    """The complaint in `said`, which must be all of it."""
    lines = said.splitlines()
    assert len(lines) == 1, said
    assert lines[0].startswith("moneyer: ")
    return lines[0].removeprefix("moneyer: ")


def process(
    *arguments: str | Path, folder: Path | None = None, variables: Mapping[str, str] | None = None
) -> Outcome:
    """Runs the installed command in a process of its own, in `folder`."""
    done = subprocess.run(
        [COMMAND, *map(str, arguments)],
        cwd=folder,
        env=environment(**(variables or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], bool], patience: float = ONE_SECOND_AND_SOME) -> bool:
    """Whether something comes true before patience ends."""
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


class Server:
    """A `moneyer sandbox` or `moneyer serve` in a process of its own."""

    def __init__(
        self, arguments: tuple[str | Path, ...], folder: Path, variables: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self._log = folder / "server.log"
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [*map(str, arguments)],
                cwd=folder,
                env=environment(**variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_until_it_says(self, ready: str) -> None:
        """Fails when it ends before that, or takes too long."""
        said = eventually(lambda: ready in self.said() or self.process.poll() is not None, PATIENCE)
        assert said, self.said()
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        """Everything it has written so far."""
        return self._log.read_text()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Sends a signal and gives the exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def serving(
    *arguments: str | Path,
    folder: Path,
    ready: str,
    variables: Mapping[str, str] | None = None,
    command: str | Path = COMMAND,
) -> Iterator[Server]:
    """A server for as long as a test needs it."""
    server = Server((command, *arguments), folder, variables or {})
    try:
        server.wait_until_it_says(ready)
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


class Sandbox:
    """A running sandbox and its card, and calls with the credentials that stand on it."""

    def __init__(self, server: Server, data: Path) -> None:
        self.server = server
        self.data = data
        self.card: Any = msgspec.json.decode((data / "sandbox.json").read_bytes())
        self.base_url: str = self.card["base_url"]

    def secret(self, client_id: str) -> str:
        """An application's secret, as it stands on the card."""
        return next(
            str(application["client_secret"])
            for application in self.card["applications"]
            if application["client_id"] == client_id
        )

    def application(self, grant: str) -> Any:
        """The first application on the card that holds this grant."""
        return next(a for a in self.card["applications"] if grant in a["grants"])

    def customer(self, institution: str) -> Any:
        """The first customer on the card at this institution."""
        return next(c for c in self.card["customers"] if c["institution"] == institution)

    def token(
        self, client_id: str, secret: str | None = None, institution: str = "00016", **form: str
    ) -> httpx.Response:
        """Calls the token endpoint."""
        return httpx.post(
            f"{self.base_url}/oauth2/v1/token",
            data=form,
            auth=(client_id, secret or self.secret(client_id)),
            headers={"institutionId": institution},
            trust_env=False,
        )

    def legacy_token(
        self, client_id: str, secret: str | None = None, institution: str = "00016", **form: str
    ) -> httpx.Response:
        """Calls the token endpoint of V1."""
        return httpx.post(
            f"{self.base_url}/v1/oauth/token",
            data=form,
            auth=(client_id, secret or self.secret(client_id)),
            headers={"di_fiid": institution, "di_tid": str(uuid.uuid4())},
            trust_env=False,
        )

    def sign_in(self, login_id: str = "ada.marsh", password: str | None = None) -> httpx.Response:
        """The password grant through the sandbox's own mobile application."""
        mobile = self.application("password")["client_id"]
        known = (c["password"] for c in self.card["customers"] if c["login_id"] == login_id)
        chosen = password or next(known)
        return self.token(mobile, grant_type="password", username=login_id, password=chosen)

    def renew(self, refresh_token: str) -> httpx.Response:
        mobile = self.application("password")["client_id"]
        return self.token(mobile, grant_type="refresh_token", refresh_token=refresh_token)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.base_url}{path}", trust_env=False)


@contextmanager
def sandbox(
    folder: Path, *arguments: str, port: int = 0, command: str | Path = COMMAND
) -> Iterator[Sandbox]:
    """A sandbox in `folder`, ready when it has told everything."""
    where = ("sandbox", "--port", str(port), *arguments)
    with serving(*where, folder=folder, ready="Stop with Ctrl-C.", command=command) as server:
        yield Sandbox(server, folder / ".moneyer")
