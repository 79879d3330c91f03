"""A cheque, and its two sides as pictures."""

from functools import lru_cache
from typing import Literal

import msgspec

View = Literal["FRONT", "BACK"]


class Cheque(msgspec.Struct, frozen=True):
    """What stands on a cheque. `accent` is a colour, `#rrggbb`; `date` is `yyyy-mm-dd`."""

    bank: str
    accent: str
    drawer: str
    payee: str
    cents: int
    date: str
    memo: str
    number: str
    routing: str
    account: str

    def __repr__(self) -> str:
        return f"Cheque({self.number!r})"


@lru_cache(maxsize=64)
def draw(cheque: Cheque, view: View) -> bytes:
    """One side as PNG: the same cheque always gives the same bytes."""
    # Drawing is loaded with the first cheque, not with the sandbox.
    from moneyer.sandbox.bank.cheques import back, front  # noqa: PLC0415

    return front.draw(cheque) if view == "FRONT" else back.draw(cheque)
