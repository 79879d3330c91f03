"""What is over goes, however much of it there is; what still decides something stays."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from moneyer import app
from moneyer.guards.attempts import FOREVER
from tests.bank import PASSWORD, Bank, TestClock

DAY = 86400
MANY = 5000
INSERT = {
    "attempts": "INSERT INTO attempts VALUES ('00016', ?, 0, 1, 1, ?, ?)",
    "revoked_tokens": "INSERT INTO revoked_tokens VALUES ('00016', ?, ?, 0)",
}

ENGINES = ("sqlite",)


@asynccontextmanager
async def swept(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bank]:
    """The bank, serving, with a sweep that begins at once."""
    monkeypatch.setattr(app, "SWEEP_INTERVAL", 0.05)
    monkeypatch.setattr(app, "SWEEP_PAUSE", 0.001)
    async with bank.open():
        yield bank


def count(bank: Bank, table: str) -> int:
    with bank.engine.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def fill(bank: Bank, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with bank.engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.exec_driver_sql(INSERT[table], list(rows))


async def until_no_more_than(bank: Bank, table: str, rows: int) -> None:
    """Returns when the table has been swept; the test's own patience ends before that of a person."""
    for _ in range(2000):
        if count(bank, table) <= rows:
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"{count(bank, table)} rows of {table} are left")


async def test_one_sweep_takes_away_everything_that_is_over(
    closed_bank: Bank, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More comes in a minute than one transaction may delete: a table must not grow for that."""
    past = clock.now() - 31 * DAY * 1_000_000
    fill(closed_bank, "attempts", ((f"login:{n}", 0, past) for n in range(MANY)))
    fill(closed_bank, "revoked_tokens", ((f"{n}", past) for n in range(MANY)))
    sweeps = 0
    once = app._sweep

    async def counted(ledger: Any) -> None:
        nonlocal sweeps
        sweeps += 1
        await once(ledger)

    monkeypatch.setattr(app, "_sweep", counted)
    async with swept(closed_bank, monkeypatch) as bank:
        for table in INSERT:
            await until_no_more_than(bank, table, 0)
        assert sweeps == 1
        assert (await bank.token("machine", grant_type="client_credentials")).status_code == 200


async def test_what_still_decides_something_stays(
    closed_bank: Bank, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locks for good, revocations of tokens that would live, spent codes and dead families a while."""
    past = clock.now() - 31 * DAY * 1_000_000
    fill(closed_bank, "attempts", [("login:for-good", FOREVER, past), ("login:over", 0, past)])
    async with swept(closed_bank, monkeypatch) as bank:
        await until_no_more_than(bank, "attempts", 1)
        code = await bank.code(requested_scopes="offline_access")
        tokens = (await bank.exchange(code)).json()
        plain = await bank.code()
        access = (await bank.exchange(plain)).json()["access_token"]
        assert (await bank.revoke(access, "web")).status_code == 204
        clock.advance(1799)
        await until_one_more_sweep(bank, clock)
        assert (await bank.ask_code(bearer=access)).json()["code"] == "CMN_90018"
        assert (await bank.exchange(plain)).status_code == 400
        assert {event["reason"] for event in bank.events("code:replayed")} == {"code-replayed"}
        assert (await bank.renew(tokens["refresh_token"], "web")).status_code == 200
        assert (await bank.exchange(code)).status_code == 400
        assert (await bank.renew(tokens["refresh_token"], "web")).status_code == 400
        clock.advance(DAY)
        await until_no_more_than(bank, "codes", 0)
        assert count(bank, "families") == 1
        clock.advance(121 * DAY)
        await until_no_more_than(bank, "families", 0)
        form: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
        assert (await bank.token("rival", "00042", **form)).status_code == 200


async def until_one_more_sweep(bank: Bank, clock: TestClock) -> None:
    """A row that is over is put in; when it has gone, a sweep has been over all the tables."""
    rows = count(bank, "attempts")
    name = f"login:{os.urandom(8).hex()}"
    fill(bank, "attempts", [(name, 0, clock.now() - 31 * DAY * 1_000_000)])
    await until_no_more_than(bank, "attempts", rows)
