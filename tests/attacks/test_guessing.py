"""Guessing, by whoever tries to get round the count: all doors count together, and nothing wipes it."""

import asyncio
from collections.abc import Callable
from typing import Any

import argon2
import httpx
import pytest

from moneyer.guards.attempts import RateLimits
from moneyer.settings import Passwords
from tests.bank import PASSWORD, Bank, TestClock
from tests.v1 import classic

LIMIT = 20


async def attempt(bank: Bank, username: str = "ada", password: str = PASSWORD) -> httpx.Response:
    return await bank.token("mobile", grant_type="password", username=username, password=password)


async def guess(bank: Bank, **headers: str) -> int:
    """A wrong secret of `machine` at the token endpoint."""
    sent = {"Authorization": bank.basic("machine", "a guess"), **headers}
    return (await bank.token("machine", headers=sent, grant_type="client_credentials")).status_code


async def knock(bank: Bank) -> int:
    """The right secret of `machine`."""
    return (await bank.token("machine", grant_type="client_credentials")).status_code


@pytest.mark.requirement("CA-09")
async def test_guesses_at_revocation_and_at_the_token_endpoint_are_one_count(bank: Bank) -> None:
    """Whoever is stopped at one door is stopped at the other, with Retry-After and a JSON body."""
    wrong = {"Authorization": bank.basic("machine", "a guess")}
    for n in range(LIMIT):
        if n % 2:
            answer = await bank.revoke("no token", "machine", ("DELETE", "POST")[n % 4 // 2], **wrong)
            assert answer.status_code == 401, answer.text
        else:
            assert await guess(bank) == 401
    for answer in (
        await bank.revoke("no token", "machine"),
        await bank.token("machine", grant_type="client_credentials"),
    ):
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 61
        assert answer.json().keys()


@pytest.mark.requirement("CA-09")
async def test_guesses_at_the_legacy_endpoint_are_of_the_same_count(bank: Bank) -> None:
    """Ten there and ten at V2 are twenty, whatever institution is named: then both are shut."""
    wrong = {"Authorization": bank.basic("classic", "a guess")}
    form: dict[str, Any] = {"grant_type": "client_credentials"}
    for n in range(LIMIT):
        if n % 2:
            place = ("00016", "00042", f"{n:05}")[n % 3]
            answer = await classic.send(bank, classic.CC, wrong, institution_id=place)
            classic.refused(answer, classic.CLIENT)
        else:
            assert (await bank.token("classic", headers=wrong, **form)).status_code == 401
    classic.refused(await classic.ask(bank, **form), classic.QUOTA)
    assert (await bank.token("classic", **form)).status_code == 429


@pytest.mark.requirement("CA-09")
async def test_no_institution_that_is_named_gives_fresh_guesses(bank: Bank) -> None:
    """Neither another one nor an invented one, nor another grant type or none."""
    wrong = {"Authorization": bank.basic("machine", "a guess")}
    for n in range(LIMIT):
        place = ("00016", "00042", f"{n:05}")[n % 3]
        form: dict[str, Any] = ({"grant_type": "password"}, {"no": "grant"}, {"grant_type": f"x{n}"})[
            n % 3
        ]
        assert (await bank.token("machine", place, headers=wrong, **form)).status_code == 401
    for place in ("00016", "00042"):
        answer = await bank.token("machine", place, grant_type="client_credentials")
        assert answer.status_code == 429


@pytest.mark.requirement("CA-09")
async def test_a_right_secret_in_between_wipes_out_no_wrong_ones(bank: Bank) -> None:
    """Otherwise an insider could guess at a neighbour's secret for ever."""
    for n in range(LIMIT):
        if n % 5 == 4:
            assert await knock(bank) == 200
        assert await guess(bank) == 401
    assert await knock(bank) == 429


async def test_knocking_while_one_has_to_wait_does_not_prolong_the_wait(
    bank: Bank, clock: TestClock
) -> None:
    for _ in range(LIMIT):
        await guess(bank)
    for _ in range(6):
        clock.advance(9)
        assert await guess(bank) == 429
    clock.advance(6)
    assert await knock(bank) == 200


@pytest.mark.requirement("PW-02")
async def test_a_customer_of_ones_own_buys_no_more_guesses_at_others(
    closed_bank: Bank, clock: TestClock
) -> None:
    """A success forgives its own login; what the address failed at elsewhere stays counted."""
    limits = RateLimits(source_failures=8)
    async with closed_bank.open(rate_limits=limits) as bank:
        for n in range(8):
            assert (await attempt(bank, f"user{n}", "wrong")).status_code == 401
            if n < 7:
                assert (await attempt(bank, "biz")).status_code == 200
        refused = await attempt(bank, "biz")
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 61
        clock.advance(60)
        assert (await attempt(bank, "biz")).status_code == 200


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that passwords are compared with from now on."""
    hashes: list[str] = []
    verify: Callable[..., bool] = argon2.PasswordHasher.verify

    def noted(self: argon2.PasswordHasher, hash_: str, password: bytes) -> bool:
        hashes.append(hash_)
        return verify(self, hash_, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", noted)
    return hashes


@pytest.mark.requirement("PW-02")
async def test_forty_guesses_at_once_are_ten_checks_at_most_however_much_room_there_is(
    closed_bank: Bank, compared: list[str]
) -> None:
    """All forty find a place and cost one check each, so that they look alike; ten are of the hash."""
    stored = closed_bank.admin.customers.by_login("00016", "ada").password_hash
    roomy = Passwords(memory_kib=12288, passes=1, queue=100)
    async with closed_bank.open(passwords=roomy) as bank:
        answers = await asyncio.gather(*(attempt(bank, password=f"guess {n}") for n in range(40)))
        assert {(answer.status_code, answer.content) for answer in answers} == {
            (401, answers[0].content)
        }
        assert len(compared) == 40
        assert 5 < compared.count(stored) <= 10


@pytest.mark.requirement("TE-18", "PW-02")
async def test_what_a_flood_kept_from_being_checked_is_held_against_nobody(
    bank: Bank, compared: list[str]
) -> None:
    """Of two hundred at one login the few that found room count; 503 says wait and counts nothing."""
    flood = [asyncio.create_task(attempt(bank, f"user{n}", "wrong")) for n in range(200)]
    machines = await asyncio.gather(*(knock(bank) for _ in range(5)))
    answers = await asyncio.gather(*flood)
    assert machines == [200] * 5
    refused = [answer for answer in answers if answer.status_code == 503]
    checked = [answer for answer in answers if answer.status_code == 401]
    assert len(refused) + len(checked) == 200
    assert len(refused) > 100
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert len(compared) == len(checked)
    with bank.engine.connect() as connection:
        logins, counted = connection.exec_driver_sql(
            "SELECT count(*), sum(window_count) FROM attempts WHERE name LIKE 'login:%'"
        ).one()
    assert (logins, counted) == (len(checked), len(checked))
