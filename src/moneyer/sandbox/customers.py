"""Who the bank's customers are, as the token service's own store has them."""

import asyncio
from collections.abc import Callable

from moneyer.customers.customer import Customer
from moneyer.customers.login import canonical_login
from moneyer.protocol.failures import BadParameter
from moneyer.sandbox.bank.people import House, Party
from moneyer.store.admin import Admin, AdminError
from moneyer.store.engine import Engine


class StoredCustomers:
    """Finds customers as the command line does, so that one registered a moment ago is there."""

    def __init__(self, engine: Engine) -> None:
        self._desk = Admin(engine).customers
        self._houses = Admin(engine).institutions

    async def by_id(self, institution_id: str, institution_user_id: str) -> Party | None:
        return await self._found(self._desk.by_id, institution_id, institution_user_id)

    async def by_login(self, institution_id: str, login_id: str) -> Party | None:
        try:
            key = canonical_login(login_id)
        except BadParameter:
            return None
        return await self._found(self._desk.by_login, institution_id, key)

    async def by_host_user(self, institution_id: str, host_user_id: str) -> Party | None:
        return await self._found(self._desk.by_host_user, institution_id, host_user_id)

    async def by_member(self, institution_id: str, member_number: str) -> Party | None:
        return await self._found(self._desk.by_member, institution_id, member_number)

    def house(self, institution_id: str) -> House | None:
        """How an institution's cheques look."""
        try:
            institution = self._houses.get(institution_id)
        except AdminError:
            return None
        return House(institution.name, institution.brand.accent)

    async def _found(
        self, find: Callable[[str, str], Customer], institution_id: str, name: str
    ) -> Party | None:
        try:
            customer = await asyncio.to_thread(find, institution_id, name)
        except AdminError:
            return None
        return party_of(customer) if customer.status == "active" else None


def party_of(customer: Customer) -> Party:
    """A customer as the bank's APIs name them."""
    return Party(
        customer.institution_id,
        customer.customer_id,
        customer.login_id,
        customer.host_user_id,
        customer.type,
        customer.person.given_name,
        customer.person.family_name,
        customer.member_number,
        customer.businesses,
    )
