"""django-oauth-toolkit on PostgreSQL: opaque tokens, each a row."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.peers.asking import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
    Application,
    all_flows,
    repeat,
)
from bench.peers.installing import SERVERS, python_environment, python_versions, run
from bench.peers.peer import Running, stopping
from bench.peers.wsgi import granian
from bench.postgresql import postgresql
from bench.server import ServerProcess

_START_SECONDS = 30.0
_SOURCE = SERVERS / "django"
_PACKAGES = ("django-oauth-toolkit", "django", "granian", "psycopg")


@dataclass(frozen=True)
class DjangoOAuthToolkit:
    """`hashed`: with client secrets under PBKDF2, as it keeps them unless told otherwise."""

    hashed: bool = False

    stores = "opaque tokens in clear, a row each; a refresh adds two rows, changes one, deletes one"

    @property
    def name(self) -> str:
        return "django-oauth-toolkit" + ("-hashed" if self.hashed else "")

    def install(self) -> Mapping[str, str]:
        return python_versions(python_environment("django"), *_PACKAGES)

    @contextmanager
    def start(self, place: Path) -> Iterator[Running]:
        programs = python_environment("django")
        with postgresql(self.name) as database:
            environment = {"DATABASE_URL": database.url, "PYTHONPATH": str(_SOURCE)}
            seed = [str(programs / "python"), str(_SOURCE / "seed.py")]
            who = [CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD]
            run([*seed, *who, "hashed" if self.hashed else "plain"], environment=environment)
            process = granian(
                self.name, programs, "wsgi:application", place / "django.log", environment
            )
            with stopping(process):
                yield self._running(process, database.process)

    def _running(self, process: ServerProcess, database: ServerProcess) -> Running:
        application = Application(process, "/o/token/", "/o/introspect/", {"scope": "api"})
        request = application.token_request("client_credentials")
        application.await_tokens(request, _START_SECONDS)
        if self.hashed:
            flows = {"client_credentials": repeat(request)}
            return Running(self.name, process, flows, database, slow=frozenset(flows))
        first_party = replace(application, client_id=f"{CLIENT_ID}-password")
        return Running(self.name, process, all_flows(application, first_party), database)
