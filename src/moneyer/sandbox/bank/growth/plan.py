"""The plan of a year: what is to be booked, before balances and interest are known."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from moneyer.sandbox.bank.growth.account import EntryType
from moneyer.sandbox.bank.growth.kinds import Kind

DAYS = 365


class Planned(NamedTuple):
    """A line to be booked. `amount` in cents; None is a month's interest on the balance of that day."""

    day: date
    suffix: str
    amount: int | None
    type: EntryType
    description: str
    memo: str = ""
    cheque: str = ""
    payee: str = ""


class Plan:
    """Gathers the lines of all accounts of one owner, day by day."""

    def __init__(self, last: date, first_cheque: int) -> None:
        """`last` is the last day of the year that is planned."""
        self.last = last
        self.first = last - timedelta(days=DAYS - 1)
        self.lines: list[Planned] = []
        self._cheque = first_cheque
        self._card = 0

    def days(self) -> Iterator[date]:
        """Each day of the year, oldest first."""
        for number in range(DAYS):
            yield self.first + timedelta(days=number)

    def book(
        self, day: date, kind: Kind, amount: int | None, type_: EntryType, description: str
    ) -> None:
        self.lines.append(Planned(day, kind.suffix, amount, type_, description))

    def cheque(self, day: date, kind: Kind, amount: int, payee: str, memo: str = "") -> None:
        """A cheque over `amount`, with the next number of the book."""
        number = str(self._cheque)
        self._cheque += 1
        self.lines.append(
            Planned(day, kind.suffix, -amount, "CHECK", f"CHECK {number}", memo, number, payee)
        )

    def move(self, day: date, source: Kind, target: Kind, amount: int) -> None:
        """A transfer between two accounts of the owner."""
        self.book(day, source, -amount, "TRANSFER_DEBIT", f"TRANSFER TO {target.description.upper()}")
        self.book(day, target, amount, "TRANSFER_CREDIT", f"TRANSFER FROM {source.description.upper()}")

    def repay(self, day: date, source: Kind, loan: Kind, amount: int) -> None:
        """A month's interest on a loan, and the payment towards it."""
        self.book(day, loan, None, "INTEREST_CHARGE", "INTEREST CHARGE")
        self.book(day, source, -amount, "AUTOMATIC_DEBIT", f"{loan.description.upper()} PAYMENT")
        self.book(day, loan, amount, "PAYMENT", "PAYMENT RECEIVED - THANK YOU")

    def charge(self, day: date, card: Kind, amount: int, shop: str) -> None:
        """A purchase by card, to be settled by `settle_card`."""
        self._card += amount
        self.book(day, card, -amount, "RETAIL_PURCHASE", shop)

    def settle_card(self, day: date, source: Kind, card: Kind) -> None:
        """Pays all that has been charged since the last time."""
        if self._card:
            self.book(day, source, -self._card, "BILL_PAYMENT", f"{card.description.upper()} PAYMENT")
            self.book(day, card, self._card, "PAYMENT", "PAYMENT RECEIVED - THANK YOU")
            self._card = 0

    def credit_interest(self, day: date, *kinds: Kind) -> None:
        """A month's interest, on the last day of each month."""
        if (day + timedelta(days=1)).day == 1:
            for kind in kinds:
                self.book(day, kind, None, "INTEREST_POSTING", "INTEREST PAID")
