"""`python -m bench`: the service against its limit, then among its peers; tables of ratios."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.command import count, say, seconds, stop_on_signals
from bench.failures import BenchFailure
from bench.peers.chart import chart
from bench.peers.known import PEERS, started
from bench.peers.peer import LOADS, Peer
from bench.peers.report import as_json, table
from bench.peers.rounds import rounds
from bench.peers.verification import verification_us
from bench.report import as_json as limit_json
from bench.report import table as limit_table
from bench.rounds import Plan, measure

RESULTS = Path("build/bench")


def main() -> int:
    names = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=["limit", *names], help="may be given again")
    parser.add_argument("--seconds", type=seconds, default=2.0, help="counted, each load")
    parser.add_argument("--rounds", type=count, default=5)
    parser.add_argument("--connections", type=count, default=32)
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the costs as SVG")
    chosen = parser.parse_args()
    stop_on_signals()
    plan = Plan(chosen.seconds, chosen.rounds, chosen.connections)
    RESULTS.mkdir(parents=True, exist_ok=True)
    cores = os.sched_getaffinity(0)
    try:
        if not chosen.only or "limit" in chosen.only:
            run = measure(plan, say)
            print(f"{limit_table(run)}\n")
            (RESULTS / "limit.json").write_bytes(limit_json(run))
        os.sched_setaffinity(0, cores)
        peers = [peer for peer in PEERS if peer.name in (chosen.only or names)]
        if peers:
            _among(peers, plan, chosen.chart)
    except (BenchFailure, OSError) as failure:
        print(f"\nbench failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; every server is ended", file=sys.stderr)
        return 130
    return 0


def _among(peers: Sequence[Peer], plan: Plan, drawn: Path | None) -> None:
    versions = {}
    for peer in peers:
        say(f"installing {peer.name}, unless it is there")
        versions[peer.name] = peer.install()
        parts = ", ".join(f"{part} {version}" for part, version in versions[peer.name].items())
        print(f"{peer.name}: {parts}\n    stores {peer.stores}", flush=True)
    with started(peers, min(os.sched_getaffinity(0)), say) as running:
        results = rounds(running, LOADS, plan, say)
    print(f"\n{table(results)}")
    print(
        f"\nWhere the peers are asked about a token, Moneyer's are checked by whoever holds the key "
        f"set: {verification_us():.1f} CPU µs, no request."
    )
    (RESULTS / "peers.json").write_bytes(as_json(results, versions))
    if drawn is not None:
        drawn.write_text(chart(results))


if __name__ == "__main__":
    sys.exit(main())
