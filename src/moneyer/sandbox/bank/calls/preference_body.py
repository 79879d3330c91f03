"""What a caller says of an alert preference, read and checked."""

from decimal import Decimal

from moneyer.sandbox.bank.books.changes import Preference
from moneyer.sandbox.bank.call import Call
from moneyer.sandbox.bank.calls.alert_kinds import CHANNELS, offered
from moneyer.sandbox.bank.holder import Holder
from moneyer.sandbox.bank.money import cents_of
from moneyer.sandbox.bank.problems import (
    ALERTS,
    BAD_ALERT_ACCOUNT,
    BAD_ALERT_TYPE,
    BAD_CHANNEL,
    NOT_CONFIGURED,
    PREFERENCE_DIFFERS,
    Declined,
)
from moneyer.sandbox.bank.wire import Asked, Short


class DetailsBody(Asked, frozen=True):
    alert_type_name: Short
    channel_type_name: Short
    alert_pref_id: int | None = None
    institution_id: Short | None = None
    institution_customer_id: Short | None = None


class AccountBody(Asked, frozen=True):
    account_id: Short


class AdditionalBody(Asked, frozen=True):
    threshold: Decimal


class PreferenceBody(Asked, frozen=True):
    alert_preference_details: DetailsBody
    alert_opted: bool = True
    alert_preference_account_details: AccountBody | None = None
    additional_info: AdditionalBody | None = None


def read_preference(call: Call, holder: Holder, body: PreferenceBody) -> Preference:
    """What the body asks for, with a number nobody has yet. Raises Declined."""
    details = body.alert_preference_details
    kind = offered(call.books, call.institution_id).get(details.alert_type_name)
    if kind is None:
        raise Declined(BAD_ALERT_TYPE)
    if details.channel_type_name not in CHANNELS:
        raise Declined(BAD_CHANNEL)
    if body.alert_opted and not (kind.active and details.channel_type_name in kind.channels):
        raise Declined(NOT_CONFIGURED)
    if details.institution_id not in {None, call.institution_id}:
        raise Declined(PREFERENCE_DIFFERS)
    account_id = ""
    if body.alert_preference_account_details is not None:
        account_id = body.alert_preference_account_details.account_id
        call.account(holder, account_id, BAD_ALERT_ACCOUNT)
    return Preference(
        call.books.state.count,
        details.alert_type_name,
        details.channel_type_name,
        body.alert_opted,
        account_id,
        _threshold(body.additional_info, needed=kind.kind.threshold),
    )


def _threshold(info: AdditionalBody | None, *, needed: bool) -> int:
    if info is None and not needed:
        return 0
    if info is None:
        raise Declined(ALERTS.body)
    try:
        cents = cents_of(info.threshold)
    except ValueError:
        raise Declined(ALERTS.body) from None
    if cents < 0:
        raise Declined(ALERTS.body)
    return cents
