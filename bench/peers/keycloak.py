"""Keycloak on PostgreSQL: ES256 JWTs; sessions, but no tokens, are stored."""

import hashlib
import json
import os
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench.failures import BenchFailure
from bench.peers.asking import (
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    USERNAME,
    Application,
    all_flows,
)
from bench.peers.installing import once, run
from bench.peers.peer import Running, stopping
from bench.postgresql import postgresql
from bench.server import ServerProcess, free_port

_VERSION = "26.7.3"
_ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{_VERSION}:zip"
_SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
_FETCH = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
_LEAST_JAVA = 17

_START_SECONDS = 300.0
_WARM_UP_SECONDS = 75.0
_CONNECTIONS = "16"

_REALM = {
    "realm": "bench",
    "enabled": True,
    "sslRequired": "none",
    "defaultSignatureAlgorithm": "ES256",
    "revokeRefreshToken": True,
    "refreshTokenMaxReuse": 0,
    "accessTokenLifespan": 7200,
    "ssoSessionIdleTimeout": 7200,
    "components": {
        "org.keycloak.keys.KeyProvider": [
            {
                "name": "ecdsa",
                "providerId": "ecdsa-generated",
                "config": {"priority": ["100"], "ecdsaEllipticCurveKey": ["P-256"]},
            },
            {
                "name": "hmac",
                "providerId": "hmac-generated",
                "config": {"priority": ["100"], "algorithm": ["HS512"]},
            },
        ]
    },
    "clients": [
        {
            "clientId": CLIENT_ID,
            "secret": CLIENT_SECRET,
            "publicClient": False,
            "standardFlowEnabled": False,
            "directAccessGrantsEnabled": True,
            "serviceAccountsEnabled": True,
            "fullScopeAllowed": False,
            "defaultClientScopes": ["basic"],
            "optionalClientScopes": [],
            # Keycloak tells a caller only of tokens that are meant for it.
            "protocolMappers": [
                {
                    "name": "audience",
                    "protocol": "openid-connect",
                    "protocolMapper": "oidc-audience-mapper",
                    "config": {
                        "included.client.audience": CLIENT_ID,
                        "access.token.claim": "true",
                        "introspection.token.claim": "true",
                    },
                }
            ],
        }
    ],
    "users": [
        {
            "username": USERNAME,
            "enabled": True,
            "email": "ada@bank.example",
            "emailVerified": True,
            "firstName": "Ada",
            "lastName": "Marsh",
            "credentials": [{"type": "password", "value": PASSWORD}],
        }
    ],
}


class Keycloak:
    name = "keycloak"
    stores = "two rows a sign-in, changed by its refreshes; nothing for client_credentials"

    def install(self) -> Mapping[str, str]:
        version, _ = _java()
        self._home()
        return {"keycloak": _VERSION, "java": version}

    @contextmanager
    def start(self, place: Path) -> Iterator[Running]:
        home, port = self._home(), free_port()
        with postgresql(self.name) as database:
            url = urlsplit(database.url)
            settings = {
                "http-enabled": "true",
                "http-host": "127.0.0.1",
                "http-port": str(port),
                "hostname-strict": "false",
                "cache": "local",
                "log-level": "warn",
                "db-url": f"jdbc:postgresql://{url.hostname}:{url.port}{url.path}",
                "db-username": str(url.username),
                "db-pool-initial-size": _CONNECTIONS,
                "db-pool-min-size": _CONNECTIONS,
                "db-pool-max-size": _CONNECTIONS,
            }
            options = [f"--{name}={value}" for name, value in settings.items()]
            process = ServerProcess(
                self.name,
                ["sh", str(home / "bin/kc.sh"), "start", "--optimized", "--import-realm", *options],
                port,
                place / "keycloak.log",
                environment=_java_environment(),
            )
            with stopping(process):
                path = "/realms/bench/protocol/openid-connect/token"
                application = Application(process, path, f"{path}/introspect", {})
                request = application.token_request("client_credentials")
                application.await_tokens(request, _START_SECONDS)
                flows = all_flows(application, application)
                yield Running(self.name, process, flows, database.process, warm_up=_WARM_UP_SECONDS)

    def _home(self) -> Path:
        pinned = json.dumps([_ARTIFACT, _SHA256, _java()[0], _REALM])
        return once("keycloak", pinned, _build) / f"keycloak-{_VERSION}"


def _build(folder: Path) -> None:
    run(["mvn", "-q", "-B", _FETCH, f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={folder}"])
    archive = folder / f"keycloak-quarkus-dist-{_VERSION}.zip"
    if hashlib.sha256(archive.read_bytes()).hexdigest() != _SHA256:
        raise BenchFailure(f"{archive.name} is not the one we know")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    archive.unlink()
    home = folder / f"keycloak-{_VERSION}"
    realm = home / "data/import/bench-realm.json"
    realm.parent.mkdir(parents=True)
    realm.write_text(json.dumps(_REALM))
    run(["sh", str(home / "bin/kc.sh"), "build", "--db=postgres"], environment=_java_environment())


def _java_environment() -> dict[str, str]:
    return {"JAVA_HOME": str(_java()[1]), "JAVA_OPTS_KC_HEAP": "-Xms1g -Xmx1g"}


def _java() -> tuple[str, Path]:
    """The newest Java of this machine: its version and its home. Raises BenchFailure."""
    homes = list(Path("/usr/lib/jvm").glob("*"))
    if named := os.environ.get("JAVA_HOME"):
        homes.append(Path(named))
    if on_path := shutil.which("java"):
        homes.append(Path(on_path).resolve().parents[1])
    found = [(version, home) for home in homes if (version := _java_version(home)) is not None]
    newest = max(found, key=lambda java: [int(part) for part in java[0].split(".")], default=None)
    if newest is None or int(newest[0].split(".")[0]) < _LEAST_JAVA:
        raise BenchFailure(f"no Java {_LEAST_JAVA} or newer on this machine")
    return newest


def _java_version(home: Path) -> str | None:
    try:
        told = re.search(r'^JAVA_VERSION="([\d.]+)', (home / "release").read_text(), re.MULTILINE)
    except OSError:
        return None
    return told[1] if told and (home / "bin/java").exists() else None
