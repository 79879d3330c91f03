"""A real server process on a loopback port, and sockets to speak to it byte by byte."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

COMMAND = Path(sys.executable).with_name("moneyer")
START_PATIENCE = 60.0


class Reply(NamedTuple):
    """One HTTP answer as it came over the socket; `status` 0 when the server only closed."""

    status: int
    head: str
    body: bytes

    def header(self, name: str) -> str | None:
        found = re.search(rf"^{re.escape(name)}: *(.*?)\r?$", self.head, re.IGNORECASE | re.MULTILINE)
        return found[1] if found else None


class RealServer:
    """A serving process, where it listens, and what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, output: Path) -> None:
        self.process = process
        self.port = port
        self._output = output

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def printed(self) -> bytes:
        """Standard output and standard error so far, together."""
        return self._output.read_bytes()

    def connect(self, timeout: float = 10.0) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def exchange(self, *pieces: bytes, timeout: float = 10.0) -> list[Reply]:
        """Sends the pieces on one connection; every answer until the server closes it."""
        with self.connect(timeout) as connection:
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except OSError:
                    break
            return list(replies(read_all(connection)))

    def is_alive(self) -> bool:
        """Whether the next caller is served as if nothing had happened."""
        with httpx.Client(trust_env=False) as client:
            return client.get(f"{self.base_url}/health/ready", timeout=10).status_code == 200

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes. A reset counts as closing, silence does not."""
    received = bytearray()
    while True:
        try:
            chunk = connection.recv(65536)
        except ConnectionError:
            return bytes(received)
        if not chunk:
            return bytes(received)
        received += chunk


def replies(received: bytes) -> Iterator[Reply]:
    """The answers in a stream of bytes, by their Content-Length."""
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        reply = Reply(int(text.split(" ", 2)[1]), text, b"")
        length = int(reply.header("content-length") or 0)
        yield reply._replace(body=rest[:length])
        received = rest[length:]


@contextmanager
def serving(
    output: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[RealServer]:
    """Runs `moneyer` with `arguments` and `--port`-like settings already in them or the environment."""
    port = free_port()
    filled = [argument.replace("{port}", str(port)) for argument in arguments]
    extra = {name: value.replace("{port}", str(port)) for name, value in (environment or {}).items()}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MONEYER_")}
    with output.open("wb") as sink:
        process = subprocess.Popen(
            [str(COMMAND), *filled],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**inherited, **extra},
        )
    server = RealServer(process, port, output)
    try:
        wait_until_live(server)
        yield server
    finally:
        if process.poll() is None:
            server.stop()


def wait_until_live(server: RealServer) -> None:
    """Returns when the server answers; fails with what it printed when it ends instead."""
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        try:
            if server.is_alive():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"the server did not start: {server.printed().decode(errors='replace')}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
