"""Whom the bank serves, as far as it has to know them, and the two ports through which it asks."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from moneyer.customers.customer import CustomerType


class Owner(msgspec.Struct, frozen=True):
    """Whom accounts belong to: a person, or one of the businesses of a login.

    `owner_id` is the institutionUserId of a person, the institutionCustomerId of a business.
    """

    institution_id: str
    owner_id: str
    type: CustomerType
    given_name: str
    family_name: str
    member_number: str

    def __repr__(self) -> str:
        return f"Owner({self.institution_id!r}, {self.owner_id!r})"


class Party(msgspec.Struct, frozen=True):
    """A customer of an institution. Every id is as it stands on the wire (wire-v2, section 4)."""

    institution_id: str
    customer_id: str
    login_id: str
    host_user_id: str
    type: CustomerType
    given_name: str = ""
    family_name: str = ""
    member_number: str = ""
    businesses: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Party({self.institution_id!r}, {self.customer_id!r})"

    @property
    def is_business(self) -> bool:
        return self.type == "BUSINESS"

    @property
    def owners(self) -> tuple[Owner, ...]:
        """The person, or each business in the order of registration; never none."""
        owner_ids = (self.is_business and self.businesses) or (self.customer_id,)
        return tuple(
            Owner(
                self.institution_id,
                owner_id,
                self.type,
                self.given_name,
                self.family_name,
                self.member_number,
            )
            for owner_id in owner_ids
        )


class Customers(Protocol):
    """Finds customers of one institution; None for a name that nobody has there."""

    async def by_id(self, institution_id: str, institution_user_id: str) -> Party | None: ...

    async def by_login(self, institution_id: str, login_id: str) -> Party | None: ...

    async def by_host_user(self, institution_id: str, host_user_id: str) -> Party | None: ...

    async def by_member(self, institution_id: str, member_number: str) -> Party | None: ...


class House(msgspec.Struct, frozen=True):
    """A bank as its cheques show it. `accent` is a colour, `#rrggbb`."""

    name: str
    accent: str = "#1d4e89"


Houses = Callable[[str], House | None]
"""Finds an institution by its id."""
