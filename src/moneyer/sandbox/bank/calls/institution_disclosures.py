"""Disclosures of an institution: what its customers may be asked to agree to."""

from typing import Annotated, Literal

import msgspec

from moneyer.gateway.route import Route
from moneyer.sandbox.bank.books.books import Books
from moneyer.sandbox.bank.books.changes import Disclosure, DisclosureSaved
from moneyer.sandbox.bank.call import Call, Operation, Reply
from moneyer.sandbox.bank.growth.dice import name_of
from moneyer.sandbox.bank.problems import (
    DISCLOSURE_EXISTS,
    DISCLOSURE_TOO_LONG,
    DISCLOSURES,
    IDS_DIFFER,
    NO_DISCLOSURE,
    NOT_AN_INSTITUTION,
    Declined,
)
from moneyer.sandbox.bank.wire import Asked, Short, Wire

FIRST = (
    ("IB", "https://bank.example/disclosures/online-banking"),
    ("ESIGN", "https://bank.example/disclosures/electronic-signatures"),
    ("OLS", "https://bank.example/disclosures/online-statements"),
)
"""What every institution has from the beginning."""

DataType = Literal["URL", "CONFIG", "RAW"]


class InstitutionDisclosure(Wire, frozen=True, omit_defaults=False):
    institution_disclosure_id: str
    institution_id: str
    institution_disclosure_name: str
    institution_disclosure_data: str
    institution_disclosure_data_type: str
    institution_disclosure_status: bool


class InstitutionDisclosures(Wire, frozen=True, omit_defaults=False):
    institution_disclosures: list[InstitutionDisclosure]


class DisclosureBody(Asked, frozen=True):
    institution_disclosure_name: Annotated[
        str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{1,64}$", min_length=1, max_length=64)
    ]
    institution_disclosure_data: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    institution_disclosure_data_type: DataType = "URL"
    institution_disclosure_status: bool = True
    institution_disclosure_id: Short | None = None
    institution_id: Short | None = None


def disclosures_of(books: Books, institution_id: str) -> dict[str, Disclosure]:
    """Every disclosure of an institution by its id: the first ones, and what became of them."""
    first = {
        disclosure_id: Disclosure(disclosure_id, name, url)
        for name, url in FIRST
        for disclosure_id in [name_of(books.state.seed, "disclosure", institution_id, name).upper()]
    }
    return {**first, **books.state.disclosures.get(institution_id, {})}


async def list_disclosures(call: Call) -> Reply:
    found = disclosures_of(call.books, call.institution_id).values()
    return Reply(body=InstitutionDisclosures([_shown(call, one) for one in found]))


async def create_disclosure(call: Call) -> Reply:
    """Raises Declined."""
    body = _body(call)
    if body.institution_disclosure_id is not None:
        raise Declined(DISCLOSURES.body)
    return _saved(call, body, call.books.new_id("disclosure", call.institution_id).upper())


async def update_disclosure(call: Call) -> Reply:
    """Raises Declined."""
    body = _body(call)
    disclosure_id = call.variables["institutionDisclosureId"]
    if disclosure_id not in disclosures_of(call.books, call.institution_id):
        raise Declined(NO_DISCLOSURE)
    if body.institution_disclosure_id not in {None, disclosure_id}:
        raise Declined(IDS_DIFFER)
    return _saved(call, body, disclosure_id)


def _body(call: Call) -> DisclosureBody:
    """Raises Declined: only an institution writes here, and only its own."""
    if call.verified.customer_id:
        raise Declined(NOT_AN_INSTITUTION)
    body = call.body(DisclosureBody)
    if body.institution_id not in {None, call.institution_id}:
        raise Declined(DISCLOSURES.body)
    return body


def _saved(call: Call, body: DisclosureBody, disclosure_id: str) -> Reply:
    name = body.institution_disclosure_name
    existing = disclosures_of(call.books, call.institution_id).values()
    if any(one.name == name and one.disclosure_id != disclosure_id for one in existing):
        raise Declined(DISCLOSURE_EXISTS)
    disclosure = Disclosure(
        disclosure_id,
        name,
        body.institution_disclosure_data,
        body.institution_disclosure_data_type,
        body.institution_disclosure_status,
    )
    call.books.record(DisclosureSaved(call.institution_id, disclosure))
    return Reply(body=_shown(call, disclosure))


def _shown(call: Call, disclosure: Disclosure) -> InstitutionDisclosure:
    return InstitutionDisclosure(
        disclosure.disclosure_id,
        call.institution_id,
        disclosure.name,
        disclosure.data,
        disclosure.data_type,
        disclosure.enabled,
    )


_EXAMPLE = {
    "institutionDisclosureName": "MOBILE_DEPOSIT",
    "institutionDisclosureData": "https://bank.example/disclosures/mobile-deposit",
    "institutionDisclosureDataType": "URL",
    "institutionDisclosureStatus": True,
}

OPERATIONS = (
    Operation(
        Route(
            "GET",
            "/v1/institution-disclosures",
            DISCLOSURES.family,
            ("disclosures:read",),
            "none",
        ),
        DISCLOSURES,
        "listInstitutionDisclosures",
        "What the institution asks its customers to agree to",
        list_disclosures,
        gives=InstitutionDisclosures,
    ),
    Operation(
        Route(
            "POST",
            "/v1/institution-disclosures",
            DISCLOSURES.family,
            ("disclosures:write",),
            "none",
        ),
        DISCLOSURES,
        "createInstitutionDisclosure",
        "A new disclosure; with an institution's token alone",
        create_disclosure,
        body=DisclosureBody,
        gives=InstitutionDisclosure,
        problems=(DISCLOSURE_EXISTS, DISCLOSURE_TOO_LONG, NOT_AN_INSTITUTION),
        example=_EXAMPLE,
    ),
    Operation(
        Route(
            "PUT",
            "/v1/institution-disclosures/{institutionDisclosureId}",
            DISCLOSURES.family,
            ("disclosures:write",),
            "none",
        ),
        DISCLOSURES,
        "updateInstitutionDisclosure",
        "A disclosure anew; with an institution's token alone",
        update_disclosure,
        body=DisclosureBody,
        gives=InstitutionDisclosure,
        problems=(
            NO_DISCLOSURE,
            IDS_DIFFER,
            DISCLOSURE_EXISTS,
            DISCLOSURE_TOO_LONG,
            NOT_AN_INSTITUTION,
        ),
        example=_EXAMPLE,
    ),
)
