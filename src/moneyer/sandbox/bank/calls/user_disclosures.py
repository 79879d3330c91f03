"""Disclosures of a customer: what they agreed to, and what they took back."""

from typing import Literal

from moneyer.gateway.route import Route
from moneyer.sandbox.bank.books.books import time_of
from moneyer.sandbox.bank.books.changes import Consent, ConsentRemoved, ConsentSaved, Disclosure
from moneyer.sandbox.bank.call import Call, Operation, Reply
from moneyer.sandbox.bank.calls.institution_disclosures import disclosures_of
from moneyer.sandbox.bank.growth.dice import name_of
from moneyer.sandbox.bank.holder import Holder
from moneyer.sandbox.bank.problems import (
    DISCLOSURE_TOO_LONG,
    DISCLOSURES,
    IDS_DIFFER,
    NO_DISCLOSURE,
    Declined,
)
from moneyer.sandbox.bank.wire import Asked, Instant, Short, Wire

Status = Literal["ENROLLED", "NOT_ENROLLED", "NOT_ACCEPTED", "ACCEPTED"]


class InstitutionUserDisclosure(Wire, frozen=True):
    """`institutionUserDisclosureId` and the time are absent until the customer has said something."""

    institution_id: str
    institution_user_id: str
    institution_disclosure_id: str
    institution_disclosure_name: str
    institution_user_disclosure_status: Status
    institution_user_disclosure_id: str = ""
    institution_user_disclosure_status_update_date_time: Instant = ""
    account_id: str = ""


class InstitutionUserDisclosures(Wire, frozen=True, omit_defaults=False):
    institution_user_disclosures: list[InstitutionUserDisclosure]


class ConsentBody(Asked, frozen=True):
    """The disclosure by its id, or by its name; both where they agree.

    What the bank knows itself (institution, user, time) may be sent and has to be right, the time
    excepted, which is the bank's.
    """

    institution_user_disclosure_status: Status
    institution_disclosure_id: Short | None = None
    institution_disclosure_name: Short | None = None
    account_id: Short | None = None
    institution_id: Short | None = None
    institution_user_id: Short | None = None
    institution_user_disclosure_id: Short | None = None
    institution_user_disclosure_status_update_date_time: Short | None = None


class WithdrawalBody(Asked, frozen=True):
    institution_disclosure_id: Short | None = None
    institution_disclosure_name: Short | None = None
    institution_user_disclosure_id: Short | None = None
    account_id: Short | None = None


class ConsentsQuery(Asked, frozen=True):
    account_id: Short | None = None


async def list_consents(call: Call) -> Reply:
    """Each enabled disclosure, with what the customer said to it. Raises Declined."""
    asked = call.query(ConsentsQuery)
    holder = await call.holder()
    said = list(_consents(call, holder).values())
    shown: list[InstitutionUserDisclosure] = []
    for disclosure in disclosures_of(call.books, call.institution_id).values():
        given = [one for one in said if one.disclosure_id == disclosure.disclosure_id]
        shown += [_shown(call, holder, disclosure, one) for one in given]
        if not given and disclosure.enabled:
            shown.append(_shown(call, holder, disclosure, None))
    if asked.account_id is not None:
        shown = [one for one in shown if one.account_id in {"", asked.account_id}]
    return Reply(body=InstitutionUserDisclosures(shown))


async def save_consent(call: Call) -> Reply:
    """What a customer says to a disclosure, for the first time or anew. Raises Declined."""
    body = call.body(ConsentBody)
    holder = await call.holder()
    if body.institution_id not in {None, call.institution_id}:
        raise Declined(DISCLOSURES.body)
    if body.institution_user_id not in {None, holder.party.customer_id}:
        raise Declined(DISCLOSURES.body)
    disclosure = _disclosure(call, body.institution_disclosure_id, body.institution_disclosure_name)
    if not disclosure.enabled:
        raise Declined(NO_DISCLOSURE)
    if body.account_id is not None:
        call.account(holder, body.account_id, NO_DISCLOSURE)
    consent = Consent(
        _consent_id(holder, disclosure, body.account_id or ""),
        disclosure.disclosure_id,
        body.institution_user_disclosure_status,
        call.now,
        body.account_id or "",
    )
    if body.institution_user_disclosure_id not in {None, consent.consent_id}:
        raise Declined(IDS_DIFFER)
    if call.request.method == "PUT" and consent.consent_id not in _consents(call, holder):
        raise Declined(NO_DISCLOSURE)
    call.books.record(ConsentSaved(call.institution_id, holder.party.customer_id, consent))
    shown = _shown(call, holder, disclosure, consent)
    return Reply(body=InstitutionUserDisclosures([shown]))


