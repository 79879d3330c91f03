"""Between the structs and their rows. A row's members stand in the order of the struct's fields."""

from typing import Any

import msgspec

from moneyer.customers.consent import Consent
from moneyer.customers.customer import Customer, Person
from moneyer.customers.notice import LogoutNotice
from moneyer.customers.session import Session
from moneyer.keys.lifecycle import KeyRecord
from moneyer.tokens.code import Code
from moneyer.tokens.family import Family

Row = Any
"""A tuple as either engine gives it; its members are as the schema says."""

KEY_COLUMNS = ", ".join(KeyRecord.__struct_fields__)


def _text(document: object) -> str:
    return msgspec.json.encode(document).decode()


def family_from_row(row: Row) -> Family:
    scopes, amr, claims = (tuple(row[place].split()) for place in (4, -3, -2))
    return Family(*(*row[:4], scopes, *row[5:-3], amr, claims, row[-1]))


def family_to_row(family: Family) -> Row:
    row = list(msgspec.structs.astuple(family))
    row[4] = " ".join(family.scopes)
    row[-3], row[-2] = " ".join(family.amr), " ".join(family.claims)
    return row


def code_from_row(row: Row) -> Code:
    scopes, identity, amr, claims = (tuple(row[place].split()) for place in (4, 5, -2, -1))
    return Code(*(*row[:4], scopes, identity, *row[6:-2], amr, claims))


def code_to_row(code: Code) -> Row:
    row = list(msgspec.structs.astuple(code))
    row[4], row[5] = " ".join(code.scopes), " ".join(code.identity)
    row[-2], row[-1] = " ".join(code.amr), " ".join(code.claims)
    return row


def customer_from_row(row: Row) -> Customer:
    person = msgspec.json.decode(row[8], type=Person)
    businesses = msgspec.json.decode(row[9], type=tuple[str, ...])
    return Customer(*(*row[:8], person, businesses, *row[10:]))


def customer_to_row(customer: Customer) -> Row:
    row = list(msgspec.structs.astuple(customer))
    row[8], row[9] = _text(customer.person), _text(customer.businesses)
    return row


def session_from_row(row: Row) -> Session:
    return Session(*(*row[:4], tuple(row[4].split()), *row[5:9], tuple(row[9].split()), row[10]))


def session_to_row(session: Session) -> Row:
    row = list(msgspec.structs.astuple(session))
    row[4], row[9] = " ".join(session.amr), " ".join(session.clients)
    return row


def consent_from_row(row: Row) -> Consent:
    return Consent(*(*row[:4], tuple(row[4].split()), *row[5:]))


def consent_to_row(consent: Consent) -> Row:
    row = list(msgspec.structs.astuple(consent))
    row[4] = " ".join(consent.scopes)
    return row


def notice_from_row(row: Row) -> LogoutNotice:
    return LogoutNotice(*(*row[:3], tuple(row[3].split()), *row[4:]))


def notice_to_row(notice: LogoutNotice) -> Row:
    row = list(msgspec.structs.astuple(notice))
    row[3] = " ".join(notice.clients)
    return row


def key_from_row(row: Row) -> KeyRecord:
    jwk = msgspec.json.decode(row[3], type=dict[str, str])
    return KeyRecord(*(*row[:3], jwk, *row[4:]))


def key_to_row(key: KeyRecord) -> Row:
    row = list(msgspec.structs.astuple(key))
    row[3] = _text(key.public_jwk)
    return row
