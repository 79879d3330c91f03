"""The service and the peers we compare it with, and how to have several of them run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.peers.authlib_flask import AuthlibFlask
from bench.peers.django_oauth_toolkit import DjangoOAuthToolkit
from bench.peers.keycloak import Keycloak
from bench.peers.moneyer import OnPostgresql, OnSqlite
from bench.peers.oidc_provider import OidcProvider
from bench.peers.peer import Peer, Running
from bench.server import pin

PEERS: tuple[Peer, ...] = (
    OnSqlite(),
    OnPostgresql(),
    OidcProvider(),
    DjangoOAuthToolkit(),
    DjangoOAuthToolkit(hashed=True),
    AuthlibFlask(),
    Keycloak(),
)


@contextmanager
def started(peers: Sequence[Peer], core: int, say: Callable[[str], None]) -> Iterator[list[Running]]:
    """Start them all on one core, and end them all.

    The calling thread is pinned to `core` for good. Raises BenchFailure.
    """
    pin(core)
    with TemporaryDirectory(prefix="bench-peers-") as place, ExitStack() as running:
        servers = []
        for peer in peers:
            say(f"starting {peer.name}")
            servers.append(running.enter_context(peer.start(Path(place))))
        yield servers
