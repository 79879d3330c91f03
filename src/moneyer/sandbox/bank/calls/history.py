"""Alert history and events: what a customer was told, and what there is to tell."""

import datetime
from typing import Annotated, Any, Literal

import msgspec

from moneyer.gateway.route import Route
from moneyer.sandbox.bank.books.books import day_of, time_of
from moneyer.sandbox.bank.books.changes import Alert
from moneyer.sandbox.bank.call import Call, Operation, Reply
from moneyer.sandbox.bank.calls.alert_kinds import KINDS
from moneyer.sandbox.bank.calls.watch import take_event
from moneyer.sandbox.bank.holder import Holder
from moneyer.sandbox.bank.paging import DEFAULT, Cursor, Limit, page
from moneyer.sandbox.bank.problems import (
    ALERT_CURSOR,
    ALERTS,
    BAD_ALERT_ACCOUNT,
    BAD_ALERT_DATE,
    BAD_ALERT_TYPE,
    Declined,
)
from moneyer.sandbox.bank.wire import Asked, Instant, Short, Wire


class AlertSummary(Wire, frozen=True):
    """`channelInfo` says how the customer was told. Nothing leaves the sandbox."""

    alert_history_id: int
    alert_type_name: str
    event_id: str
    event_occured: Instant
    message_summary: str
    channel_info: dict[str, str]
    institution_id: str
    account_id: str = ""


class AlertHistory(Wire, frozen=True):
    """Newest first; `nextCursor` is absent on the last page."""

    alert_history_summary_resources: list[AlertSummary]
    next_cursor: str | None = None


class HistoryQuery(Asked, frozen=True):
    """`alertTypeNames` are separated by commas. Both dates count as within the range."""

    account_id: Short | None = None
    alert_type_names: Annotated[str, msgspec.Meta(max_length=200)] = ""
    start_date: datetime.date | None = None
    end_date: datetime.date | None = None
    limit: Limit = DEFAULT
    cursor: Cursor | None = None


class EventDetails(Asked, frozen=True):
    """`eventType` is the name of a kind of alert. Without `eventId` the event gets one."""

    event_type: Short
    event_id: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._-]{1,64}$", max_length=64)] = ""
    event_occured: datetime.datetime | None = None
    event_noticed: datetime.datetime | None = None
    event_source: Annotated[str, msgspec.Meta(max_length=64)] = ""
    event_tags: Annotated[tuple[Short, ...], msgspec.Meta(max_length=16)] = ()
    institution_id: Short | None = None
    institution_customer_id: Short | None = None
    additional_info: dict[str, Any] | None = None


class Subject(Asked, frozen=True):
    account_id: Short | None = None
    message: Annotated[str, msgspec.Meta(max_length=200)] = ""


class EventBody(Asked, frozen=True):
    event_domain_type: Literal["ACCOUNT", "TRANSACTION", "NOTIFICATION"]
    event_details: EventDetails
    account: Subject | None = None
    transaction: Subject | None = None
    notification: Subject | None = None


class EventAccepted(Wire, frozen=True, omit_defaults=False):
    """`alertCount`: how often the customer was told. An event taken before tells nobody again."""

    event_id: str
    alert_count: int


async def list_history(call: Call) -> Reply:
    """Raises Declined."""
    asked = call.query(HistoryQuery)
    holder = await call.holder()
    names = {name.strip() for name in asked.alert_type_names.split(",") if name.strip()}
    if not names <= KINDS.keys():
        raise Declined(BAD_ALERT_TYPE)
    first, last = asked.start_date or datetime.date.min, asked.end_date or datetime.date.max
    if first > last:
        raise Declined(BAD_ALERT_DATE)
    alerts = [
        alert
        for alert in _alerts(call, holder)
        if first <= day_of(alert.at) <= last
        and (not names or alert.type_name in names)
        and asked.account_id in {None, alert.account_id}
    ]
    of = f"alerts/{call.institution_id}/{holder.party.customer_id}"
    alerts, cursor = page(alerts, of, asked.limit, asked.cursor, ALERT_CURSOR)
    return Reply(body=AlertHistory([_shown(call, alert) for alert in alerts], cursor))


async def publish_event(call: Call) -> Reply:
    """Tells the customer what they asked to be told. Raises Declined."""
    body = call.body(EventBody)
    holder = await call.holder()
    details = body.event_details
    kind = KINDS.get(details.event_type)
    if kind is None or kind.domain != body.event_domain_type:
        raise Declined(BAD_ALERT_TYPE)
    if details.institution_id not in {None, call.institution_id}:
        raise Declined(ALERTS.body)
    subject = body.account or body.transaction or body.notification or Subject()
    owner, account_id = holder.first, subject.account_id or ""
    if account_id:
        owner, _ = call.account(holder, account_id, BAD_ALERT_ACCOUNT)
    event_id = details.event_id or call.books.new_id("event", owner.owner_id)
    if (call.institution_id, event_id) in call.books.state.events:
        return Reply(202, EventAccepted(event_id, 0))
    count = take_event(call.books, owner, event_id, kind, account_id, subject.message, call.now)
    return Reply(202, EventAccepted(event_id, count))


def _alerts(call: Call, holder: Holder) -> list[Alert]:
    """Of all whom the call is about, oldest first."""
    kept = call.books.state.alerts
    found = [
        alert
        for owner in holder.owners
        for alert in kept.get((owner.institution_id, owner.owner_id), ())
    ]
    return sorted(found, key=lambda alert: alert.number)


def _shown(call: Call, alert: Alert) -> AlertSummary:
    return AlertSummary(
        alert.number,
        alert.type_name,
        alert.event_id,
        time_of(alert.at),
        alert.summary,
        {alert.channel: "DELIVERED"},
        call.institution_id,
        alert.account_id,
    )


OPERATIONS = (
    Operation(
        Route("GET", "/v1/alert-history", ALERTS.family, ("alertHist:read",), context_in_header=True),
        ALERTS,
        "listAlertHistory",
        "What a customer was told, newest first, a page at a time",
        list_history,
        query=HistoryQuery,
        gives=AlertHistory,
        problems=(BAD_ALERT_TYPE, BAD_ALERT_DATE, ALERT_CURSOR),
    ),
    Operation(
        Route(
            "POST",
            "/v1/realtime-events",
            ALERTS.family,
            ("alerts:publish",),
            context_in_header=True,
        ),
        ALERTS,
        "publishEvent",
        "Something happened: the customer is told, if they asked for it",
        publish_event,
        body=EventBody,
        gives=EventAccepted,
        status=202,
        problems=(BAD_ALERT_TYPE, BAD_ALERT_ACCOUNT),
        example={
            "eventDomainType": "NOTIFICATION",
            "eventDetails": {"eventType": "SECURITY_NOTICE"},
            "notification": {"message": "A new device signed in"},
        },
    ),
)
