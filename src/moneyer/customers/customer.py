"""A customer of an institution."""

from typing import Literal

import msgspec

from moneyer.institutions.institution import Status

CustomerType = Literal["RETAIL", "BUSINESS"]


class Person(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an id_token may say about a customer (OpenID Connect Core section 5.1)."""

    given_name: str = ""
    family_name: str = ""
    birthdate: str = ""
    email: str = ""
    phone_number: str = ""

    def __repr__(self) -> str:
        return "Person(…)"


class Customer(msgspec.Struct, frozen=True):
    """One login at one institution.

    `customer_id` is the institutionUserId, 32 upper-case hexadecimal digits, and the subject of every
    token. `login_key` is the canonical form of `login_id`; no two customers of an institution share
    one. `tokens_not_before`: no token struck for this customer before that instant opens anything.
    `businesses` are the institutionCustomerIds that a business customer acts for.
    """

    institution_id: str
    customer_id: str
    login_id: str
    login_key: str
    host_user_id: str
    type: CustomerType
    status: Status = "active"
    member_number: str = ""
    person: Person = Person()
    businesses: tuple[str, ...] = ()
    password_hash: str = ""
    tokens_not_before: int = 0

    def __repr__(self) -> str:
        return f"Customer({self.institution_id!r}, {self.customer_id!r})"
