"""`python -m bench`: one run, a table of ratios."""

import argparse
import sys
from pathlib import Path

from bench.command import count, say, seconds, stop_on_signals
from bench.failures import BenchFailure
from bench.report import as_json, table
from bench.rounds import Plan, measure


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=seconds, default=1.5, help="counted, each load")
    parser.add_argument("--rounds", type=count, default=5)
    parser.add_argument("--connections", type=count, default=32)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here too")
    chosen = parser.parse_args()
    stop_on_signals()
    try:
        run = measure(Plan(chosen.seconds, chosen.rounds, chosen.connections), say)
    except (BenchFailure, OSError) as failure:
        print(f"\nbench failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted; every server is ended", file=sys.stderr)
        return 130
    print(table(run))
    if chosen.json is not None:
        chosen.json.write_bytes(as_json(run))
    return 0


if __name__ == "__main__":
    sys.exit(main())
