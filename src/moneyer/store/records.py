"""Between the structs and their rows. A row's members stand in the order of the struct's fields."""

from typing import Any

import msgspec

from moneyer.customers.customer import Customer, Person
from moneyer.keys.lifecycle import KeyRecord
from moneyer.tokens.code import Code
from moneyer.tokens.family import Family

Row = Any
"""A tuple as either engine gives it; its members are as the schema says."""

KEY_COLUMNS = ", ".join(KeyRecord.__struct_fields__)


def _text(document: object) -> str:
    return msgspec.json.encode(document).decode()


def family_from_row(row: Row) -> Family:
    return Family(*(*row[:4], tuple(row[4].split()), *row[5:]))


def family_to_row(family: Family) -> Row:
    row = list(msgspec.structs.astuple(family))
    row[4] = " ".join(family.scopes)
    return row


def code_from_row(row: Row) -> Code:
    return Code(*(*row[:4], tuple(row[4].split()), tuple(row[5].split()), *row[6:]))


def code_to_row(code: Code) -> Row:
    row = list(msgspec.structs.astuple(code))
    row[4], row[5] = " ".join(code.scopes), " ".join(code.identity)
    return row


def customer_from_row(row: Row) -> Customer:
    person = msgspec.json.decode(row[8], type=Person)
    businesses = msgspec.json.decode(row[9], type=tuple[str, ...])
    return Customer(*(*row[:8], person, businesses, *row[10:]))


def customer_to_row(customer: Customer) -> Row:
    row = list(msgspec.structs.astuple(customer))
    row[8], row[9] = _text(customer.person), _text(customer.businesses)
    return row


def key_from_row(row: Row) -> KeyRecord:
    jwk = msgspec.json.decode(row[3], type=dict[str, str])
    return KeyRecord(*(*row[:3], jwk, *row[4:]))


def key_to_row(key: KeyRecord) -> Row:
    row = list(msgspec.structs.astuple(key))
    row[3] = _text(key.public_jwk)
    return row
