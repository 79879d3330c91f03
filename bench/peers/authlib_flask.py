"""Authlib as a server with Flask and SQLAlchemy on PostgreSQL: ES256 JWTs, each a row as well."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.peers.asking import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
    Application,
    all_flows,
)
from bench.peers.installing import SERVERS, python_environment, python_versions, run
from bench.peers.peer import Running, stopping
from bench.peers.wsgi import granian
from bench.postgresql import postgresql

_START_SECONDS = 30.0
_SOURCE = SERVERS / "authlib"
_PACKAGES = ("authlib", "flask", "sqlalchemy", "granian", "psycopg")


class AuthlibFlask:
    name = "authlib"
    stores = "ES256 JWT and refresh token in clear, a row a pair; a refresh adds one, changes one"

    def install(self) -> Mapping[str, str]:
        return python_versions(python_environment("authlib"), *_PACKAGES)

    @contextmanager
    def start(self, place: Path) -> Iterator[Running]:
        programs = python_environment("authlib")
        with postgresql(self.name) as database:
            environment = {
                "DATABASE_URL": database.url,
                "PYTHONPATH": str(_SOURCE),
                "AUTHLIB_INSECURE_TRANSPORT": "1",
            }
            seed = [str(programs / "python"), str(_SOURCE / "seed.py")]
            run([*seed, CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD], environment=environment)
            process = granian(self.name, programs, "server:app", place / "authlib.log", environment)
            with stopping(process):
                paths = "/oauth/token", "/oauth/introspect"
                application = Application(process, *paths, {"scope": "api"})
                request = application.token_request("client_credentials")
                application.await_tokens(request, _START_SECONDS)
                flows = all_flows(application, application)
                yield Running(self.name, process, flows, database.process)
