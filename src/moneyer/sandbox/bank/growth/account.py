"""An account, and one line of its statement."""

from typing import Literal

import msgspec

from moneyer.sandbox.bank.growth.kinds import KINDS, Kind

EntryType = Literal[
    "ATM_WITHDRAWAL",
    "AUTOMATIC_DEBIT",
    "ACH_CREDIT",
    "BILL_PAYMENT",
    "CHECK",
    "DIRECT_DEPOSIT",
    "ELECTRONIC_TRANSFER_DEBIT",
    "INTEREST_CHARGE",
    "INTEREST_POSTING",
    "PAYMENT",
    "POS_PURCHASE",
    "RETAIL_PURCHASE",
    "TRANSFER_CREDIT",
    "TRANSFER_DEBIT",
]


class Account(msgspec.Struct, frozen=True):
    """Everything about an account that stays as it is.

    `limit`, `original` and `payment` in cents: a card's limit, what was lent or deposited first, and
    what falls due each month. Dates are `yyyy-mm-dd`, "" where there is none.
    """

    account_id: str
    institution_id: str
    owner_id: str
    suffix: str
    number: str
    routing: str
    holder: str
    opened: str
    limit: int = 0
    original: int = 0
    payment: int = 0
    due: str = ""
    matures: str = ""

    def __repr__(self) -> str:
        return f"Account({self.account_id!r})"

    @property
    def kind(self) -> Kind:
        return KINDS[self.suffix]


class Entry(msgspec.Struct, frozen=True):
    """One transaction. `number` counts from 1 within the account, oldest first.

    `amount` is what it adds to the account's balance, in cents; `balance` is the balance after it.
    `cheque` is the number of a cheque and `payee` to whom it was made out, "" for anything else.
    """

    entry_id: str
    account_id: str
    number: int
    date: str
    amount: int
    balance: int
    type: EntryType
    description: str
    memo: str = ""
    cheque: str = ""
    payee: str = ""

    def __repr__(self) -> str:
        return f"Entry({self.entry_id!r})"


class Grown(msgspec.Struct, frozen=True):
    """An account with its year of transactions, oldest first."""

    account: Account
    entries: tuple[Entry, ...]
    opening: int

    @property
    def balance(self) -> int:
        return self.entries[-1].balance if self.entries else self.opening
