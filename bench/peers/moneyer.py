"""The service itself, in the same alternation: on SQLite and on PostgreSQL."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from bench.chains import open_chains
from bench.peers.asking import chains, repeat
from bench.peers.installing import run
from bench.peers.peer import Flows, Running, stopping
from bench.postgresql import postgresql, program
from bench.sandbox import Contract, Sandbox, await_live, launch, open_sandbox
from bench.server import ServerProcess, free_port
from moneyer.keys.sealing import derive, new_master_key_file, parse_master_key
from moneyer.sandbox.seed import populate
from moneyer.store.database import PostgresqlUrl
from moneyer.store.engine import opened

_COMMAND = Path(sys.executable).with_name("moneyer")
_CHAINS = 64
_SIGN_IN_SECONDS = 30.0
_ROLES = (
    "CREATE ROLE moneyer_owner LOGIN CREATEROLE",
    "CREATE ROLE moneyer_serving",
    "CREATE ROLE moneyer LOGIN IN ROLE moneyer_serving",
    "CREATE DATABASE moneyer OWNER moneyer_owner",
)


class _Moneyer:
    stores = (
        "an audit event a request, durable before the answer; a refresh changes its family's one "
        "row; ES256 JWTs"
    )

    def install(self) -> Mapping[str, str]:
        return {"moneyer": version("moneyer")}


class OnSqlite(_Moneyer):
    name = "moneyer-sqlite"

    @contextmanager
    def start(self, place: Path) -> Iterator[Running]:
        data = place / "moneyer"
        with stopping(launch(free_port(), data, place / f"{self.name}.log")) as process:
            sandbox, _ = open_sandbox(process, data)
            yield Running(self.name, process, _flows(sandbox))


class OnPostgresql(_Moneyer):
    name = "moneyer-postgresql"

    @contextmanager
    def start(self, place: Path) -> Iterator[Running]:
        with postgresql(self.name) as database:
            folder = place / self.name
            folder.mkdir()
            settings, port = folder / "moneyer.toml", free_port()
            contract = _prepare(database.url, folder, settings, port)
            command = [str(_COMMAND), "serve", "--settings", str(settings)]
            log = place / f"{self.name}.log"
            with stopping(ServerProcess(self.name, command, port, log)) as process:
                await_live(process)
                yield Running(self.name, process, _flows(Sandbox(process, contract)), database.process)


def _prepare(url: str, folder: Path, settings: Path, port: int) -> Contract:
    """Makes the roles, the tables and the demo bank's cast; gives its card."""
    for statement in _ROLES:
        run([program("psql"), "--quiet", "--dbname", url, "--command", statement])
    owner, serving = (url.replace("//bench@", f"//{role}@") for role in ("moneyer_owner", "moneyer"))
    key = folder / "master.key"
    new_master_key_file(key)
    base_url = f"http://127.0.0.1:{port}"
    settings.write_text(
        f'[server]\nbase_url = "{base_url}"\nport = {port}\n'
        f'[store]\npostgresql = "{_in_moneyer(serving)}"\npostgresql_owner = "{_in_moneyer(owner)}"\n'
        f'[keys]\nmaster_key_file = "{key}"\n[log]\nlevel = "warning"\n'
    )
    run([str(_COMMAND), "migrate", "--settings", str(settings)])
    with opened(PostgresqlUrl(_in_moneyer(serving))) as engine:
        card = populate(engine, derive(parse_master_key(key.read_text())), base_url)
    return msgspec.convert(msgspec.to_builtins(card), type=Contract)


def _in_moneyer(url: str) -> str:
    return url.rpartition("/")[0] + "/moneyer"


def _flows(sandbox: Sandbox) -> dict[str, Flows]:
    machine = sandbox.caller("client_credentials").request("grant_type=client_credentials")
    caller = sandbox.caller("password", "refresh_token", customers=True)
    customer = sandbox.customers(caller.institution)[0]
    who = {"username": customer.login_id, "password": customer.password}
    password = caller.request(urlencode({"grant_type": "password", **who}))
    tokens = open_chains(sandbox, caller, _CHAINS, _SIGN_IN_SECONDS)

    return {
        "client_credentials": repeat(machine),
        "refresh_token": chains(caller.head, tokens),
        "password": repeat(password),
    }
