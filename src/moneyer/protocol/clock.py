"""Time, passed in wherever a decision depends on it.

An *instant* is a whole number of microseconds since 1970-01-01 UTC; a lifetime is a whole number of
seconds. Integers keep two rotations within one second apart and are the same on every database.
"""

import time
from typing import Protocol

SECOND = 1_000_000
"""Microseconds in a second: `now + 60 * SECOND`."""


class Clock(Protocol):
    """Where the present instant comes from."""

    def now(self) -> int: ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> int:
        return time.time_ns() // 1000


def seconds_left(until: int, now: int) -> int:
    """Whole seconds from `now` to `until`, rounded down, never negative."""
    return max(0, (until - now) // SECOND)
