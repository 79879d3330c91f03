"""Banks that are served by real processes, which can be killed and started again on the same store."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import httpx
import msgspec

from moneyer.keys.sealing import derive, new_master_key_file, parse_master_key
from moneyer.sandbox.seed import populate
from moneyer.store.database import PostgresqlUrl
from moneyer.store.engine import opened
from tests.processes import await_gone, children, free_port, send

COMMAND = Path(sys.executable).with_name("moneyer")
PATIENCE = 60.0
"""Seconds within which a server has started, or ended."""


class Bank(Protocol):
    """What a drill needs to know: where it is served, and who has an account."""

    @property
    def base_url(self) -> str: ...

    @property
    def card(self) -> Any: ...

    def credentials(self, client_id: str) -> tuple[str, str]: ...


class Service(ABC):
    """A `moneyer` that serves the sandbox's cast on one port, started as often as it is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "serving.log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """What is run, after `moneyer`."""

    @cached_property
    def card(self) -> Any:
        """`sandbox.json`: who has an account, and the secrets of the applications."""
        return json.loads((self.folder / "sandbox.json").read_bytes())

    def credentials(self, client_id: str) -> tuple[str, str]:
        found = next(a for a in self.card["applications"] if a["client_id"] == client_id)
        return found["client_id"], found["client_secret"]

    async def start(self) -> None:
        """Returns when the service answers."""
        self._process = self._spawn()
        async with asyncio.timeout(PATIENCE), httpx.AsyncClient(trust_env=False) as client:
            while True:
                assert self._process.poll() is None, self._log.read_text()[-4000:]
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

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MONEYER_")}
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [str(COMMAND), *self.command()], stdout=subprocess.DEVNULL, stderr=log, env=kept
            )

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(PATIENCE)
            self._process = None


class Laptop(Service):
    """`moneyer sandbox`: one process, SQLite."""

    @property
    def database(self) -> Path:
        return self.folder / "moneyer.db"

    def command(self) -> list[str]:
        return ["sandbox", "--port", str(self.port), "--data", str(self.folder)]


OWNER, SERVING = "drill_owner", "drill_serving"
ROLES = (
    f"CREATE ROLE {OWNER} LOGIN CREATEROLE;"
    " CREATE ROLE moneyer_serving;"
    f" CREATE ROLE {SERVING} LOGIN IN ROLE moneyer_serving"
)
"""What a superuser prepares: who owns the tables, and who serves, held by row-level security."""


class DataCentre(Service):
    """`moneyer serve --workers` on PostgreSQL. The URLs are those of an empty database's owner and of
    the role that serves."""

    def __init__(self, folder: Path, owner: str, serving: str, workers: int = 2) -> None:
        super().__init__(folder)
        self.workers = workers
        self._settings = folder / "moneyer.toml"
        new_master_key_file(folder / "master.key")
        self._settings.write_text(
            f'[server]\nbase_url = "{self.base_url}"\nport = {self.port}\n'
            f'[store]\npostgresql = "{serving}"\npostgresql_owner = "{owner}"\n'
            f'[keys]\nmaster_key_file = "{folder / "master.key"}"\n[log]\nlevel = "error"\n'
        )
        migrate = [str(COMMAND), "migrate", "--settings", str(self._settings)]
        subprocess.run(migrate, check=True, capture_output=True)
        keys = derive(parse_master_key((folder / "master.key").read_text()))
        with opened(PostgresqlUrl(serving)) as engine:
            card = populate(engine, keys, self.base_url)
        (folder / "sandbox.json").write_bytes(msgspec.json.encode(card))

    def command(self) -> list[str]:
        return ["serve", "--settings", str(self._settings), "--workers", str(self.workers)]

    async def start(self) -> None:
        """Returns when all workers serve."""
        await super().start()
        async with asyncio.timeout(PATIENCE):
            while f"serving {self.base_url}" not in self._log.read_text():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def serving(self) -> tuple[int, ...]:
        """The processes that serve."""
        assert self._process is not None
        return children(self._process.pid)

    async def kill_worker(self, victim: int) -> None:
        """SIGKILL of one; returns when another is in its place."""
        send((victim,), signal.SIGKILL)
        await asyncio.to_thread(await_gone, (victim,))
        async with asyncio.timeout(PATIENCE):
            while len(self.serving()) < self.workers:  # noqa: ASYNC110 - a process tells nobody
                await asyncio.sleep(0.02)
