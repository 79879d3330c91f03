"""The password grant: who may use it, what it refuses, and that it tells nobody why."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from moneyer.applications.application import Application
from moneyer.institutions.institution import Policy
from tests.bank import PASSWORD, Bank, TestClock

MINUTE = 60


def stripped(response: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """An answer without what differs from call to call."""
    headers = {k: v for k, v in response.headers.items() if k not in {"transactionid", "date"}}
    return response.status_code, response.content, headers


async def attempt(bank: Bank, username: str = "ada", password: str = PASSWORD) -> httpx.Response:
    return await bank.token("mobile", grant_type="password", username=username, password=password)


@pytest.mark.requirement("PW-01", "PW-03", "CA-10")
async def test_unknown_wrong_locked_and_disabled_answer_alike(bank: Bank, clock: TestClock) -> None:
    """Byte for byte: a caller cannot find out who is a customer, nor whose login is locked."""
    answers = [await attempt(bank, "nobody at all"), await attempt(bank, password="wrong one")]
    bank.add_customer("00016", "gone")
    bank.change_customer("00016", "gone", status="disabled")
    answers.append(await attempt(bank, "gone"))
    for _ in range(12):
        answers.append(await attempt(bank, "biz", "wrong one"))
        clock.advance(20)
    answers.append(await attempt(bank, "biz"))
    assert len({str(stripped(answer)) for answer in answers}) == 1
    assert answers[0].json()["code"] == "CMN_90015"
    assert {e["reason"] for e in bank.events("sign-in:refused")} >= {"login-locked", "password-wrong"}


@pytest.mark.requirement("PW-02", "CA-09")
async def test_ten_in_half_an_hour_lock_even_the_right_password(bank: Bank, clock: TestClock) -> None:
    """Another login is unaffected; half an hour later the right password opens again."""
    for _ in range(10):
        await attempt(bank, password="wrong one")
        clock.advance(70)
    assert (await attempt(bank)).status_code == 401
    assert (await attempt(bank, "biz")).status_code == 200
    clock.advance(31 * MINUTE)
    assert (await attempt(bank)).status_code == 200
    assert (await attempt(bank, password="wrong one")).status_code == 401
    assert (await attempt(bank)).status_code == 200


@pytest.mark.requirement("PW-02")
async def test_a_lock_outlives_a_restart(closed_bank: Bank, clock: TestClock) -> None:
    """Failures are counted in the store."""
    async with closed_bank.open() as bank:
        for _ in range(10):
            await attempt(bank, password="wrong one")
            clock.advance(70)
    async with closed_bank.open() as bank:
        assert (await attempt(bank)).status_code == 401


@pytest.mark.requirement("PW-02")
async def test_guesses_at_once_do_not_pass_the_limit(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many arrive together, ten at most are compared with the customer's hash."""
    import argon2

    stored = bank.admin.customers.by_login("00016", "ada").password_hash
    compared: list[str] = []
    verify = argon2.PasswordHasher.verify

    def counting(self: Any, hash_: str, password: Any) -> Any:
        compared.append(hash_)
        return verify(self, hash_, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counting)
    for _ in range(4):
        await asyncio.gather(*(attempt(bank, password="wrong one") for _ in range(12)))
    assert 0 < compared.count(stored) <= 10


@pytest.mark.requirement("PW-04")
@pytest.mark.parametrize("hostile", ["a\rb", "a\nb", "a\x00b"])
async def test_line_ends_and_nul_are_malformed(bank: Bank, hostile: str) -> None:
    """In a login id CMN_90013, in a password CMN_90014."""
    assert (await attempt(bank, hostile)).json()["code"] == "CMN_90013"
    assert (await attempt(bank, password=hostile)).json()["code"] == "CMN_90014"


@pytest.mark.requirement("PW-05")
async def test_the_grant_is_off_until_switched_on_and_ends(bank: Bank, clock: TestClock) -> None:
    """Registered is not enough; the end date is kept; the institution can forbid it."""
    bank.add_application(Application("late", "Late", ("password",), (), ("00016",)))
    await bank.refresh()
    sign_in: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
    assert (await bank.token("late", **sign_in)).json()["code"] == "CMN_90001"
    bank.change_application("late", password_until=clock.now() + 1_000_000)
    await bank.refresh()
    assert (await bank.token("late", **sign_in)).status_code == 200
    clock.advance(1)
    assert (await bank.token("late", **sign_in)).json()["code"] == "CMN_90001"
    assert (await attempt(bank)).status_code == 200
    institution = bank.admin.institutions.get("00016")
    policy = Policy(grants=("client_credentials", "refresh_token"))
    bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))
    await bank.refresh()
    assert (await attempt(bank)).json()["code"] == "CMN_90001"


async def test_a_changed_cost_is_taken_over_at_the_next_sign_in(closed_bank: Bank) -> None:
    """The stored hash is made anew, once, and the password still opens."""
    from moneyer.settings import Passwords

    before = closed_bank.admin.customers.by_login("00016", "ada").password_hash
    async with closed_bank.open(passwords=Passwords(memory_kib=13312, passes=1)) as bank:
        assert (await attempt(bank)).status_code == 200
        after = closed_bank.admin.customers.by_login("00016", "ada").password_hash
        assert after != before
        assert "m=13312" in after
        assert (await attempt(bank)).status_code == 200
        assert closed_bank.admin.customers.by_login("00016", "ada").password_hash == after


@pytest.mark.requirement("TE-18")
async def test_a_flood_is_refused_at_once_and_harms_no_other_grant(bank: Bank) -> None:
    """A full queue answers 503 with Retry-After; client_credentials go on."""
    flood = [asyncio.create_task(attempt(bank, f"user{n}", "x")) for n in range(100)]
    machine = await bank.token("machine", grant_type="client_credentials")
    answers = await asyncio.gather(*flood)
    refused = [answer for answer in answers if answer.status_code == 503]
    assert machine.status_code == 200
    assert {answer.status_code for answer in answers} == {401, 503}
    assert len(refused) > 50
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)


@pytest.mark.requirement("CA-09")
async def test_twenty_wrong_secrets_in_a_minute_are_the_last(bank: Bank, clock: TestClock) -> None:
    """Then 429 for known and unknown alike, the right secret too; after a minute all is well."""
    for client_id in ("no-such-client", "machine"):
        # Ids of one address share rows; a minute later each begins anew.
        clock.advance(61)
        wrong = {"Authorization": bank.basic(client_id, "x")}
        answers = [
            await bank.token("machine", grant_type="client_credentials", headers=wrong)
            for _ in range(21)
        ]
        assert [answer.status_code for answer in answers] == [401] * 20 + [429]
        assert int(answers[-1].headers["retry-after"]) <= 61
    assert (await bank.token("machine", grant_type="client_credentials")).status_code == 429
    bank.change_application("machine", allowed_addresses=("192.0.2.0/24",))
    await bank.refresh()
    assert (await bank.token("machine", grant_type="client_credentials")).status_code == 200
    clock.advance(61)
    bank.change_application("machine", allowed_addresses=())
    await bank.refresh()
    assert (await bank.token("machine", grant_type="client_credentials")).status_code == 200
