"""Whom the legacy calls are about, and the port through which they ask and register."""

from typing import Literal, Protocol

from moneyer.customers.customer import Customer

IdType = Literal["GUID", "MEMNUMBER", "LOGINID", "HOSTID"]


class LoginTaken(Exception):
    """Another customer of the institution signs in like that."""


class AlreadyRegistered(Exception):
    """The institution has a customer of that member number or host user id."""


class Registry(Protocol):
    """The register of customers, each institution's apart."""

    async def find(self, institution_id: str, id_type: IdType, name: str) -> Customer | None:
        """The customer of that name, whatever their status. Raises Unavailable."""
        ...

    async def register(self, customer: Customer, password: str) -> None:
        """Adds a customer who then signs in with `password`.

        Raises LoginTaken, AlreadyRegistered, Overloaded and Unavailable.
        """
        ...
