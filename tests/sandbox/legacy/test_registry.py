"""The register behind Register User: the token service's own store."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from moneyer.customers.customer import Customer
from moneyer.customers.passwords import PasswordHasher
from moneyer.protocol.failures import StoreUnavailable, Unavailable
from moneyer.sandbox.legacy.people import AlreadyRegistered, LoginTaken
from moneyer.sandbox.registry import StoredRegistry
from moneyer.store.engine import engine_for
from tests.bank import Bank

NOOR = Customer(
    "00016", "A" * 32, "Noor.Haddad", "noor.haddad", "h-1", "RETAIL", member_number="700199"
)
PASSWORD = "sandbox-noor-paints-walls"


@pytest.fixture
async def registry(bank: Bank) -> AsyncIterator[StoredRegistry]:
    engine = engine_for(bank.settings.database)
    registry = StoredRegistry(engine, PasswordHasher(bank.keys.pepper, memory_kib=12288, passes=1))
    yield registry
    registry.close()
    engine.dispose()


def other(**members: str) -> Customer:
    """Somebody else in every respect but `members`."""
    stranger = Customer(
        "00016", "B" * 32, "other.login", "other.login", "h-2", "RETAIL", member_number="700200"
    )
    return msgspec.structs.replace(stranger, **members)


async def test_who_is_registered_signs_in_and_goes_by_four_names(
    bank: Bank, registry: StoredRegistry
) -> None:
    await registry.register(NOOR, PASSWORD)
    assert (await bank.sign_in(username="NOOR.haddad", password=PASSWORD))["access_token"]
    for id_type, name in (
        ("GUID", "a" * 32),
        ("MEMNUMBER", "700199"),
        ("LOGINID", "noor.HADDAD"),
        ("HOSTID", "h-1"),
    ):
        found = await registry.find("00016", id_type, name)  # type: ignore[arg-type]
        assert found is not None
        assert found.customer_id == NOOR.customer_id
        assert await registry.find("00042", id_type, name) is None  # type: ignore[arg-type]
        assert await registry.find("00016", id_type, "\u200b") is None  # type: ignore[arg-type]
    (event,) = (one for one in bank.events("customer:added") if one["customer_id"] == "A" * 32)
    assert event["institution_id"] == "00016"
    assert PASSWORD not in str(bank.events())


async def test_each_institution_registers_its_own(bank: Bank, registry: StoredRegistry) -> None:
    await registry.register(NOOR, PASSWORD)
    there = msgspec.structs.replace(NOOR, institution_id="00042")
    await registry.register(there, "another password of hers")
    assert await bank.sign_in(
        "rival", "00042", username="noor.haddad", password="another password of hers"
    )
    with pytest.raises(LoginTaken):
        await registry.register(there, PASSWORD)
    refused = await bank.token(
        "mobile", grant_type="password", username="noor.haddad", password="another password of hers"
    )
    assert refused.json()["code"] == "CMN_90015"


@pytest.mark.parametrize(
    ("members", "failure"),
    [
        ({"login_id": "noor.HADDAD", "login_key": "noor.haddad"}, LoginTaken),
        ({"member_number": "700199"}, AlreadyRegistered),
        ({"host_user_id": "h-1"}, AlreadyRegistered),
        ({"customer_id": "A" * 32}, AlreadyRegistered),
    ],
)
async def test_nobody_is_registered_twice(
    registry: StoredRegistry, members: dict[str, str], failure: type[Exception]
) -> None:
    await registry.register(NOOR, PASSWORD)
    with pytest.raises(failure):
        await registry.register(other(**members), PASSWORD)


async def test_of_many_at_once_for_one_member_number_one_wins(registry: StoredRegistry) -> None:
    """Who finds no place in the queue is asked to come again; nobody else gets in."""
    newcomers = [
        other(
            customer_id=f"{n:032X}", login_id=f"login.{n}", login_key=f"login.{n}", host_user_id=f"h{n}"
        )
        for n in range(30)
    ]
    outcomes = await asyncio.gather(
        *(registry.register(one, PASSWORD) for one in newcomers), return_exceptions=True
    )
    assert outcomes.count(None) == 1
    kinds = {type(one) for one in outcomes if one is not None}
    assert AlreadyRegistered in kinds
    assert all(issubclass(kind, AlreadyRegistered | Unavailable) for kind in kinds)


async def test_a_store_that_does_not_answer_is_unavailable(
    bank: Bank, registry: StoredRegistry
) -> None:
    with bank.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE customers RENAME TO elsewhere")
    with pytest.raises(StoreUnavailable):
        await registry.find("00016", "GUID", "A" * 32)
    with pytest.raises(StoreUnavailable):
        await registry.register(NOOR, PASSWORD)
