"""Money: whole cents inside, a number of dollars with at most two decimals on the wire."""

from decimal import Decimal

import msgspec

MOST = 100_000_000_000
"""No amount in one transfer reaches a billion dollars; in cents."""

_CENT = Decimal("0.01")


class Money(msgspec.Struct, frozen=True, rename="camel"):
    """An amount as the APIs write it."""

    amount: float
    currency_code: str = "USD"


def money(cents: int) -> Money:
    """`cents` on the wire. Doubles carry cents exactly as text far beyond any balance here."""
    return Money(cents / 100)


def cents_of(amount: Decimal) -> int:
    """Whole cents. Raises ValueError for fractions of a cent, for no number, and from `MOST` on."""
    if not amount.is_finite() or abs(amount) >= MOST // 100:
        raise ValueError("no amount")
    if amount != amount.quantize(_CENT):
        raise ValueError("fractions of a cent")
    return int(amount * 100)


def dollars(cents: int) -> str:
    """For people: `1,234.05`."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}{whole:,}.{rest:02}"
