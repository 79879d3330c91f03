"""The service itself, in the same alternation: on SQLite and on PostgreSQL."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from bench.chains import open_chains
from bench.failures import BadAnswer, ServerFailure
from bench.load import Refresh, Repeat
from bench.peers.peer import Flows, Running, stopping
from bench.postgresql import postgresql
from bench.sandbox import Contract, Sandbox, launch, open_sandbox
from bench.server import ServerProcess, free_port
from bench.wire import ask, request_head
from moneyer.keys.sealing import derive, new_master_key_file, parse_master_key
from moneyer.sandbox.seed import populate
from moneyer.store.database import PostgresqlUrl
from moneyer.store.engine import opened

_COMMAND = Path(sys.executable).with_name("moneyer")
_CHAINS = 64
_SIGN_IN_SECONDS = 30.0
_START_SECONDS = 30.0
_ROLES = (
    "CREATE ROLE moneyer_owner LOGIN CREATEROLE;"
    " CREATE ROLE moneyer_serving;"
    " CREATE ROLE moneyer LOGIN IN ROLE moneyer_serving;"
    " CREATE DATABASE moneyer OWNER moneyer_owner;"
)
_STORES = (
    "an audit event a request, durable before the answer; a refresh changes its family's one row; "
    "ES256 JWTs"
)


class OnSqlite:
    name = "moneyer-sqlite"
    stores = _STORES

    def install(self) -> Mapping[str, str]:
        return {"moneyer": version("moneyer")}

    @contextmanager
    def start(self, place: Path) -> Iterator[Running]:
        data = place / "moneyer"
        with stopping(launch(free_port(), data, place / "moneyer-sqlite.log")) as process:
            sandbox, _ = open_sandbox(process, data)
            yield Running(self.name, process, _flows(sandbox))


class OnPostgresql:
    name = "moneyer-postgresql"
    stores = _STORES

    def install(self) -> Mapping[str, str]:
        return {"moneyer": version("moneyer")}

    @contextmanager
    def start(self, place: Path) -> Iterator[Running]:
        with postgresql(self.name) as database:
            folder = place / "moneyer-postgresql"
            folder.mkdir()
            settings, port = folder / "moneyer.toml", free_port()
            contract = _prepare(database.url, folder, settings, port)
            command = [str(_COMMAND), "serve", "--settings", str(settings)]
            log = place / "moneyer-postgresql.log"
            with stopping(ServerProcess(self.name, command, port, log)) as process:
                _await_live(process)
                yield Running(self.name, process, _flows(Sandbox(process, contract)), database.process)


def _prepare(url: str, folder: Path, settings: Path, port: int) -> Contract:
    """Makes the roles, the tables and the demo bank's cast; gives its card."""
    for role in filter(None, _ROLES.split(";")):
        _run(["psql", "--quiet", "--dbname", url, "--command", role])
    owner, serving = (url.replace("//bench@", f"//{role}@") for role in ("moneyer_owner", "moneyer"))
    key = folder / "master.key"
    new_master_key_file(key)
    base_url = f"http://127.0.0.1:{port}"
    settings.write_text(
        f'[server]\nbase_url = "{base_url}"\nport = {port}\n'
        f'[store]\npostgresql = "{_in_moneyer(serving)}"\npostgresql_owner = "{_in_moneyer(owner)}"\n'
        f'[keys]\nmaster_key_file = "{key}"\n[log]\nlevel = "warning"\n'
    )
    _run([str(_COMMAND), "migrate", "--settings", str(settings)])
    with opened(PostgresqlUrl(_in_moneyer(serving))) as engine:
        card = populate(engine, derive(parse_master_key(key.read_text())), base_url)
    return msgspec.convert(msgspec.to_builtins(card), type=Contract)


def _in_moneyer(url: str) -> str:
    return url.rpartition("/")[0] + "/moneyer"


def _run(command: list[str]) -> None:
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    if ended.returncode != 0:
        raise ServerFailure(f"{command[0]} ended with status {ended.returncode}\n{ended.stderr}")


def _await_live(process: ServerProcess) -> None:
    live = request_head("GET", "/health/live", f"127.0.0.1:{process.port}", ()) + b"0\r\n\r\n"
    deadline = process.started_at + _START_SECONDS
    while time.perf_counter() < deadline:
        process.check_alive()
        try:
            if ask(process.port, live).status == 200:
                return
        except (OSError, BadAnswer):
            time.sleep(0.02)
    raise ServerFailure(f"{process.name} was not ready\n{process.log_tail()}")


def _flows(sandbox: Sandbox) -> dict[str, Flows]:
    machine = sandbox.caller("client_credentials").request("grant_type=client_credentials")
    caller = sandbox.caller("password", "refresh_token", customers=True)
    customer = sandbox.customers(caller.institution)[0]
    who = {"username": customer.login_id, "password": customer.password}
    password = caller.request(urlencode({"grant_type": "password", **who}))
    chains = open_chains(sandbox, caller, _CHAINS, _SIGN_IN_SECONDS)

    def refresh(connections: int) -> list[Refresh]:
        used = min(connections, len(chains))
        return [Refresh(caller.head, chains[n::used]) for n in range(used)]

    return {
        "client_credentials": lambda connections: [Repeat(machine)] * connections,
        "refresh_token": refresh,
        "password": lambda connections: [Repeat(password)] * connections,
    }
