"""Alert preferences: what a customer wants to be told, and through which channel."""

from typing import Annotated

import msgspec

from moneyer.gateway.route import Route
from moneyer.sandbox.bank.books.changes import Preference, PreferenceRemoved, PreferenceSaved
from moneyer.sandbox.bank.call import Call, Operation, Reply
from moneyer.sandbox.bank.calls.alert_kinds import KINDS
from moneyer.sandbox.bank.calls.preference_body import PreferenceBody, read_preference
from moneyer.sandbox.bank.holder import Holder
from moneyer.sandbox.bank.people import Owner
from moneyer.sandbox.bank.problems import (
    ALERTS,
    BAD_ALERT_ACCOUNT,
    BAD_ALERT_TYPE,
    BAD_CHANNEL,
    NO_PREFERENCE,
    NOT_CONFIGURED,
    PREFERENCE_DIFFERS,
    PREFERENCE_EXISTS,
    TOO_MANY_PREFERENCES,
    Declined,
)
from moneyer.sandbox.bank.wire import Asked, Short, Wire

MOST = 100
"""Preferences that one owner may keep."""


class Details(Wire, frozen=True):
    alert_pref_id: int
    alert_type_name: str
    channel_type_name: str
    institution_id: str
    institution_customer_id: str = ""


class AccountDetails(Wire, frozen=True):
    account_id: str


class Additional(Wire, frozen=True):
    threshold: float


class AlertPreference(Wire, frozen=True):
    """About every account, where none is named. The threshold is in dollars."""

    alert_opted: bool
    alert_preference_details: Details
    alert_preference_account_details: AccountDetails | None = None
    additional_info: Additional | None = None


class AlertPreferences(Wire, frozen=True, omit_defaults=False):
    alert_preferences: list[AlertPreference]


class PreferencesQuery(Asked, frozen=True):
    """`alertTypes` are separated by commas."""

    account_id: Short | None = None
    alert_types: Annotated[str, msgspec.Meta(max_length=200)] = ""


async def list_preferences(call: Call) -> Reply:
    """Raises Declined."""
    asked = call.query(PreferencesQuery)
    holder = await call.holder()
    names = {name.strip() for name in asked.alert_types.split(",") if name.strip()}
    if not names <= KINDS.keys():
        raise Declined(BAD_ALERT_TYPE)
    shown = [
        _shown(holder, owner, one)
        for owner in holder.owners
        for one in _of(call, owner).values()
        if (not names or one.type_name in names) and asked.account_id in {None, one.account_id}
    ]
    return Reply(body=AlertPreferences(shown))


async def get_preference(call: Call) -> Reply:
    """Raises Declined."""
    holder = await call.holder()
    return Reply(body=_shown(holder, *_found(call, holder)))


async def create_preference(call: Call) -> Reply:
    """Raises Declined, also where there is one for the same kind, channel and account."""
    body = call.body(PreferenceBody)
    holder = await call.holder()
    preference = read_preference(call, holder, body)
    if body.alert_preference_details.alert_pref_id is not None:
        raise Declined(PREFERENCE_DIFFERS)
    if _same(call, holder.first, preference) is not None:
        raise Declined(PREFERENCE_EXISTS)
    return _saved(call, holder, holder.first, preference, status=201)


async def put_preference(call: Call) -> Reply:
    """Saves what the customer wants, whether it is new or not. Raises Declined."""
    body = call.body(PreferenceBody)
    holder = await call.holder()
    preference = read_preference(call, holder, body)
    before = _same(call, holder.first, preference)
    if before is not None:
        preference = msgspec.structs.replace(preference, number=before.number)
    if body.alert_preference_details.alert_pref_id not in {None, before and before.number}:
        raise Declined(PREFERENCE_DIFFERS)
    return _saved(call, holder, holder.first, preference)


async def update_preference(call: Call) -> Reply:
    """Raises Declined, also where the body speaks of another preference."""
    body = call.body(PreferenceBody)
    holder = await call.holder()
    owner, before = _found(call, holder)
    preference = msgspec.structs.replace(read_preference(call, holder, body), number=before.number)
    same = _same(call, owner, preference)
    named = body.alert_preference_details.alert_pref_id
    if named not in {None, before.number} or (same and same.number != before.number):
        raise Declined(PREFERENCE_DIFFERS)
    return _saved(call, holder, owner, preference)


