"""The password check as a port: built in, or the bank's own core."""

from contextlib import AbstractContextManager, suppress
from typing import NoReturn, Protocol

import msgspec

from moneyer.customers.customer import Customer
from moneyer.customers.hashing_pool import HashingPool
from moneyer.customers.passwords import PasswordHasher
from moneyer.protocol.failures import BadCustomer


class Verified(msgspec.Struct, frozen=True):
    """A customer who proved the password. `new_hash` is set when the stored one is out of date."""

    customer: Customer
    new_hash: str | None = None

    def __repr__(self) -> str:
        return f"Verified({self.customer!r})"


class Verifier(Protocol):
    """Checks a password.

    `place` holds room for one check, so that what precedes the check is not done for nothing; it
    raises Overloaded at once when there is none. `refuse` stands in for the check of a locked login
    and raises BadCustomer. `verify` is called while a place is held. It raises BadCustomer, after the
    same work, for a wrong password, for `customer` None and for one who may not sign in; Unavailable
    when the check could not be made.
    """

    def place(self) -> AbstractContextManager[None]: ...

    async def refuse(self, password: str) -> NoReturn: ...

    async def verify(
        self, institution_id: str, login_id: str, customer: Customer | None, password: str
    ) -> Verified: ...


class BuiltInVerifier:
    """Checks against the argon2id hash in the customer's row."""

    def __init__(self, hasher: PasswordHasher, pool: HashingPool) -> None:
        self._hasher = hasher
        self._pool = pool

    def place(self) -> AbstractContextManager[None]:
        return self._pool.place()

    async def refuse(self, password: str) -> NoReturn:
        """Does the work of a check, so that a lock cannot be told from a wrong password."""
        with suppress(BadCustomer):
            await self._pool.run(self._hasher.verify, None, password)
        raise BadCustomer("login-locked")

    async def verify(
        self, institution_id: str, login_id: str, customer: Customer | None, password: str
    ) -> Verified:
        stored = customer.password_hash if customer and customer.status == "active" else None
        new_hash = await self._pool.run(self._hasher.verify, stored, password)
        if customer is None or customer.institution_id != institution_id:
            raise BadCustomer("customer-unknown")
        return Verified(customer, new_hash)
