"""Signing in at V1: retail customers with a password alone, through the one pipeline of all doors."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import argon2
import httpx
import msgspec
import pytest
from argon2 import extract_parameters

from moneyer.institutions.institution import Policy
from moneyer.settings import Passwords
from tests.bank import PASSWORD, Bank, TestClock
from tests.v1 import classic
from tests.v1.classic import refused

Work = list[tuple[str, int]]


async def attempt(bank: Bank, username: str = "ada", password: str = PASSWORD) -> httpx.Response:
    return await classic.ask(bank, grant_type="password", username=username, password=password)


async def at_v2(bank: Bank, username: str = "ada", password: str = PASSWORD) -> int:
    form: dict[str, Any] = {"grant_type": "password", "username": username, "password": password}
    return (await bank.token("mobile", **form)).status_code


async def demand_second_factors(bank: Bank, policy: Policy) -> None:
    institution = bank.admin.institutions.get("00016")
    bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))
    await bank.refresh()


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Every hash that is made from now on, and what it cost."""
    done: Work = []
    verify: Callable[..., bool] = argon2.PasswordHasher.verify
    hash_: Callable[..., str] = argon2.PasswordHasher.hash

    def verified(self: argon2.PasswordHasher, stored: str, password: bytes) -> bool:
        done.append((str(extract_parameters(stored)), len(password)))
        return verify(self, stored, password)

    def hashed(self: argon2.PasswordHasher, password: bytes) -> str:
        done.append(("hash", len(password)))
        return hash_(self, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", verified)
    monkeypatch.setattr(argon2.PasswordHasher, "hash", hashed)
    return done


@pytest.mark.requirement("V1-03", "PW-03")
async def test_every_refusal_is_one_answer_after_the_same_work(
    bank: Bank, work: Work, clock: TestClock
) -> None:
    """Nobody, wrong, disabled, locked; a business with the wrong password and with the right one."""
    bank.add_customer("00016", "gone")
    bank.change_customer("00016", "gone", status="disabled")
    bank.add_customer("00016", "locked")
    for _ in range(10):
        await attempt(bank, "locked", "wrong")
        clock.advance(61)
    answers, costs = [], []
    for login_id, password in (
        *(("nobody", PASSWORD), ("ada", "wrong"), ("gone", PASSWORD), ("locked", PASSWORD)),
        *(("biz", "wrong"), ("biz", PASSWORD)),
    ):
        work.clear()
        answers.append(await attempt(bank, login_id, password))
        costs.append(tuple(work))
    for answer in answers:
        refused(answer, classic.CUSTOMER)
    assert set(costs) == {costs[0]}
    assert len(costs[0]) == 1
    assert await at_v2(bank, "biz") == 200


@pytest.mark.requirement("V1-03")
async def test_the_right_password_of_a_business_is_never_compared(
    closed_bank: Bank, work: Work
) -> None:
    """Not even where a changed cost would have it hashed anew: the work would tell."""
    async with closed_bank.open(passwords=Passwords(memory_kib=13312, passes=1)) as bank:
        costs = []
        for login_id, password in (("biz", PASSWORD), ("biz", "wrong"), ("nobody", "wrong")):
            work.clear()
            refused(await attempt(bank, login_id, password), classic.CUSTOMER)
            costs.append(tuple(work))
        assert set(costs) == {costs[0]}
        work.clear()
        assert (await attempt(bank)).status_code == 200
        assert len(work) == 2


@pytest.mark.requirement("V1-03")
async def test_a_business_is_counted_and_recorded_as_a_wrong_password_is(bank: Bank) -> None:
    """One event, the same counters, and the log of the bank alone says why."""

    async def traces(login_id: str, password: str) -> tuple[Counter[str], list[tuple[Any, ...]]]:
        before = Counter(event["name"] for event in bank.events())
        refused(await attempt(bank, login_id, password), classic.CUSTOMER)
        with bank.engine.connect() as connection:
            rows = connection.exec_driver_sql(
                "SELECT window_count, consecutive, blocked_until FROM attempts"
                " WHERE substr(name, 1, 6) = 'login:'"
            ).all()
        return Counter(event["name"] for event in bank.events()) - before, [tuple(r) for r in rows]

    events, _ = await traces("ada", "wrong")
    assert events == {"sign-in:refused": 1}
    again, rows = await traces("biz", PASSWORD)
    assert again == events
    assert len(rows) == 2
    assert rows[0] == rows[1]
    reasons = [event["reason"] for event in bank.events("sign-in:refused")]
    assert reasons == ["password-wrong", "not-retail"]


@pytest.mark.requirement("PW-02", "CA-09")
async def test_wrong_passwords_at_v1_and_at_v2_are_one_count(bank: Bank, clock: TestClock) -> None:
    """Ten in half an hour, five at each door, lock both; half an hour later both open."""
    for n in range(10):
        answer = await attempt(bank, password="wrong") if n % 2 else None
        status = answer.status_code if answer else await at_v2(bank, password="wrong")
        assert status == 401
        clock.advance(70)
    refused(await attempt(bank), classic.CUSTOMER)
    assert await at_v2(bank) == 401
    clock.advance(31 * 60)
    assert await at_v2(bank) == 200
    assert (await attempt(bank)).status_code == 200


@pytest.mark.requirement("PW-02")
async def test_a_business_locks_by_its_own_right_password_at_v1(bank: Bank, clock: TestClock) -> None:
    """It is as good as a wrong one, in every respect: nobody finds out by the lock either."""
    for _ in range(10):
        refused(await attempt(bank, "biz"), classic.CUSTOMER)
        clock.advance(70)
    assert await at_v2(bank, "biz") == 401
    clock.advance(31 * 60)
    assert await at_v2(bank, "biz") == 200


@pytest.mark.requirement("PW-02")
async def test_a_success_at_v1_forgives_what_was_wrong_before(bank: Bank, clock: TestClock) -> None:
    for _ in range(3):
        for _ in range(9):
            refused(await attempt(bank, password="wrong"), classic.CUSTOMER)
            clock.advance(20)
        assert (await attempt(bank)).status_code == 200


@pytest.mark.requirement("V1-03", "PW-05")
async def test_who_owes_a_second_factor_is_refused_as_for_a_wrong_password(
    bank: Bank, work: Work
) -> None:
    """V1 has no way to go on. Where strong scopes alone need one, V1 asks for none."""
    await demand_second_factors(bank, Policy(second_factor="always"))
    costs = []
    for password in (PASSWORD, "wrong"):
        work.clear()
        refused(await attempt(bank, password=password), classic.CUSTOMER)
        costs.append(tuple(work))
    assert costs[0] == costs[1]
    assert [event["reason"] for event in bank.events("sign-in:refused")] == [
        "second-factor-needed",
        "second-factor-needed",
    ]
    assert not bank.events("sign-in:second-factor-asked")
    assert (await classic.ask(bank, grant_type="client_credentials")).status_code == 200
    await demand_second_factors(bank, Policy(second_factor="strong-scopes"))
    bank.clock.advance(5)
    assert (await attempt(bank)).status_code == 200


@pytest.mark.requirement("PW-02")
async def test_too_many_failures_through_one_application_are_a_quota(
    closed_bank: Bank, clock: TestClock
) -> None:
    limits = msgspec.structs.replace(closed_bank.settings.rate_limits, source_failures=8)
    async with closed_bank.open(rate_limits=limits) as bank:
        for n in range(8):
            refused(await attempt(bank, f"user{n}", "wrong"), classic.CUSTOMER)
        refused(await attempt(bank), classic.QUOTA)
        clock.advance(60)
        assert (await attempt(bank)).status_code == 200
