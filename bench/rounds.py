"""One run: the service and its limit in turn, round after round, on the same core."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.chains import open_chains
from bench.failures import BenchFailure, Refused
from bench.limit import crypto_seconds, launch_echo, wait_for_echo
from bench.load import Flow, Refresh, Repeat, Window, refresh_token_in, run_window
from bench.sandbox import Caller, Sandbox, launch, open_sandbox, sample
from bench.server import ServerProcess, free_port, pin
from bench.wire import Answer

_WARM_UP_SECONDS = 0.3
_CRYPTO_SECONDS = 0.2
_SIGN_IN_SECONDS = 30.0
_CHAINS = 64

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """Counted seconds of a window, number of rounds, connections of a load."""

    seconds: float
    rounds: int
    connections: int


@dataclass(frozen=True)
class Arrangement:
    name: str
    server_core: int
    generator_core: int


@dataclass(frozen=True)
class Crypto:
    """What one request cannot do without."""

    signatures: int
    macs: int
    digests: int


@dataclass(frozen=True)
class Load:
    name: str
    target: float
    crypto: Crypto
    service_flows: Sequence[Flow]
    echo_flows: Sequence[Flow]
    echo: ServerProcess
    service_answer_bytes: int
    echo_answer_bytes: int


@dataclass(frozen=True)
class Round:
    """The service, then the echo, then the crypto, one right after the other."""

    load: str
    arrangement: str
    service: Window
    echo: Window
    crypto_us: float

    @property
    def limit_us(self) -> float:
        return self.echo.cpu_us + self.crypto_us

    @property
    def ratio(self) -> float:
        """1.0: as cheap as the limit. 0.5: twice its cost."""
        return self.limit_us / self.service.cpu_us


@dataclass(frozen=True)
class Run:
    plan: Plan
    loads: Sequence[Load]
    arrangements: Sequence[Arrangement]
    rounds: Sequence[Round]
    first_token_seconds: float
    resident_bytes_at_start: int
    resident_bytes_after: int
    chains: int


def arrangements() -> list[Arrangement]:
    cores = sorted(os.sched_getaffinity(0))
    found = [Arrangement("one core", cores[0], cores[0])]
    if len(cores) > 1:
        found.append(Arrangement("two cores", cores[0], cores[1]))
    return found


def measure(plan: Plan, say: Say) -> Run:
    """Raises BenchFailure; ends every process it started, whatever happens."""
    places = arrangements()
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, _ended_at_exit() as started:
        place = Path(scratch)
        pin(places[0].server_core)
        say("starting the sandbox")
        service = launch(free_port(), place / "data", place / "service.log")
        started.append(service)
        sandbox, first_token = open_sandbox(service, place / "data")
        at_start = service.resident_bytes()
        say("signing in the refresh chains")
        caller = sandbox.caller("password", "refresh_token", customers=True)
        chains = open_chains(sandbox, caller, max(_CHAINS, plan.connections), _SIGN_IN_SECONDS)
        loads = [
            _client_credentials(sandbox, plan, place, started),
            _refresh(sandbox, caller, chains, plan, place, started),
        ]
        rounds = [
            _round(service, load, arrangement, plan)
            for number in _counted(plan.rounds, say)
            for arrangement in places
            for load in loads
        ]
        after = service.resident_bytes()
    return Run(plan, loads, places, rounds, first_token, at_start, after, len(chains))


def _counted(rounds: int, say: Say) -> Iterator[int]:
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        yield number


def _client_credentials(
    sandbox: Sandbox, plan: Plan, place: Path, started: list[ServerProcess]
) -> Load:
    request = sandbox.caller("client_credentials").request("grant_type=client_credentials")
    answer = sample(sandbox.process.port, request)
    echo, echoed = _echo("client_credentials", answer, request, place, started)
    flows = [Repeat(request)] * plan.connections
    crypto = Crypto(signatures=1, macs=1, digests=0)
    sizes = len(answer.raw), len(echoed.raw)
    return Load("client_credentials", 0.7, crypto, flows, flows, echo, *sizes)


def _refresh(
    sandbox: Sandbox,
    caller: Caller,
    chains: list[bytes],
    plan: Plan,
    place: Path,
    started: list[ServerProcess],
) -> Load:
    request = Refresh(caller.head, chains[:1]).next_request()
    answer = sample(sandbox.process.port, request)
    chains[0] = refresh_token_in(answer.body)
    echo, echoed = _echo("refresh_token", answer, request, place, started)
    connections = min(plan.connections, len(chains))
    flows = [Refresh(caller.head, chains[n::connections]) for n in range(connections)]
    echoes = [Refresh(caller.head, chains[:1]) for _ in range(connections)]
    crypto = Crypto(signatures=1, macs=4, digests=1)
    sizes = len(answer.raw), len(echoed.raw)
    return Load("refresh_token", 0.6, crypto, flows, echoes, echo, *sizes)


def _echo(
    name: str, answer: Answer, request: bytes, place: Path, started: list[ServerProcess]
) -> tuple[ServerProcess, Answer]:
    echo = launch_echo(name, answer, free_port(), place)
    started.append(echo)
    return echo, wait_for_echo(echo, request)


def _round(service: ServerProcess, load: Load, arrangement: Arrangement, plan: Plan) -> Round:
    def window(server: ServerProcess, flows: Sequence[Flow]) -> Window:
        server.check_alive()
        counted = run_window(server.port, flows, server.cpu_seconds, _WARM_UP_SECONDS, plan.seconds)
        try:
            return uvloop.run(counted)
        except (OSError, Refused) as failure:
            where = f"{load.name}, {arrangement.name}, {server.name}"
            raise BenchFailure(f"{where}: {failure!r}\n{server.log_tail()}") from failure

    pin(arrangement.generator_core)
    served = window(service, load.service_flows)
    echoed = window(load.echo, load.echo_flows)
    pin(arrangement.server_core)
    crypto = load.crypto
    each = crypto_seconds(crypto.signatures, crypto.macs, crypto.digests, _CRYPTO_SECONDS)
    return Round(load.name, arrangement.name, served, echoed, each * 1e6)


@contextlib.contextmanager
def _ended_at_exit() -> Iterator[list[ServerProcess]]:
    """Processes appended to the list are ended at the end, with Ctrl-C held off meanwhile."""
    started: list[ServerProcess] = []
    try:
        yield started
    finally:
        before = {s: signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGTERM)}
        for process in started:
            process.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
