"""Transfers: between a customer's own accounts, and to a recipient."""

from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Literal, NamedTuple

import msgspec

from moneyer.gateway.route import Route
from moneyer.sandbox.bank.books.books import time_of
from moneyer.sandbox.bank.books.changes import Alert, Posting, Transfer, TransferMade
from moneyer.sandbox.bank.call import Call, Operation, Reply
from moneyer.sandbox.bank.calls.payees import account_of
from moneyer.sandbox.bank.calls.watch import alerts_for
from moneyer.sandbox.bank.growth.account import Account
from moneyer.sandbox.bank.growth.dice import name_of
from moneyer.sandbox.bank.holder import Holder
from moneyer.sandbox.bank.money import Money, cents_of, money
from moneyer.sandbox.bank.people import Owner
from moneyer.sandbox.bank.problems import (
    AMOUNT_NEEDED,
    BAD_AMOUNT,
    BAD_KEY,
    FROM_NEEDED,
    FROM_RESTRICTED,
    KEY_REUSED,
    NO_FROM,
    NO_TO,
    RECIPIENT_UNKNOWN,
    SAME_ACCOUNT,
    TO_NEEDED,
    TO_RESTRICTED,
    TOO_MUCH,
    TRANSFERS,
    Declined,
)
from moneyer.sandbox.bank.wire import Asked, Instant, Short, Wire


class Sum(Asked, frozen=True):
    amount: Decimal
    currency_code: Literal["USD"] = "USD"


class TransferBody(Asked, frozen=True):
    """To one of the customer's accounts (`toAccountId`), or to a recipient (`recipientId`, or its id
    as `toAccountId`). The holders may be named, and then have to be right."""

    from_account_id: Short
    amount: Sum
    to_account_id: Short | None = None
    recipient_id: Short | None = None
    memo: Annotated[str, msgspec.Meta(max_length=100)] = ""
    from_account_holder_id: Short | None = None
    to_account_holder_id: Short | None = None
    payment_option: Literal["DEFAULT"] = "DEFAULT"


class TransferInfo(Wire, frozen=True):
    id: str
    from_account_id: str
    amount: Money
    status: Literal["SUCCESS"]
    confirmation: str
    created_date_time: Instant
    to_account_id: str = ""
    recipient_id: str = ""
    memo: str = ""


class Side(NamedTuple):
    """An account that a transfer touches, and whose it is."""

    owner: Owner
    account: Account


class Target(NamedTuple):
    """Where the money goes: an account here, or (`side` is None) another bank."""

    side: Side | None
    recipient_id: str = ""
    name: str = ""


async def create_transfer(call: Call) -> Reply:
    """The same request again, by its key, is answered as the first was. Raises Declined."""
    body = call.body(TransferBody)
    key = _key(call)
    holder = await call.holder()
    fingerprint = sha256(msgspec.json.encode(body)).hexdigest()
    key = f"{call.verified.client_id}/{holder.party.customer_id}/{key}" if key else ""
    if replayed := _replayed(call, key, fingerprint):
        return replayed
    source = _source(call, holder, body)
    target = await _target(call, holder, body)
    # Nothing is awaited from here on, so nothing can change between the decision and the journal.
    if replayed := _replayed(call, key, fingerprint):
        return replayed
    cents = _decide(call, source, target, body)
    made = _made(call, source, target, cents, body.memo)
    key = key or f"/{made.transfer.transfer_id}"
    call.books.record(msgspec.structs.replace(made, key=key, fingerprint=fingerprint))
    return Reply(body=_shown(made.transfer))


def _key(call: Call) -> str:
    """What makes a repetition of this request known: the header, else its transactionId, if sent."""
    sent = call.headers.get(b"idempotency-key")
    if sent is None:
        return f"t:{call.transaction_id.lower()}" if b"transactionid" in call.headers else ""
    key = sent.decode("latin-1")
    if not (key.isascii() and key.isprintable() and 1 <= len(key) <= 128):
        raise Declined(BAD_KEY)
    return f"k:{key}"


def _replayed(call: Call, key: str, fingerprint: str) -> Reply | None:
    before = call.books.state.transfers.get((call.institution_id, key)) if key else None
    if before is None:
        return None
    if before.fingerprint != fingerprint:
        raise Declined(KEY_REUSED)
    return Reply(body=_shown(before.transfer))


def _source(call: Call, holder: Holder, body: TransferBody) -> Side:
    owner, account = call.account(holder, body.from_account_id, NO_FROM)
    if body.from_account_holder_id not in {None, owner.owner_id, holder.party.customer_id}:
        raise Declined(NO_FROM)
    return Side(owner, account)


