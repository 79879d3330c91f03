"""Recipients: whom a customer sends money to."""

from typing import Annotated, Literal

import msgspec

from moneyer.gateway.route import Route
from moneyer.sandbox.bank.books.changes import Recipient, RecipientRemoved, RecipientSaved
from moneyer.sandbox.bank.call import Call, Operation, Reply
from moneyer.sandbox.bank.calls.payees import account_of
from moneyer.sandbox.bank.holder import Holder
from moneyer.sandbox.bank.people import Owner
from moneyer.sandbox.bank.problems import (
    BAD_ACCOUNT_TYPE,
    BAD_EMAIL,
    BAD_RECIPIENT_ACCOUNT,
    NICKNAME_EXISTS,
    NO_MEMBER,
    NO_RECIPIENT,
    RECIPIENT_EXISTS,
    RECIPIENTS,
    TOO_LONG,
    TOO_MANY_RECIPIENTS,
    Declined,
)
from moneyer.sandbox.bank.wire import Asked, Short, Wire

MOST = 200
"""Recipients that one owner may keep."""

PayeeType = Literal["CHECKING", "SAVINGS", "MONEY_MARKET"]


class RecipientInfo(Wire, frozen=True):
    id: str
    institution_id: str
    account_number: str
    account_type: str
    nick_name: str
    full_name: str = ""
    email: str = ""
    member_number: str = ""
    institution_customer_id: str = ""


class Recipients(Wire, frozen=True, omit_defaults=False):
    recipients: list[RecipientInfo]


class RecipientBody(Asked, frozen=True):
    """With `memberNumber` somebody at the same institution, who must have that account; without,
    somebody at another bank. `passCode` is taken and forgotten: no account here has one."""

    account_number: Annotated[str, msgspec.Meta(min_length=4, max_length=17)]
    account_type: PayeeType
    nick_name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    full_name: Annotated[str, msgspec.Meta(max_length=80)] = ""
    email: Annotated[str, msgspec.Meta(max_length=120, pattern=r"^([^@ ]+@[^@ ]+)?$")] = ""
    member_number: Annotated[str, msgspec.Meta(max_length=32)] = ""
    pass_code: Annotated[str, msgspec.Meta(max_length=32)] = ""
    id: Short | None = None
    institution_id: Short | None = None
    institution_customer_id: Short | None = None


async def list_recipients(call: Call) -> Reply:
    """Raises Declined."""
    holder = await call.holder()
    shown = [
        _shown(holder, owner, recipient)
        for owner in holder.owners
        for recipient in _of(call, owner).values()
    ]
    return Reply(body=Recipients(shown))


async def get_recipient(call: Call) -> Reply:
    """Raises Declined."""
    holder = await call.holder()
    return Reply(body=_shown(holder, *_found(call, holder)))


async def create_recipient(call: Call) -> Reply:
    """Raises Declined."""
    body = call.body(RecipientBody)
    holder = await call.holder()
    await _check_account(call, body)
    owner = holder.first
    kept = _of(call, owner)
    if len(kept) >= MOST:
        raise Declined(TOO_MANY_RECIPIENTS)
    recipient_id = call.books.new_id("recipient", owner.owner_id)
    return _saved(call, holder, owner, body, recipient_id)


async def update_recipient(call: Call) -> Reply:
    """Raises Declined."""
    body = call.body(RecipientBody)
    holder = await call.holder()
    await _check_account(call, body)
    owner, recipient = _found(call, holder)
    return _saved(call, holder, owner, body, recipient.recipient_id)


async def delete_recipient(call: Call) -> Reply:
    """Raises Declined."""
    holder = await call.holder()
    owner, recipient = _found(call, holder)
    removed = RecipientRemoved(call.institution_id, owner.owner_id, recipient.recipient_id)
    call.books.record(removed)
    return Reply(204)


async def _check_account(call: Call, body: RecipientBody) -> None:
    """Raises Declined: nobody has that member number, or not that account."""
    if not body.account_number.isdigit():
        raise Declined(BAD_RECIPIENT_ACCOUNT)
    if not body.member_number:
        return
    party = await call.desk.customers.by_member(call.institution_id, body.member_number)
    if party is None:
        raise Declined(NO_MEMBER)
    found = account_of(call.books, party, body.account_number)
    if found is None or found[1].kind.type != body.account_type:
        raise Declined(BAD_RECIPIENT_ACCOUNT)


