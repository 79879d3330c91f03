"""Transactions: what happened in an account, newest first."""

import datetime
from typing import Literal

from moneyer.gateway.route import Route
from moneyer.sandbox.bank.call import Call, Operation, Reply
from moneyer.sandbox.bank.growth.account import Account, Entry, EntryType
from moneyer.sandbox.bank.growth.dice import name_of
from moneyer.sandbox.bank.holder import Holder
from moneyer.sandbox.bank.money import Money, money
from moneyer.sandbox.bank.paging import DEFAULT, Cursor, Limit, page
from moneyer.sandbox.bank.problems import (
    ACCOUNT_NEEDED,
    BAD_CURSOR,
    BAD_DATES,
    TRANSACTIONS,
    Declined,
)
from moneyer.sandbox.bank.wire import Asked, Day, Short, Wire


class TransactionImage(Wire, frozen=True):
    image_identifier: str
    image_type: Literal["CHECK"] = "CHECK"


class Transaction(Wire, frozen=True, omit_defaults=True):
    """`amount` is never negative: `isCreditTransaction` says which way the money went.

    `ledgerBalance` is the account's balance after it; what is owed, on cards and loans.
    """

    id: str
    institution_id: str
    institution_user_id: str
    account_id: str
    transaction_number: str
    transaction_date: Day
    effective_date: Day
    type: EntryType
    description: str
    amount: Money
    ledger_balance: Money
    is_credit_transaction: bool
    memo: str = ""
    check_number: str = ""
    transaction_image: TransactionImage | None = None


class Transactions(Wire, frozen=True):
    """`nextCursor` is absent on the last page."""

    transactions: list[Transaction]
    next_cursor: str | None = None


class TransactionsQuery(Asked, frozen=True):
    """Both dates count as within the range."""

    account_id: Short
    start_date: datetime.date | None = None
    end_date: datetime.date | None = None
    limit: Limit = DEFAULT
    cursor: Cursor | None = None


def image_id(entry: Entry) -> str:
    """The banking image that belongs to a cheque."""
    return name_of("image", entry.entry_id)


async def list_transactions(call: Call) -> Reply:
    """Raises Declined."""
    asked = call.query(TransactionsQuery)
    holder = await call.holder()
    owner, account = call.account(holder, asked.account_id, ACCOUNT_NEEDED)
    first = asked.start_date.isoformat() if asked.start_date else ""
    last = asked.end_date.isoformat() if asked.end_date else "9999-12-31"
    if first > last:
        raise Declined(BAD_DATES)
    entries = [
        entry for entry in call.books.entries(owner, account.account_id) if first <= entry.date <= last
    ]
    entries, cursor = page(entries, account.account_id, asked.limit, asked.cursor, BAD_CURSOR)
    shown = [_shown(holder, account, entry) for entry in entries]
    return Reply(body=Transactions(shown, cursor))


def _shown(holder: Holder, account: Account, entry: Entry) -> Transaction:
    owed = account.kind.category == "LOAN"
    return Transaction(
        entry.entry_id,
        account.institution_id,
        holder.party.customer_id,
        entry.account_id,
        str(entry.number),
        entry.date,
        entry.date,
        entry.type,
        entry.description,
        money(abs(entry.amount)),
        money(-entry.balance if owed else entry.balance),
        entry.amount >= 0,
        entry.memo,
        entry.cheque,
        TransactionImage(image_id(entry)) if entry.cheque else None,
    )


OPERATIONS = (
    Operation(
        Route("GET", "/v1/transactions", TRANSACTIONS.family, ("transactions:read",)),
        TRANSACTIONS,
        "listTransactions",
        "An account's transactions, newest first, a page at a time",
        list_transactions,
        query=TransactionsQuery,
        gives=Transactions,
        problems=(BAD_DATES, ACCOUNT_NEEDED, BAD_CURSOR),
    ),
)
