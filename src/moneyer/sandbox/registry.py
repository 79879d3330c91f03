"""The register of customers behind Register User: the token service's own store."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec

from moneyer.customers.customer import Customer
from moneyer.customers.hashing_pool import HashingPool
from moneyer.customers.login import canonical_login
from moneyer.customers.passwords import PasswordHasher
from moneyer.protocol.failures import BadParameter, StoreUnavailable
from moneyer.sandbox.legacy.people import AlreadyRegistered, IdType, LoginTaken
from moneyer.store.admin import Admin, AdminError
from moneyer.store.admin.customers import CustomerExists
from moneyer.store.engine import DatabaseError, Engine, told_plainly

T = TypeVar("T")


class StoredRegistry:
    """Finds and adds customers as the command line does, beside the service that serves.

    One registration at a time: a member number is found to be free and taken in one go.
    """

    def __init__(self, engine: Engine, hasher: PasswordHasher) -> None:
        self._desk = Admin(engine, writer="registration").customers
        self._hasher = hasher
        self._pool = HashingPool(threads=1)
        self._one_by_one = asyncio.Lock()
        self._ways: dict[IdType, tuple[Callable[[str, str], Customer], Callable[[str], str]]] = {
            "GUID": (self._desk.by_id, str.upper),
            "MEMNUMBER": (self._desk.by_member, str),
            "LOGINID": (self._desk.by_login, _login_key),
            "HOSTID": (self._desk.by_host_user, str),
        }

    def close(self) -> None:
        self._pool.close()

    async def find(self, institution_id: str, id_type: IdType, name: str) -> Customer | None:
        """Raises Unavailable."""
        find, key_of = self._ways[id_type]
        key = key_of(name)
        try:
            return await _at_the_store(find, institution_id, key) if key else None
        except AdminError:
            return None

    async def register(self, customer: Customer, password: str) -> None:
        """Raises LoginTaken, AlreadyRegistered, Overloaded and Unavailable."""
        with self._pool.place():
            async with self._one_by_one:
                await self._require_new(customer)
                hashed = await self._pool.run(self._hasher.hash, password)
                added = msgspec.structs.replace(customer, password_hash=hashed)
                try:
                    await _at_the_store(self._desk.add, added)
                except CustomerExists as taken:
                    raise _refusal(taken) from None

    async def _require_new(self, customer: Customer) -> None:
        """Raises LoginTaken and AlreadyRegistered, before a hash is made for nothing."""
        institution_id = customer.institution_id
        if await self.find(institution_id, "LOGINID", customer.login_id):
            raise LoginTaken
        if await self.find(institution_id, "MEMNUMBER", customer.member_number):
            raise AlreadyRegistered
        if await self.find(institution_id, "HOSTID", customer.host_user_id):
            raise AlreadyRegistered


def _login_key(login_id: str) -> str:
    """ "" for what nobody can be called."""
    try:
        return canonical_login(login_id)
    except BadParameter:
        return ""


def _refusal(taken: CustomerExists) -> LoginTaken | AlreadyRegistered:
    return LoginTaken() if taken.what == "login id" else AlreadyRegistered()


async def _at_the_store(ask: Callable[..., T], *arguments: object) -> T:
    """What the store answers, from another thread. Raises Unavailable where it does not."""

    def asked() -> T:
        with told_plainly():
            return ask(*arguments)

    try:
        return await asyncio.to_thread(asked)
    except DatabaseError:
        raise StoreUnavailable("registry") from None
