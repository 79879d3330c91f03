"""`python -m bench.peers`: the peers in turn on one core, a table of what each request costs."""

import argparse
import os
import signal
import sys

from bench.failures import BenchFailure
from bench.peers.known import PEERS, started
from bench.peers.peer import LOADS
from bench.peers.report import table
from bench.peers.rounds import Plan, rounds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    names = [peer.name for peer in PEERS]
    parser.add_argument("--only", action="append", choices=names, help="may be given again")
    parser.add_argument("--seconds", type=float, default=3.0, help="counted, each load")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    chosen = parser.parse_args()
    if min(chosen.seconds, chosen.rounds, chosen.connections) <= 0:
        parser.error("seconds, rounds and connections are above zero")
    # Inside the event loop only SIGINT becomes an interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    peers = [peer for peer in PEERS if peer.name in (chosen.only or names)]
    plan = Plan(chosen.seconds, chosen.rounds, chosen.connections)
    try:
        for peer in peers:
            _say(f"installing {peer.name}, unless it is there")
            versions = ", ".join(f"{part} {version}" for part, version in peer.install().items())
            print(f"{peer.name}: {versions}\n    stores {peer.stores}", flush=True)
        with started(peers, min(os.sched_getaffinity(0)), _say) as running:
            results = rounds(running, LOADS, plan, _say)
    except (BenchFailure, OSError) as failure:
        print(f"\nbench.peers failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; every server is ended", file=sys.stderr)
        return 130
    print(f"\n{table(results)}")
    return 0


def _say(progress: str) -> None:
    print(f"{progress} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
