"""The bank's books: what grew and what changed, read together."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from moneyer.protocol.clock import SECOND, Clock
from moneyer.sandbox.bank.books.changes import AnyChange, Begun
from moneyer.sandbox.bank.books.journal import Journal
from moneyer.sandbox.bank.books.state import State
from moneyer.sandbox.bank.growth.account import Account, Entry, Grown
from moneyer.sandbox.bank.growth.dice import name_of
from moneyer.sandbox.bank.growth.grow import grow
from moneyer.sandbox.bank.people import Owner

KEPT = 128
"""Owners whose accounts stay in memory; others grow again when they are asked for."""


def day_of(instant: int) -> date:
    """The day of an instant in microseconds, in UTC."""
    return datetime.fromtimestamp(instant // SECOND, UTC).date()


def time_of(instant: int) -> str:
    """An instant as RFC 3339 has it, to the second."""
    return datetime.fromtimestamp(instant // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Books:
    """Reads are from memory. `record` is the only way to change anything."""

    def __init__(self, folder: Path, clock: Clock, seed: str) -> None:
        """Opens the books in `folder`; new ones begin now, from `seed`, and keep both for ever.

        Raises OSError, JournalDamaged and JournalFull.
        """
        self._journal = Journal(folder)
        self.state = State()
        for change in self._journal.read():
            self.state.apply(change)
        if not self.state.count:
            self.record(Begun(seed, clock.now()))
        self._grown: OrderedDict[Owner, tuple[Grown, ...]] = OrderedDict()

    def record(self, change: AnyChange) -> None:
        """Makes a change durable, then true. Raises JournalFull."""
        self._journal.append(change)
        self.state.apply(change)

    def close(self) -> None:
        self._journal.close()

    def new_id(self, *kind: str) -> str:
        """An identifier nobody has yet: it depends on the seed and the number of changes so far."""
        return name_of(self.state.seed, *kind, str(self.state.count))

    def accounts(self, owner: Owner) -> tuple[Account, ...]:
        """An owner's accounts, in a fixed order."""
        return tuple(grown.account for grown in self._of(owner))

    def balance(self, owner: Owner, account_id: str) -> int:
        """In cents; what the owner owes is negative."""
        return self._one(owner, account_id).balance + sum(
            posting.amount for posting in self.state.postings.get(account_id, ())
        )

    def available(self, owner: Owner, account: Account) -> int:
        """What can be taken out, in cents: of a card or a loan, what is left of its limit."""
        balance = self.balance(owner, account.account_id)
        is_loan = account.kind.category == "LOAN"
        return max(0, account.limit + balance) if is_loan else balance

    def entries(self, owner: Owner, account_id: str) -> Sequence[Entry]:
        """Every transaction of an account, oldest first, with running balances."""
        grown = self._one(owner, account_id)
        postings = self.state.postings.get(account_id)
        if not postings:
            return grown.entries
        entries, balance = list(grown.entries), grown.balance
        for number, posting in enumerate(postings, len(entries) + 1):
            balance += posting.amount
            entries.append(
                Entry(
                    posting.entry_id,
                    account_id,
                    number,
                    day_of(posting.at).isoformat(),
                    posting.amount,
                    balance,
                    posting.type,
                    posting.description,
                    posting.memo,
                )
            )
        return entries

    def _one(self, owner: Owner, account_id: str) -> Grown:
        return next(one for one in self._of(owner) if one.account.account_id == account_id)

    def _of(self, owner: Owner) -> tuple[Grown, ...]:
        grown = self._grown.pop(owner, None)
        if grown is None:
            grown = grow(self.state.seed, owner, day_of(self.state.began))
        self._grown[owner] = grown
        if len(self._grown) > KEPT:
            self._grown.popitem(last=False)
        return grown
