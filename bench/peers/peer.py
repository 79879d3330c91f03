"""What a peer is: something to install, to start on a core, and to ask for tokens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench.load import Flow
from bench.server import ServerProcess

LOADS = ("client_credentials", "refresh_token", "password", "introspection")

Flows = Callable[[int], Sequence[Flow]]
"""From a number of connections to what each of them asks."""


@dataclass(frozen=True)
class Running:
    """A server that answers, and what to ask it.

    `flows` has an entry for each load it can do. `slow` are the loads that hash a password for
    each request: they get few connections, so that nobody queues for longer than a window.
    `warm_up` is for how many seconds each load runs before anything is counted.
    """

    name: str
    process: ServerProcess
    flows: Mapping[str, Flows]
    database: ServerProcess | None = None
    slow: frozenset[str] = field(default=frozenset({"password"}))
    warm_up: float = 3.0

    def database_cpu_seconds(self) -> float:
        return 0.0 if self.database is None else self.database.cpu_seconds()


class Peer(Protocol):
    """One token server in one configuration. Every method raises BenchFailure."""

    @property
    def name(self) -> str: ...

    @property
    def stores(self) -> str:
        """What an answered request leaves behind, in a few words."""

    def install(self) -> Mapping[str, str]:
        """Put all it needs under build/peers, unless it is there. Returns versions by part."""

    def start(self, place: Path) -> AbstractContextManager[Running]:
        """Start it and its database on the core of the calling thread; files go to `place`."""


@contextmanager
def stopping(process: ServerProcess) -> Iterator[ServerProcess]:
    try:
        yield process
    finally:
        process.stop()
