"""What the commands have in common: numbers read strictly, one way to be stopped, progress."""

import argparse
import signal
import sys
from typing import TypeVar

_Number = TypeVar("_Number", int, float)


def count(text: str) -> int:
    return _above_zero(int(text))


def seconds(text: str) -> float:
    return _above_zero(float(text))


def stop_on_signals() -> None:
    """SIGTERM ends a run as Ctrl-C does, inside the event loop too (it takes over SIGINT only)."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


def say(progress: str) -> None:
    print(f"{progress} ...", file=sys.stderr, flush=True)


def _above_zero(number: _Number) -> _Number:
    if not 0 < number < 1_000:
        raise argparse.ArgumentTypeError("must lie between 0 and 1000")
    return number
