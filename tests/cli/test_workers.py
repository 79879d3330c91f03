"""`moneyer serve --workers`: many processes on one socket, replaced without a failed request."""

import base64
import http.client
import json
import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bank import MOULD, SERVER
from tests.cli.process import (
    PATIENCE,
    Server,
    eventually,
    free_port,
    one_line,
    process,
    serving,
    succeeds,
)
from tests.postgresql import Postgresql
from tests.processes import children

WORKERS = 2


class Deployment:
    """A database with a bank and an application, and the settings to serve from it."""

    def __init__(self, folder: Path, postgresql: Postgresql, **server: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.database = f"workers_{uuid.uuid4().hex}"
        postgresql.create_database(self.database, template=MOULD)
        self.file = folder / "moneyer.toml"
        self.write(postgresql.url(self.database, SERVER), **server)
        succeeds("key", "new-master", folder / "master.key")
        succeeds("institution", "add", "00016", "--name", "Bank", "--settings", self.file)
        grants = ("--grant", "client_credentials", "--institution", "00016")
        added = succeeds(
            *("application", "add", "--name", "App", "--client-id", "app", "--json", *grants),
            *("--settings", self.file),
        )
        self.secret = str(added.json["client_secret"])

    def write(self, url: str, **server: str) -> None:
        lines = [
            "[server]",
            f'base_url = "{self.base_url}"',
            f"port = {self.port}",
            *(f"{key} = {value}" for key, value in server.items()),
            "[store]",
            f'postgresql = "{url}"',
            'node = "node-7"',
            "[keys]",
            f'master_key_file = "{self.folder / "master.key"}"',
        ]
        self.file.write_text("\n".join(lines))

    @contextmanager
    def serving(self, workers: int = WORKERS) -> Iterator[Server]:
        """Serves from it, ready."""
        command = ("serve", "--settings", self.file, "--workers", str(workers))
        ready = f"serving {self.base_url}"
        with serving(*command, folder=self.folder, ready=ready) as server:
            yield server

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def ask(self, connection: http.client.HTTPConnection) -> dict[str, Any]:
        """A token, over a connection that is kept as long as the server keeps it."""
        pair = base64.b64encode(f"app:{self.secret}".encode()).decode()
        headers = {
            "Authorization": f"Basic {pair}",
            "Content-Type": "application/x-www-form-urlencoded",
            "institutionId": "00016",
        }
        form = "grant_type=client_credentials"
        connection.request("POST", "/oauth2/v1/token", form, headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == 200, body
        answer: dict[str, Any] = json.loads(body)
        return answer

    def token(self) -> dict[str, Any]:
        """A token, over a connection of its own."""
        with closing(self.connection()) as connection:
            return self.ask(connection)

    def ready(self) -> int:
        return httpx.get(f"{self.base_url}/health/ready", trust_env=False).status_code


@pytest.fixture
def deployment(tmp_path: Path, postgresql: Postgresql) -> Deployment:
    return Deployment(tmp_path, postgresql)


class Load:
    """Callers that keep their connections and reopen them only when the server has said so."""

    def __init__(self, deployment: Deployment, callers: int) -> None:
        self._deployment = deployment
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(callers)]
        self.answered = 0
        self.failures: list[str] = []

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _call(self) -> None:
        connection = self._deployment.connection()
        while not self._ended.is_set():
            try:
                self._deployment.ask(connection)
                self.answered += 1
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failures.append(repr(error))
                connection.close()
                time.sleep(0.05)
        connection.close()


def workers_of(server: Server) -> set[int]:
    return set(children(server.process.pid))


def gone(pids: set[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_all_workers_answer_and_each_writes_a_chain_of_its_own(
    deployment: Deployment, postgresql: Postgresql
) -> None:
    with deployment.serving() as server:
        assert len(workers_of(server)) == WORKERS
        writers = "SELECT writer FROM chain_heads ORDER BY writer"

        def both_have_written() -> bool:
            deployment.token()
            found = postgresql.psql(writers, deployment.database).split()
            return {"node-7.1", "node-7.2"} <= set(found)

        assert eventually(both_have_written, PATIENCE)
        assert server.stop() == 0
        assert server.said().strip() == f"serving {deployment.base_url}"


def test_a_worker_that_dies_is_replaced_while_the_others_serve_on(deployment: Deployment) -> None:
    with deployment.serving() as server:
        before = workers_of(server)
        victim = min(before)
        os.kill(victim, signal.SIGKILL)
        assert eventually(lambda: victim not in workers_of(server))
        for _ in range(20):
            deployment.token()
        assert eventually(lambda: len(workers_of(server)) == WORKERS, PATIENCE)
        assert min(workers_of(server) - before) > 0
        assert "worker-ended" in server.said()
        assert server.stop() == 0


def test_sighup_replaces_all_workers_without_a_failed_request(deployment: Deployment) -> None:
    with deployment.serving() as server, Load(deployment, callers=8) as load:
        for _ in range(2):
            before = workers_of(server)
            answered = load.answered
            server.process.send_signal(signal.SIGHUP)
            assert eventually(lambda old=before: gone(old), PATIENCE)  # type: ignore[misc]
            assert eventually(lambda: len(workers_of(server)) == WORKERS, PATIENCE)
            assert load.answered > answered + 50
        assert load.failures == []


def test_sighup_with_settings_that_cannot_be_used_keeps_the_workers(deployment: Deployment) -> None:
    with deployment.serving() as server:
        before = workers_of(server)
        kept = deployment.file.read_text()
        deployment.file.write_text(kept.replace("master.key", "nothing.key"))
        server.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: "rolling-restart-given-up" in server.said(), PATIENCE)
        assert "nothing.key" in server.said()
        assert workers_of(server) == before
        assert deployment.token()["token_type"] == "Bearer"
        assert server.stop() == 0


def test_a_stopping_service_tells_its_load_balancer_before_it_closes_its_doors(
    tmp_path: Path, postgresql: Postgresql
) -> None:
    deployment = Deployment(tmp_path, postgresql, drain="2.0")
    with deployment.serving() as server:
        kept = deployment.connection()
        deployment.ask(kept)
        assert deployment.ready() == 200
        server.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: deployment.ready() == 503)
        deployment.ask(kept)
        assert kept.sock is None, "the connection was kept"
        deployment.token()
        assert server.process.wait(PATIENCE) == 0


def test_workers_whose_supervisor_was_killed_leave_too(deployment: Deployment) -> None:
    with deployment.serving() as server:
        workers = workers_of(server)
        server.process.kill()
        server.process.wait()
        assert eventually(lambda: gone(workers), PATIENCE)


def test_a_second_signal_ends_it_at_once(tmp_path: Path, postgresql: Postgresql) -> None:
    deployment = Deployment(tmp_path, postgresql, drain="300.0")
    with deployment.serving() as server:
        workers = workers_of(server)
        server.process.send_signal(signal.SIGINT)
        assert eventually(lambda: deployment.ready() == 503)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(PATIENCE) == 0
        assert gone(workers)


def test_what_hinders_the_start_is_said_once(deployment: Deployment) -> None:
    deployment.file.write_text(deployment.file.read_text().replace(deployment.database, "nowhere"))
    outcome = process("serve", "--settings", deployment.file, "--workers", "3")
    assert outcome.code == 2
    assert "nowhere" in one_line(outcome.err)


def test_a_port_in_use_is_said_once(deployment: Deployment) -> None:
    with deployment.serving():
        outcome = process("serve", "--settings", deployment.file, "--workers", "2")
    assert outcome.code == 2
    assert f"port {deployment.port}" in one_line(outcome.err)
