"""Pages of a list that grows at its newest end: nothing is seen twice, nothing is left out."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Protocol, TypeVar

import msgspec

from moneyer.protocol import base64url
from moneyer.sandbox.bank.problems import Declined, Problem

DEFAULT = 50
MOST = 200

Limit = Annotated[int, msgspec.Meta(ge=1, le=MOST, description="Items on a page.")]
Cursor = Annotated[
    str, msgspec.Meta(max_length=64, description="`nextCursor` of the page before, as it came.")
]


class Numbered(Protocol):
    """Something with a number that never changes; newer things have higher ones."""

    @property
    def number(self) -> int: ...


N = TypeVar("N", bound=Numbered)


def page(
    things: Sequence[N], of: str, limit: int, cursor: str | None, problem: Problem
) -> tuple[list[N], str | None]:
    """The next `limit` of `things`, newest first, and the cursor of the page after.

    `things` are oldest first. `of` names the list: a cursor opens no other. Raises Declined with
    `problem`.
    """
    before = _read(cursor, of, problem) if cursor else None
    older = [thing for thing in reversed(things) if before is None or thing.number < before]
    shown = older[:limit]
    return shown, _written(shown[-1].number, of) if len(older) > limit else None


def _written(number: int, of: str) -> str:
    return base64url.encode(_mark(of) + number.to_bytes(6, "big")).decode()


def _read(cursor: str, of: str, problem: Problem) -> int:
    try:
        decoded = base64url.decode(cursor.encode())
    except ValueError:
        raise Declined(problem) from None
    if len(decoded) != 12 or decoded[:6] != _mark(of):
        raise Declined(problem)
    return int.from_bytes(decoded[6:], "big")


def _mark(of: str) -> bytes:
    return sha256(of.encode()).digest()[:6]
