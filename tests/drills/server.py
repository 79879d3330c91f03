"""A real server process that can be killed and started again on the same folder."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

COMMAND = Path(sys.executable).with_name("moneyer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`moneyer sandbox` on one folder and one port, started as often as it is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def card(self) -> Any:
        """`sandbox.json`: who lives there."""
        return json.loads((self.folder / "sandbox.json").read_bytes())

    def credentials(self, client_id: str) -> tuple[str, str]:
        found = next(a for a in self.card["applications"] if a["client_id"] == client_id)
        return found["client_id"], found["client_secret"]

    async def start(self) -> None:
        """Returns when the service answers."""
        self._process = self._spawn()
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                assert self._process.poll() is None, self._process.communicate()[1].decode()
                try:
                    if (await client.get(f"{self.base_url}/health/live")).status_code == 200:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.02)

    async def kill_while_starting(self, after: float) -> None:
        """SIGKILL before it has answered anything, or just after."""
        self._process = self._spawn()
        await asyncio.sleep(after)
        self.kill()

    def _spawn(self) -> subprocess.Popen[bytes]:
        arguments = ["sandbox", "--port", str(self.port), "--data", str(self.folder)]
        return subprocess.Popen(
            [str(COMMAND), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.communicate(timeout=20)
            self._process = None