async def delete_preference(call: Call) -> Reply:
    """Raises Declined."""
    holder = await call.holder()
    owner, before = _found(call, holder)
    call.books.record(PreferenceRemoved(call.institution_id, owner.owner_id, before.number))
    return Reply(204)


def _saved(
    call: Call, holder: Holder, owner: Owner, preference: Preference, status: int = 200
) -> Reply:
    kept = _of(call, owner)
    if preference.number not in kept and len(kept) >= MOST:
        raise Declined(TOO_MANY_PREFERENCES)
    call.books.record(PreferenceSaved(call.institution_id, owner.owner_id, preference))
    return Reply(status, _shown(holder, owner, preference))


def _of(call: Call, owner: Owner) -> dict[int, Preference]:
    return call.books.state.preferences.get((owner.institution_id, owner.owner_id), {})


def _same(call: Call, owner: Owner, wanted: Preference) -> Preference | None:
    """The preference for the same kind, channel and account."""

    def key(one: Preference) -> tuple[str, str, str]:
        return one.type_name, one.channel, one.account_id

    return next((one for one in _of(call, owner).values() if key(one) == key(wanted)), None)


def _found(call: Call, holder: Holder) -> tuple[Owner, Preference]:
    said = call.variables["alertPreferenceId"]
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 16 else -1
    for owner in holder.owners:
        if preference := _of(call, owner).get(number):
            return owner, preference
    raise Declined(NO_PREFERENCE)


def _shown(holder: Holder, owner: Owner, preference: Preference) -> AlertPreference:
    return AlertPreference(
        preference.opted,
        Details(
            preference.number,
            preference.type_name,
            preference.channel,
            owner.institution_id,
            owner.owner_id if holder.party.is_business else "",
        ),
        AccountDetails(preference.account_id) if preference.account_id else None,
        Additional(preference.threshold / 100) if preference.threshold else None,
    )


_ALL = "/v1/alert-preferences"
_ONE = "/v1/alert-preferences/{alertPreferenceId}"
_EXAMPLE = {
    "alertOpted": True,
    "alertPreferenceDetails": {
        "alertTypeName": "LARGE_WITHDRAWAL",
        "channelTypeName": "EMAIL",
    },
    "additionalInfo": {"threshold": 20.0},
}
_WRITING = (
    BAD_ALERT_TYPE,
    BAD_CHANNEL,
    NOT_CONFIGURED,
    BAD_ALERT_ACCOUNT,
    PREFERENCE_DIFFERS,
)


def _route(method: str, path: str, scope: str) -> Route:
    return Route(method, path, ALERTS.family, (scope,), context_in_header=True)


OPERATIONS = (
    Operation(
        _route("GET", _ALL, "alertPref:read"),
        ALERTS,
        "listAlertPreferences",
        "What a customer wants to be told",
        list_preferences,
        query=PreferencesQuery,
        gives=AlertPreferences,
        problems=(BAD_ALERT_TYPE,),
    ),
    Operation(
        _route("POST", _ALL, "alertPref:write"),
        ALERTS,
        "createAlertPreference",
        "A new preference",
        create_preference,
        body=PreferenceBody,
        gives=AlertPreference,
        status=201,
        problems=(*_WRITING, PREFERENCE_EXISTS, TOO_MANY_PREFERENCES),
        example=_EXAMPLE,
    ),
    Operation(
        _route("PUT", _ALL, "alertPref:write"),
        ALERTS,
        "putAlertPreference",
        "A preference, new or anew, known by its kind, channel and account",
        put_preference,
        body=PreferenceBody,
        gives=AlertPreference,
        problems=(*_WRITING, TOO_MANY_PREFERENCES),
        example=_EXAMPLE,
    ),
    Operation(
        _route("GET", _ONE, "alertPref:read"),
        ALERTS,
        "getAlertPreference",
        "One preference",
        get_preference,
        gives=AlertPreference,
        problems=(NO_PREFERENCE,),
    ),
    Operation(
        _route("PUT", _ONE, "alertPref:write"),
        ALERTS,
        "updateAlertPreference",
        "A preference anew, known by its id",
        update_preference,
        body=PreferenceBody,
        gives=AlertPreference,
        problems=(*_WRITING, NO_PREFERENCE),
        example=_EXAMPLE,
    ),
    Operation(
        _route("DELETE", _ONE, "alertPref:write"),
        ALERTS,
        "deleteAlertPreference",
        "Forgets a preference",
        delete_preference,
        status=204,
        problems=(NO_PREFERENCE,),
    ),
)