async def _target(call: Call, holder: Holder, body: TransferBody) -> Target:
    """Raises Declined: nothing named, two things named, or nothing of theirs."""
    if (body.to_account_id is None) == (body.recipient_id is None):
        raise Declined(TO_NEEDED)
    for owner, account in call.accounts(holder):
        if account.account_id == body.to_account_id:
            if body.to_account_holder_id not in {None, owner.owner_id, holder.party.customer_id}:
                raise Declined(NO_TO)
            return Target(Side(owner, account))
    return await _recipient(call, holder, body)


async def _recipient(call: Call, holder: Holder, body: TransferBody) -> Target:
    wanted = body.recipient_id or body.to_account_id or ""
    for owner in holder.owners:
        whose = (owner.institution_id, owner.owner_id)
        recipient = call.books.state.recipients.get(whose, {}).get(wanted)
        if recipient is None:
            continue
        if not recipient.member_number:
            return Target(None, wanted, recipient.nick_name)
        customers = call.desk.customers
        party = await customers.by_member(call.institution_id, recipient.member_number)
        found = account_of(call.books, party, recipient.account_number) if party else None
        if found is None:
            raise Declined(NO_TO)
        return Target(Side(*found), wanted, recipient.nick_name)
    raise Declined(RECIPIENT_UNKNOWN if body.recipient_id else NO_TO)


def _decide(call: Call, source: Side, target: Target, body: TransferBody) -> int:
    """The amount in cents. Raises Declined."""
    try:
        cents = cents_of(body.amount.amount)
    except ValueError:
        raise Declined(BAD_AMOUNT) from None
    if cents <= 0:
        raise Declined(BAD_AMOUNT)
    if target.side is not None and target.side.account.account_id == source.account.account_id:
        raise Declined(SAME_ACCOUNT)
    if not source.account.kind.transfer_from:
        raise Declined(FROM_RESTRICTED)
    if target.side is not None and not target.side.account.kind.transfer_to:
        raise Declined(TO_RESTRICTED)
    if cents > call.books.balance(source.owner, source.account.account_id):
        raise Declined(TOO_MUCH)
    return cents


def _made(call: Call, source: Side, target: Target, cents: int, memo: str) -> TransferMade:
    """The transfer, both its sides, and whoever is to be told."""
    transfer_id = call.books.new_id("transfer", source.account.account_id)
    to = target.side.account if target.side else None
    towards = to.kind.description if to and not target.recipient_id else target.name
    sides = [(source, -cents, f"TRANSFER TO {towards.upper()}")]
    if target.side is not None:
        sides.append((target.side, cents, f"TRANSFER FROM {_from(source, target)}"))
    postings: list[Posting] = []
    told: list[tuple[str, Alert]] = []
    for side, amount, description in sides:
        posting = Posting(
            side.account.account_id,
            name_of("entry", transfer_id, side.account.account_id),
            call.now,
            amount,
            "TRANSFER_CREDIT" if amount > 0 else "TRANSFER_DEBIT",
            description,
            memo,
        )
        postings.append(posting)
        told += alerts_for(call.books, side.owner, side.account, posting, len(told))
    own = to.account_id if to and not target.recipient_id else ""
    transfer = Transfer(
        transfer_id, source.account.account_id, cents, call.now, own, target.recipient_id, memo
    )
    outside = 0 if target.side else cents
    return TransferMade(call.institution_id, "", "", transfer, tuple(postings), outside, tuple(told))


def _from(source: Side, target: Target) -> str:
    if target.recipient_id:
        return source.account.holder.upper()
    return source.account.kind.description.upper()


def _shown(transfer: Transfer) -> TransferInfo:
    return TransferInfo(
        transfer.transfer_id,
        transfer.from_account_id,
        money(transfer.amount),
        "SUCCESS",
        transfer.transfer_id[:10].upper(),
        time_of(transfer.at),
        transfer.to_account_id,
        transfer.recipient_id,
        transfer.memo,
    )


OPERATIONS = (
    Operation(
        Route("POST", "/v1/transfers", TRANSFERS.family, ("transfers:write",)),
        TRANSFERS,
        "createTransfer",
        "Moves money at once, between a customer's accounts or to a recipient",
        create_transfer,
        body=TransferBody,
        gives=TransferInfo,
        problems=(
            KEY_REUSED,
            NO_FROM,
            NO_TO,
            AMOUNT_NEEDED,
            BAD_AMOUNT,
            TOO_MUCH,
            FROM_RESTRICTED,
            TO_RESTRICTED,
            SAME_ACCOUNT,
            RECIPIENT_UNKNOWN,
            FROM_NEEDED,
            TO_NEEDED,
            BAD_KEY,
        ),
        example={
            "fromAccountId": "{accountId}",
            "toAccountId": "{anotherAccountId}",
            "amount": {"amount": 25.0, "currencyCode": "USD"},
            "memo": "For the boat",
        },
        retries=True,
    ),
)
