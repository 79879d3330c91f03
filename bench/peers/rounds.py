"""Peers in turn, one under load at a time, on the core they share with the load generator."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import uvloop

from bench.failures import BenchFailure, Refused
from bench.load import Flow, Window, run_window
from bench.peers.peer import Running
from bench.rounds import Plan, Say

_SETTLE_SECONDS = 0.5
_SLOW_CONNECTIONS = 4
_SLOW_WINDOWS = 3.0


@dataclass(frozen=True)
class Result:
    """One counted window. `resident_bytes` are the server's, right after it."""

    peer: str
    load: str
    window: Window
    database_cpu_seconds: float
    resident_bytes: int

    @property
    def database_cpu_us(self) -> float:
        """Database CPU per answered request, in microseconds."""
        return self.database_cpu_seconds / self.window.requests * 1e6


def rounds(peers: Sequence[Running], loads: Sequence[str], plan: Plan, say: Say) -> list[Result]:
    """Warm every peer up, then measure: each round all loads, each load all peers that can do it.

    Every second round goes through the peers backwards, so that none always follows the same one.
    The calling thread must be pinned to the core on which the peers were started. Raises
    BenchFailure.
    """
    flows = {
        (peer.name, load): peer.flows[load](_connections(peer, load, plan))
        for peer in peers
        for load in loads
        if load in peer.flows
    }
    for peer in peers:
        say(f"warming up {peer.name}")
        for load in loads:
            if load in peer.flows:
                window(peer, load, flows[peer.name, load], peer.warm_up)
    results = []
    for number in range(plan.rounds):
        say(f"round {number + 1} of {plan.rounds}")
        turn = peers if number % 2 == 0 else peers[::-1]
        results += [
            window(peer, load, flows[peer.name, load], _seconds(peer, load, plan))
            for load in loads
            for peer in turn
            if load in peer.flows
        ]
    return results


def median(results: Sequence[Result], of: Callable[[Result], float]) -> float:
    return statistics.median(of(result) for result in results)


def _connections(peer: Running, load: str, plan: Plan) -> int:
    return min(plan.connections, _SLOW_CONNECTIONS) if load in peer.slow else plan.connections


def _seconds(peer: Running, load: str, plan: Plan) -> float:
    return max(plan.seconds, _SLOW_WINDOWS) if load in peer.slow else plan.seconds


def window(peer: Running, load: str, flows: Sequence[Flow], seconds: float) -> Result:
    """One counted window. Raises BenchFailure."""
    peer.process.check_alive()
    database: list[float] = []

    def cpu_seconds() -> float:
        database.append(peer.database_cpu_seconds())
        return peer.process.cpu_seconds()

    port = peer.process.port
    try:
        window = uvloop.run(run_window(port, flows, cpu_seconds, _SETTLE_SECONDS, seconds))
    except (OSError, Refused) as failure:
        where = f"{peer.name}, {load}"
        raise BenchFailure(f"{where}: {failure!r}\n{peer.process.log_tail()}") from failure
    first, last = database
    return Result(peer.name, load, window, last - first, peer.process.resident_bytes())
