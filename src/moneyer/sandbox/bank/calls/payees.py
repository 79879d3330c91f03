"""Accounts of others at the same institution, found by number."""

from moneyer.sandbox.bank.books.books import Books
from moneyer.sandbox.bank.growth.account import Account
from moneyer.sandbox.bank.people import Owner, Party


def account_of(books: Books, party: Party, number: str) -> tuple[Owner, Account] | None:
    """The account of `party` with that whole number; None where there is none."""
    for owner in party.owners:
        for account in books.accounts(owner):
            if account.number == number:
                return owner, account
    return None
