"""Three PostgreSQL servers under Patroni, with etcd and HAProxy, on loopback ports of this machine.

A commit is acknowledged when two of the three have it (strict synchronous mode); when the primary dies,
the other one that has it takes over, and HAProxy moves the one address there.
"""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.postgresql import DURABLE, SUPERUSER, program, psql
from tests.processes import (
    PATIENCE,
    ProgramFailed,
    Scoped,
    await_gone,
    children,
    folder_for,
    free_port,
    send,
    spawn,
)

T = TypeVar("T")

NODES = ("node-1", "node-2", "node-3")

TIMES = {"ttl": 8, "loop_wait": 1, "retry_timeout": 3}
"""Seconds. A dead primary is missed after `ttl`; it must be at least loop_wait + 2 retry_timeout."""

WHOLE_AGAIN = 90.0
"""Seconds within which three servers have found together again."""


class Cluster(Scoped):
    """The cluster and its folder. In `with` it is started, whole, and gone at the end.

    `settings` are postgresql.conf's. Methods block, and raise ProgramFailed.
    """

    def __init__(self, **settings: str) -> None:
        self.folder = folder_for("moneyer-patroni-")
        self.port = free_port()
        self._settings = settings
        self._nodes = {name: Node(name, self.folder) for name in NODES}
        self._etcd, self._etcd_peers = free_port(), free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """The primary, wherever it is."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def psql(self, statements: str, database: str = "postgres") -> str:
        """Runs SQL on the primary as the superuser; gives its rows, a line each."""
        return psql(self.url(database), statements)

    def start(self) -> None:
        """Returns when there are a primary and two standbys, one of them synchronous."""
        self._start_etcd()
        for node in self._nodes.values():
            node.configure(self._etcd, self._settings)
            node.start()
        self._start_haproxy()
        self.wait_until_whole()

    def close(self) -> None:
        """Ends everything and removes the folder."""
        for node in self._nodes.values():
            node.kill()
        for process in self._processes:
            process.kill()
            process.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)

    def leader(self) -> str | None:
        """The node that is the primary and takes writes; None while there is none."""
        return next((name for name, node in self._nodes.items() if node.is_primary()), None)

    def kill_leader(self) -> str:
        """SIGKILL of the primary and of its Patroni. Gives its name."""
        name = until("there is no primary", self.leader, WHOLE_AGAIN)
        self._nodes[name].kill()
        return name

    def await_leader(self) -> None:
        """Returns when somebody is the primary."""
        until("nobody takes over", self.leader, WHOLE_AGAIN)

    def restart_node(self, name: str) -> None:
        """Starts a node that was killed. It becomes a standby in its own time."""
        self._nodes[name].start()

    def switchover(self) -> None:
        """Hands the primary's part over to the synchronous standby, in good order."""
        name = until("there is no primary", self.leader, WHOLE_AGAIN)
        answer = httpx.post(
            f"{self._nodes[name].api}/switchover", json={"leader": name}, timeout=60, trust_env=False
        )
        if answer.status_code != httpx.codes.OK:
            raise ProgramFailed(f"no switchover: {answer.text}")

    def wait_until_whole(self) -> None:
        """Returns when a primary has two standbys that follow it, one of which may take over."""
        until("the cluster is not whole", self._is_whole, WHOLE_AGAIN)

    def _is_whole(self) -> bool:
        name = self.leader()
        if name is None:
            return False
        node = self._nodes[name]
        roles = sorted(member["role"] for member in node.ask("/cluster").get("members", ()))
        return roles == ["leader", "replica", "sync_standby"] and node.standbys() == ["async", "sync"]

    def _start_etcd(self) -> None:
        clients, peers = (f"http://127.0.0.1:{port}" for port in (self._etcd, self._etcd_peers))
        command = ["/usr/bin/etcd", "--name=drill", f"--data-dir={self.folder / 'etcd'}"]
        command += [f"--listen-client-urls={clients}", f"--advertise-client-urls={clients}"]
        command += [f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"]
        command += [f"--initial-cluster=drill={peers}", "--logger=zap", "--log-level=warn"]
        self._processes.append(spawn(command, self.folder / "etcd.log"))
        until("etcd does not start", lambda: ask(f"{clients}/health").get("health"), PATIENCE)

    def _start_haproxy(self) -> None:
        servers = "\n".join(
            f"  server {node.name} 127.0.0.1:{node.port} check port {node.api_port}"
            for node in self._nodes.values()
        )
        file = self.folder / "haproxy.cfg"
        file.write_text(HAPROXY.format(port=self.port, servers=servers))
        command = ["/usr/sbin/haproxy", "-db", "-f", str(file)]
        self._processes.append(spawn(command, self.folder / "haproxy.log"))


HAPROXY = """\
global
  maxconn 500
defaults
  mode tcp
  timeout connect 2s
  timeout client 1h
  timeout server 1h
  timeout check 1s
listen primary
  bind 127.0.0.1:{port}
  option httpchk GET /primary
  http-check expect status 200
  default-server inter 500ms fastinter 200ms fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
"""


class Node:
    """One Patroni and its PostgreSQL."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.port = free_port()
        self.api_port = free_port()
        self.api = f"http://127.0.0.1:{self.api_port}"
        self._folder = folder
        self._data = folder / name
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, etcd: int, settings: dict[str, str]) -> None:
        """Writes Patroni's settings: JSON is YAML too."""
        trust = ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
        parameters = {
            **DURABLE,
            "wal_log_hints": "on",
            "shared_buffers": "64MB",
            "unix_socket_directories": str(self._folder),
            "lc_messages": "C",
            **settings,
        }
        strict = {"synchronous_mode": True, "synchronous_mode_strict": True}
        postgresql = {"use_pg_rewind": True, "parameters": parameters}
        document = {
            "scope": "moneyer",
            "name": self.name,
            "restapi": _listening(self.api_port),
            "etcd3": {"host": f"127.0.0.1:{etcd}"},
            "bootstrap": {
                "dcs": {**TIMES, **strict, "maximum_lag_on_failover": 0, "postgresql": postgresql},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
            },
            "postgresql": {
                **_listening(self.port),
                "data_dir": str(self._data),
                "bin_dir": str(Path(program("postgres")).parent),
                "pgpass": str(self._folder / f"{self.name}.pgpass"),
                "authentication": {
                    "superuser": {"username": SUPERUSER},
                    "replication": {"username": "replicator"},
                },
                "pg_hba": ["local all all trust", *trust],
            },
        }
        self._settings.write_text(json.dumps(document))

    def start(self) -> None:
        command = ["/usr/bin/patroni", str(self._settings)]
        self._process = spawn(command, self._folder / f"{self.name}.log")

    def kill(self) -> None:
        """SIGKILL of all there is: nobody is left to tell the others."""
        postmaster = self._postmaster()
        family = list(children(postmaster)) if postmaster else []
        if self._process is not None:
            send((self._process.pid,), signal.SIGSTOP)
            family += children(self._process.pid)
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None
        send([*family, postmaster] if postmaster else family, signal.SIGKILL)
        await_gone([*family, postmaster] if postmaster else family)

    def is_primary(self) -> bool:
        return ask(f"{self.api}/primary").get("role") in {"master", "primary"}

    def ask(self, path: str) -> Any:
        """What its Patroni says; nothing when it does not answer."""
        return ask(f"{self.api}{path}")

    def standbys(self) -> list[str]:
        """How the standbys that follow this primary are waited for, in alphabetical order."""
        return sorted(
            standby["sync_state"]
            for standby in self.ask("/patroni").get("replication", ())
            if standby["state"] == "streaming"
        )

    @property
    def _settings(self) -> Path:
        return self._folder / f"{self.name}.json"

    def _postmaster(self) -> int | None:
        """The pid of the PostgreSQL that runs on this node's data, if one does."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().partition("\n")[0])
            mine = Path(f"/proc/{pid}/cwd").readlink() == self._data
        except (OSError, ValueError):
            return None
        return pid if mine else None


def _listening(port: int) -> dict[str, str]:
    return {"listen": f"127.0.0.1:{port}", "connect_address": f"127.0.0.1:{port}"}


def ask(url: str) -> Any:
    """The JSON that is answered with 200; an empty object for anything else."""
    try:
        answer = httpx.get(url, timeout=2, trust_env=False)
        return answer.json() if answer.status_code == httpx.codes.OK else {}
    except (httpx.TransportError, json.JSONDecodeError):
        return {}


def until(wrong: str, look: Callable[[], T | None], patience: float) -> T:
    """What `look` finds, as soon as it finds something. Raises ProgramFailed(wrong)."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        if time.monotonic() > deadline:
            raise ProgramFailed(wrong)
        time.sleep(0.05)
    return found
