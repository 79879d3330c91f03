"""RV-02, RT-01: either wall between institutions holds alone, on PostgreSQL.

One wall is the service's: every operation names its institution, every statement its key. The other is
row-level security. Each is taken away in turn, and all two-institution cases are run against the other.
"""

from collections.abc import AsyncIterator

import msgspec
import pytest
import sqlalchemy as sa

from moneyer.store.database import PostgresqlUrl
from moneyer.store.journal import GroupRejected, Journal
from moneyer.store.postgresql import statements
from moneyer.store.postgresql.ledger import PostgresLedger
from moneyer.store.rows import Rows, Walls, WrongInstitution
from moneyer.tokens.family import Family
from tests.bank import Bank
from tests.store.institution_cases import ONE, TWO, Case
from tests.store.test_two_institutions import CASES

ENGINES = ("postgresql",)

IN_EVERY_CASE = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def without_security(bank: Bank) -> None:
    """Takes the database's wall away."""
    with bank.engine.begin() as connection:
        tables = connection.exec_driver_sql(
            "SELECT relname FROM pg_class WHERE relrowsecurity"
        ).scalars()
        for table in [*tables]:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


@pytest.fixture
def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes the service's wall away: nothing is checked, and no statement that reads or writes over a
    customer's, code's, family's or token's row names an institution any more."""
    monkeypatch.setattr(Walls, "check", lambda self, institution_id: None)
    forgetful = []
    for kind, *texts in statements.HOT:
        if kind.key[0] == "institution_id":
            by_institution, _, by_name = statements._matching(kind).partition(" AND ")
            whole = f"{by_institution} AND {by_name}"
            forgetful.append((kind, *(text.replace(whole, by_name) for text in texts)))
            assert by_institution not in str(forgetful[-1][1:])
        else:
            forgetful.append((kind, *texts))
    monkeypatch.setattr(statements, "HOT", tuple(forgetful))
    everything = {
        kind: text.replace("institution_id = $1 AND", "$1::text <> '' AND")
        for kind, text in statements.OF_CUSTOMER.items()
    }
    monkeypatch.setattr(statements, "OF_CUSTOMER", everything)
    for name in [name for name in vars(statements) if name.startswith("SELECT_")]:
        text = getattr(statements, name)
        if "WHERE institution_id = $1 AND " in text:
            monkeypatch.setattr(
                statements, name, text.replace("institution_id = $1 AND", "$1::text <> '' AND")
            )


@pytest.fixture
async def journal(bank: Bank) -> AsyncIterator[Journal]:
    """A journal of the role that serves, for operations that no endpoint would make."""
    ledger = PostgresLedger(PostgresqlUrl(bank.settings.store.postgresql), bank.clock, "trespasser")
    journal = Journal(ledger)
    yield journal
    await journal.close()
    await ledger.aclose()


@pytest.mark.requirement("RV-02", "RT-01")
@IN_EVERY_CASE
async def test_the_services_own_wall_holds_alone(bank: Bank, case: Case) -> None:
    without_security(bank)
    await case(bank)


@pytest.mark.requirement("RV-02", "RT-01")
@pytest.mark.usefixtures("careless")
@IN_EVERY_CASE
async def test_row_level_security_holds_alone(bank: Bank, case: Case) -> None:
    await case(bank)


class Trespass:
    """An operation of 00042 that reaches for rows of 00016."""

    institution_id = TWO

    def __init__(self, bank: Bank) -> None:
        self._customer_id = bank.customer_ids[ONE, "ada"]

    def wants(self, rows: Rows) -> None:
        rows.customers.want(ONE, self._customer_id)

    def decide(self, rows: Rows, now: int) -> bool:
        """Whether the row was seen; then it is written over."""
        row = rows.customers.get(ONE, self._customer_id)
        if row is not None:
            rows.customers.put(msgspec.structs.replace(row, password_hash="stolen"))
        return row is not None


class Planting(Trespass):
    """An operation of 00042 that adds a family at 00016."""

    def wants(self, rows: Rows) -> None:
        rows.families.want(ONE, bytes(16))

    def decide(self, rows: Rows, now: int) -> bool:
        """Always True."""
        owner = ("mobile", self._customer_id, (), "password")
        rows.families.put(Family(ONE, bytes(16), *owner, now, 0, bytes(32), now, now, now))
        return True


def untouched(bank: Bank) -> bool:
    with bank.engine.connect() as connection:
        stolen = connection.scalar(
            sa.text("SELECT count(*) FROM customers WHERE password_hash = 'stolen'")
        )
        planted = connection.scalar(sa.text("SELECT count(*) FROM families"))
    return (stolen, planted) == (0, 0)


async def test_a_faulty_operation_meets_the_services_wall(bank: Bank, journal: Journal) -> None:
    without_security(bank)
    for operation in (Trespass(bank), Planting(bank)):
        with pytest.raises((WrongInstitution, GroupRejected)):
            await journal.perform(operation)
    assert untouched(bank)


@pytest.mark.usefixtures("careless")
async def test_a_faulty_operation_meets_row_level_security(bank: Bank, journal: Journal) -> None:
    assert not await journal.perform(Trespass(bank))
    with pytest.raises(GroupRejected, match="InsufficientPrivilege"):
        await journal.perform(Planting(bank))
    assert untouched(bank)


@pytest.mark.usefixtures("careless")
async def test_without_either_wall_the_faulty_operation_succeeds(bank: Bank, journal: Journal) -> None:
    """What the tests above would not notice if they could not fail."""
    without_security(bank)
    assert await journal.perform(Trespass(bank))
    await journal.perform(Planting(bank))
    assert not untouched(bank)