async def withdraw_consent(call: Call) -> Reply:
    """Forgets what a customer said to a disclosure. Raises Declined."""
    body = call.body(WithdrawalBody)
    holder = await call.holder()
    consent_id = body.institution_user_disclosure_id
    if consent_id is None:
        disclosure = _disclosure(call, body.institution_disclosure_id, body.institution_disclosure_name)
        consent_id = _consent_id(holder, disclosure, body.account_id or "")
    if consent_id not in _consents(call, holder):
        raise Declined(NO_DISCLOSURE)
    call.books.record(ConsentRemoved(call.institution_id, holder.party.customer_id, consent_id))
    return Reply(204)


def _consents(call: Call, holder: Holder) -> dict[str, Consent]:
    return call.books.state.consents.get((call.institution_id, holder.party.customer_id), {})


def _consent_id(holder: Holder, disclosure: Disclosure, account_id: str) -> str:
    """One answer for each disclosure and account: its name follows from theirs."""
    customer_id = holder.party.customer_id
    return name_of("consent", customer_id, disclosure.disclosure_id, account_id).upper()


def _disclosure(call: Call, disclosure_id: str | None, name: str | None) -> Disclosure:
    if disclosure_id is None and name is None:
        raise Declined(DISCLOSURES.body)
    for disclosure in disclosures_of(call.books, call.institution_id).values():
        if disclosure_id in {None, disclosure.disclosure_id} and name in {None, disclosure.name}:
            return disclosure
    raise Declined(NO_DISCLOSURE)


def _shown(
    call: Call, holder: Holder, disclosure: Disclosure, consent: Consent | None
) -> InstitutionUserDisclosure:
    return InstitutionUserDisclosure(
        call.institution_id,
        holder.party.customer_id,
        disclosure.disclosure_id,
        disclosure.name,
        consent.status if consent else "NOT_ACCEPTED",
        consent.consent_id if consent else "",
        time_of(consent.at) if consent else "",
        consent.account_id if consent else "",
    )


_PATH = "/v1/institution-user-disclosures"
_WRITE = ("disclosures:write",)
_EXAMPLE = {
    "institutionDisclosureName": "ESIGN",
    "institutionUserDisclosureStatus": "ACCEPTED",
}

OPERATIONS = (
    Operation(
        Route("GET", _PATH, DISCLOSURES.family, ("disclosures:read",)),
        DISCLOSURES,
        "listUserDisclosures",
        "What a customer said to each disclosure",
        list_consents,
        query=ConsentsQuery,
        gives=InstitutionUserDisclosures,
    ),
    *(
        Operation(
            Route(method, _PATH, DISCLOSURES.family, _WRITE),
            DISCLOSURES,
            name,
            summary,
            save_consent,
            body=ConsentBody,
            gives=InstitutionUserDisclosures,
            problems=(NO_DISCLOSURE, IDS_DIFFER, DISCLOSURE_TOO_LONG),
            example=_EXAMPLE,
        )
        for method, name, summary in (
            ("POST", "createUserDisclosure", "A customer accepts a disclosure, or does not"),
            ("PUT", "updateUserDisclosure", "A customer thinks again"),
        )
    ),
    Operation(
        Route("DELETE", _PATH, DISCLOSURES.family, _WRITE),
        DISCLOSURES,
        "deleteUserDisclosure",
        "A customer takes back what they said; the body names the disclosure",
        withdraw_consent,
        body=WithdrawalBody,
        status=204,
        problems=(NO_DISCLOSURE, DISCLOSURE_TOO_LONG),
        example={"institutionDisclosureName": "ESIGN"},
    ),
)
