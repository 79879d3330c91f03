"""Chance that always falls the same way: numbers drawn from a name by SHA-256."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A sequence of numbers that depends on `names` alone, on any machine and any version of Python."""

    def __init__(self, *names: str) -> None:
        self._seed = sha256("\x1f".join(names).encode()).digest()
        self._turn = 0

    def number(self, below: int) -> int:
        """The next number, from 0 on. `below` is at most 2**32, so that no number is favoured."""
        self._turn += 1
        drawn = sha256(self._seed + self._turn.to_bytes(8, "big")).digest()
        return int.from_bytes(drawn[:8], "big") % below

    def between(self, low: int, high: int) -> int:
        """`low` and `high` are both possible."""
        return low + self.number(high - low + 1)

    def pick(self, things: Sequence[T]) -> T:
        return things[self.number(len(things))]

    def chance(self, percent: int) -> bool:
        return self.number(100) < percent


def name_of(*names: str) -> str:
    """An identifier of 32 hexadecimal digits that depends on `names` alone."""
    return sha256("\x1f".join(names).encode()).hexdigest()[:32]


def digits_of(count: int, *names: str) -> str:
    """`count` decimal digits that depend on `names` alone."""
    drawn = int.from_bytes(sha256("\x1f".join(names).encode()).digest(), "big")
    return str(drawn % 10**count).zfill(count)
