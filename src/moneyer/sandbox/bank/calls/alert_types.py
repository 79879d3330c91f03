"""Alert management: which kinds of alert an institution offers, and through which channels."""

from typing import Annotated, Literal

import msgspec

from moneyer.gateway.route import Route
from moneyer.sandbox.bank.books.changes import AlertSetting, AlertSettingSaved
from moneyer.sandbox.bank.call import Call, Operation, Reply
from moneyer.sandbox.bank.calls.alert_kinds import CHANNELS, Channel, Offered, offered
from moneyer.sandbox.bank.problems import (
    ALERTS,
    BAD_ALERT_TYPE,
    BAD_CHANNEL,
    ONLY_INSTITUTIONS,
    Declined,
)
from moneyer.sandbox.bank.wire import Asked, Short, Wire

Status = Literal["ACTIVE", "INACTIVE"]


class AlertType(Wire, frozen=True, omit_defaults=False):
    """`channels` are separated by commas. `needsThreshold`: a preference has to name an amount."""

    alert_type_id: int
    alert_type_name: str
    display_alert_type_name: str
    alert_category: str
    event_type_domain: str
    description: str
    channels: str
    status: Status
    institution_id: str
    needs_threshold: bool


class AlertTypes(Wire, frozen=True, omit_defaults=False):
    alert_types: list[AlertType]


class InstitutionAlertType(Wire, frozen=True, omit_defaults=False):
    institution_alert_type_id: int
    alert_type_name: str
    channels_optd: str
    status_optd: Status
    institution_id: str


class InstitutionAlertTypes(Wire, frozen=True, omit_defaults=False):
    institution_alert_types: list[InstitutionAlertType]


class AlertTypeBody(Asked, frozen=True):
    """`channelsOptd` are separated by commas."""

    alert_type_name: Short
    status_optd: Status = "ACTIVE"
    channels_optd: Annotated[str, msgspec.Meta(max_length=64)] = ",".join(CHANNELS)


class AlertTypesQuery(Asked, frozen=True):
    status: Status | None = None


async def list_types(call: Call) -> Reply:
    """Raises Declined."""
    asked = call.query(AlertTypesQuery)
    types = [_shown(call, one) for one in offered(call.books, call.institution_id).values()]
    return Reply(body=AlertTypes([one for one in types if asked.status in {None, one.status}]))


async def list_institution_types(call: Call) -> Reply:
    call.query(AlertTypesQuery)
    kinds = offered(call.books, call.institution_id).values()
    return Reply(body=InstitutionAlertTypes([_setting(call, one) for one in kinds]))


async def set_institution_type(call: Call) -> Reply:
    """Raises Declined."""
    if call.verified.customer_id:
        raise Declined(ONLY_INSTITUTIONS)
    body = call.body(AlertTypeBody)
    name = body.alert_type_name
    if name not in offered(call.books, call.institution_id):
        raise Declined(BAD_ALERT_TYPE)
    channels = _channels(body.channels_optd)
    setting = AlertSetting(name, body.status_optd == "ACTIVE", channels)
    call.books.record(AlertSettingSaved(call.institution_id, setting))
    return Reply(body=_setting(call, offered(call.books, call.institution_id)[name]))


def _channels(said: str) -> tuple[Channel, ...]:
    """The channels named, in our order. Raises Declined."""
    named = {word.strip() for word in said.split(",") if word.strip()}
    if not named <= set(CHANNELS):
        raise Declined(BAD_CHANNEL)
    return tuple(channel for channel in CHANNELS if channel in named)


def _status(one: Offered) -> Status:
    return "ACTIVE" if one.active else "INACTIVE"


def _shown(call: Call, one: Offered) -> AlertType:
    kind = one.kind
    return AlertType(
        kind.number,
        kind.name,
        kind.title,
        kind.category,
        kind.domain,
        kind.description,
        ",".join(one.channels),
        _status(one),
        call.institution_id,
        kind.threshold,
    )


def _setting(call: Call, one: Offered) -> InstitutionAlertType:
    return InstitutionAlertType(
        one.kind.number, one.kind.name, ",".join(one.channels), _status(one), call.institution_id
    )


_PATH = "/v1/institution-alert-types"

OPERATIONS = (
    Operation(
        Route(
            "GET",
            "/v1/alert-types",
            ALERTS.family,
            ("alertMgmt:read", "alertPref:read"),
            "none",
        ),
        ALERTS,
        "listAlertTypes",
        "The kinds of alert there are",
        list_types,
        query=AlertTypesQuery,
        gives=AlertTypes,
    ),
    Operation(
        Route("GET", _PATH, ALERTS.family, ("alertMgmt:read",), "none"),
        ALERTS,
        "listInstitutionAlertTypes",
        "Which of them the institution offers",
        list_institution_types,
        query=AlertTypesQuery,
        gives=InstitutionAlertTypes,
    ),
    Operation(
        Route("PUT", _PATH, ALERTS.family, ("alertMgmt:write",), "none"),
        ALERTS,
        "updateInstitutionAlertType",
        "Offers a kind of alert, or does so no more; with an institution's token alone",
        set_institution_type,
        body=AlertTypeBody,
        gives=InstitutionAlertType,
        problems=(BAD_ALERT_TYPE, BAD_CHANNEL, ONLY_INSTITUTIONS),
        example={
            "alertTypeName": "LOW_BALANCE",
            "statusOptd": "ACTIVE",
            "channelsOptd": "EMAIL,PUSH",
        },
    ),
)
