"""`python -m bench.peers`: the peers in turn on one core, a table of what each request costs."""

import argparse
import os
import sys

from bench.command import count, say, seconds, stop_on_signals
from bench.failures import BenchFailure
from bench.peers.known import PEERS, started
from bench.peers.peer import LOADS
from bench.peers.report import table
from bench.peers.rounds import rounds
from bench.rounds import Plan


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    names = [peer.name for peer in PEERS]
    parser.add_argument("--only", action="append", choices=names, help="may be given again")
    parser.add_argument("--seconds", type=seconds, default=3.0, help="counted, each load")
    parser.add_argument("--rounds", type=count, default=3)
    parser.add_argument("--connections", type=count, default=32)
    chosen = parser.parse_args()
    stop_on_signals()
    peers = [peer for peer in PEERS if peer.name in (chosen.only or names)]
    plan = Plan(chosen.seconds, chosen.rounds, chosen.connections)
    try:
        for peer in peers:
            say(f"installing {peer.name}, unless it is there")
            versions = ", ".join(f"{part} {version}" for part, version in peer.install().items())
            print(f"{peer.name}: {versions}\n    stores {peer.stores}", flush=True)
        with started(peers, min(os.sched_getaffinity(0)), say) as running:
            results = rounds(running, LOADS, plan, say)
    except (BenchFailure, OSError) as failure:
        print(f"\nbench.peers failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; every server is ended", file=sys.stderr)
        return 130
    print(f"\n{table(results)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