def _saved(call: Call, holder: Holder, owner: Owner, body: RecipientBody, recipient_id: str) -> Reply:
    """Raises Declined where another recipient has the account or the nickname."""
    if body.id not in {None, recipient_id} or body.institution_id not in {
        None,
        call.institution_id,
    }:
        raise Declined(RECIPIENTS.body)
    for other in _of(call, owner).values():
        if other.recipient_id == recipient_id:
            continue
        if (other.account_number, other.member_number) == (body.account_number, body.member_number):
            raise Declined(RECIPIENT_EXISTS)
        if other.nick_name.casefold() == body.nick_name.casefold():
            raise Declined(NICKNAME_EXISTS)
    recipient = Recipient(
        recipient_id,
        body.account_number,
        body.account_type,
        body.nick_name,
        body.full_name,
        body.email,
        body.member_number,
    )
    call.books.record(RecipientSaved(call.institution_id, owner.owner_id, recipient))
    return Reply(body=_shown(holder, owner, recipient))


def _of(call: Call, owner: Owner) -> dict[str, Recipient]:
    return call.books.state.recipients.get((owner.institution_id, owner.owner_id), {})


def _found(call: Call, holder: Holder) -> tuple[Owner, Recipient]:
    for owner in holder.owners:
        if recipient := _of(call, owner).get(call.variables["recipientId"]):
            return owner, recipient
    raise Declined(NO_RECIPIENT)


def _shown(holder: Holder, owner: Owner, recipient: Recipient) -> RecipientInfo:
    return RecipientInfo(
        recipient.recipient_id,
        owner.institution_id,
        recipient.account_number,
        recipient.account_type,
        recipient.nick_name,
        recipient.full_name,
        recipient.email,
        recipient.member_number,
        owner.owner_id if holder.party.is_business else "",
    )


_ONE = "/v1/recipients/{recipientId}"
_EXAMPLE = {
    "accountNumber": "70010210",
    "accountType": "CHECKING",
    "memberNumber": "700102",
    "nickName": "Ben",
    "fullName": "Ben Okafor",
}
_WRITING = (
    NO_MEMBER,
    BAD_RECIPIENT_ACCOUNT,
    BAD_EMAIL,
    TOO_LONG,
    BAD_ACCOUNT_TYPE,
    RECIPIENT_EXISTS,
    NICKNAME_EXISTS,
)

OPERATIONS = (
    Operation(
        Route("GET", "/v1/recipients", RECIPIENTS.family, ("recipients:read",)),
        RECIPIENTS,
        "listRecipients",
        "Whom a customer sends money to",
        list_recipients,
        gives=Recipients,
    ),
    Operation(
        Route("POST", "/v1/recipients", RECIPIENTS.family, ("recipients:write",)),
        RECIPIENTS,
        "createRecipient",
        "A new recipient",
        create_recipient,
        body=RecipientBody,
        gives=RecipientInfo,
        problems=(*_WRITING, TOO_MANY_RECIPIENTS),
        example=_EXAMPLE,
    ),
    Operation(
        Route("GET", _ONE, RECIPIENTS.family, ("recipients:read",)),
        RECIPIENTS,
        "getRecipient",
        "One recipient",
        get_recipient,
        gives=RecipientInfo,
        problems=(NO_RECIPIENT,),
    ),
    Operation(
        Route("PUT", _ONE, RECIPIENTS.family, ("recipients:write",)),
        RECIPIENTS,
        "updateRecipient",
        "A recipient anew",
        update_recipient,
        body=RecipientBody,
        gives=RecipientInfo,
        problems=(*_WRITING, NO_RECIPIENT),
        example=_EXAMPLE,
    ),
    Operation(
        Route("DELETE", _ONE, RECIPIENTS.family, ("recipients:delete",)),
        RECIPIENTS,
        "deleteRecipient",
        "Forgets a recipient",
        delete_recipient,
        status=204,
        problems=(NO_RECIPIENT,),
    ),
)
