"""Send Event: something happened, and the customer is told if they asked for it."""

import re
from typing import Annotated, NamedTuple

import msgspec

from moneyer.customers.customer import Customer
from moneyer.sandbox.bank.books.books import Books
from moneyer.sandbox.bank.calls.alert_kinds import KINDS, AlertKind
from moneyer.sandbox.bank.calls.watch import take_event
from moneyer.sandbox.bank.growth.dice import name_of
from moneyer.sandbox.bank.people import Owner
from moneyer.sandbox.customers import party_of
from moneyer.sandbox.legacy.call import Call, Operation, Reply, legacy_route
from moneyer.sandbox.legacy.problems import (
    BAD_EVENT_TYPE,
    BAD_MESSAGE,
    NO_ACCOUNT,
    OTHER_CUSTOMER,
    OTHER_INSTITUTION,
    Declined,
)
from moneyer.sandbox.legacy.wire import Sent, Told

_MESSAGE = re.compile("[^\x00-\x1f\x7f-\x9f]{0,200}")


class MapEntry(Sent, frozen=True):
    key: str = ""
    value: str = ""


class DataMap(Sent, frozen=True):
    map: Annotated[tuple[MapEntry, ...], msgspec.Meta(max_length=16)] = ()


class SentEvent(Sent, frozen=True):
    """`eventType` is the name of a kind of alert. Of `dataMap` are read `accountId` and `message`."""

    event_type: str
    fi_id: str = ""
    fi_customer_id: str = ""
    data_map: Annotated[tuple[DataMap, ...], msgspec.Meta(max_length=16)] = ()


class SentEvents(Sent, frozen=True):
    event: Annotated[tuple[SentEvent, ...], msgspec.Meta(min_length=1, max_length=16)] = msgspec.field(
        name="Event"
    )


class TakenEvent(Told, frozen=True, omit_defaults=False):
    """`alertCount`: how often the customer is told of it."""

    event_id: str
    event_type: str
    alert_count: int


class TakenEvents(Told, frozen=True, omit_defaults=False):
    event: list[TakenEvent] = msgspec.field(name="Event")


class _Matter(NamedTuple):
    """An event that may be taken: whose it is, and what there is to tell."""

    owner: Owner
    kind: AlertKind
    account_id: str
    message: str


async def send_event(call: Call) -> Reply:
    """Keeps every event of the body, or none. Raises Declined, JournalFull, Unavailable.

    What is sent again under the same di_tid was taken before, and is answered alike.
    """
    body = call.body(SentEvents)
    customer = await call.active_customer()
    matters = [_matter(call, customer, event) for event in body.event]
    return Reply(
        TakenEvents([_taken(call, number, matter) for number, matter in enumerate(matters)]), 202
    )


def _matter(call: Call, customer: Customer, event: SentEvent) -> _Matter:
    """Raises Declined."""
    if event.fi_id not in {"", call.institution_id}:
        raise Declined(OTHER_INSTITUTION)
    if event.fi_customer_id.upper() not in {"", customer.customer_id}:
        raise Declined(OTHER_CUSTOMER)
    kind = KINDS.get(event.event_type)
    if kind is None:
        raise Declined(BAD_EVENT_TYPE)
    data = {one.key: one.value for part in event.data_map for one in part.map}
    message = data.get("message", "")
    if not _MESSAGE.fullmatch(message):
        raise Declined(BAD_MESSAGE)
    account_id = data.get("accountId", "")
    owners = party_of(customer).owners
    owner = _owner_of(call.desk.books, owners, account_id) if account_id else owners[0]
    return _Matter(owner, kind, account_id, message)


def _owner_of(books: Books, owners: tuple[Owner, ...], account_id: str) -> Owner:
    """Raises Declined."""
    for owner in owners:
        if any(account.account_id == account_id for account in books.accounts(owner)):
            return owner
    raise Declined(NO_ACCOUNT)


def _taken(call: Call, number: int, matter: _Matter) -> TakenEvent:
    """The event under an id that only the same request has again."""
    owner, kind, account_id, message = matter
    event_id = name_of(
        "legacy-event",
        owner.institution_id,
        call.verified.client_id,
        owner.owner_id,
        call.transaction_id.lower(),
        str(number),
        kind.name,
        account_id,
        message,
    )
    state = call.desk.books.state
    if (owner.institution_id, event_id) in state.events:
        told = state.alerts.get((owner.institution_id, owner.owner_id), ())
        count = sum(alert.event_id == event_id for alert in told)
    else:
        count = take_event(call.desk.books, owner, event_id, kind, account_id, message, call.now)
    return TakenEvent(event_id, kind.name, count)


OPERATION = Operation(
    legacy_route("POST", "/subscriptions/v1/fis/{di_fiid}/fiCustomers/{di_ficustomer}/events"),
    "sendEvent",
    "Something happened: the customer is told, if they asked for it",
    send_event,
    "Events",
    TakenEvents,
    sends="Events",
    sent=SentEvents,
    status=202,
    problems=(BAD_EVENT_TYPE, BAD_MESSAGE, NO_ACCOUNT),
    example={
        "Event": [
            {
                "eventType": "SECURITY_NOTICE",
                "dataMap": [{"map": [{"key": "message", "value": "A new device signed in"}]}],
            }
        ]
    },
)
