"""`python -m bench`: one run, a table of ratios."""

import argparse
import signal
import sys
from pathlib import Path
from typing import TypeVar

from bench.failures import BenchFailure
from bench.report import as_json, table
from bench.rounds import Plan, measure

_Number = TypeVar("_Number", int, float)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=_seconds, default=1.5, help="counted, each load")
    parser.add_argument("--rounds", type=_count, default=5)
    parser.add_argument("--connections", type=_count, default=32)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here too")
    chosen = parser.parse_args()
    _stop_on_signals()
    try:
        run = measure(Plan(chosen.seconds, chosen.rounds, chosen.connections), _say)
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


def _above_zero(number: _Number) -> _Number:
    if not 0 < number < 1_000:
        raise argparse.ArgumentTypeError("must lie between 0 and 1000")
    return number


def _count(text: str) -> int:
    return _above_zero(int(text))


def _seconds(text: str) -> float:
    return _above_zero(float(text))


def _stop_on_signals() -> None:
    """SIGTERM ends a run as Ctrl-C does, inside the event loop too (it takes over SIGINT only)."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def _say(progress: str) -> None:
    print(f"{progress} ...", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
