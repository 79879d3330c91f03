"""TM-RL: once the revoking side has been told "done", nothing of what it revoked opens anything."""

import asyncio
import base64
import json
from typing import Any

import msgspec
import pytest

from moneyer.settings import Passwords
from tests.bank import PASSWORD, Bank, TestClock

OFFLINE = "offline_access"
BESIDE = 32


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


async def opens(bank: Bank, access_token: str) -> bool:
    """Whether an access token passes the bearer check; a customer's may then do nothing there."""
    answer = await bank.ask_code(bearer=access_token)
    assert answer.status_code in {400, 401}, answer.text
    return bool(answer.json()["code"] != "CMN_90018")


@pytest.mark.requirement("RV-07")
@pytest.mark.parametrize("requested", [OFFLINE, "openid"])
async def test_a_code_redeemed_many_times_at_once_succeeds_once_and_then_is_taken_back(
    bank: Bank, requested: str
) -> None:
    """32 at once: one success, 31 refusals, each proof of a second use; what the one got is dead."""
    for _ in range(5):
        code = await bank.code(requested_scopes=requested)
        answers = await asyncio.gather(*(bank.exchange(code) for _ in range(BESIDE)))
        assert sorted(answer.status_code for answer in answers) == [200] + [400] * (BESIDE - 1)
        assert {answer.json()["code"] for answer in answers if answer.status_code == 400} == {
            "CMN_90016"
        }
        won = next(answer.json() for answer in answers if answer.status_code == 200)
        assert not await opens(bank, won["access_token"])
        if requested == OFFLINE:
            assert (await bank.renew(won["refresh_token"], "web")).status_code == 400
    assert len(bank.events("code:taken")) == 5
    assert len(bank.events("code:replayed")) == 5 * (BESIDE - 1)


async def test_what_a_code_gave_stays_taken_back_after_the_lifetimes_were_shortened(
    bank: Bank, clock: TestClock
) -> None:
    """The revocation lasts as long as the token that was given, not as one given today would."""
    code = await bank.code()
    given = (await bank.exchange(code)).json()["access_token"]
    assert await opens(bank, given)
    lifetimes = bank.admin.applications.get("web").lifetimes
    bank.change_application("web", lifetimes=msgspec.structs.replace(lifetimes, access_token=1))
    await bank.refresh()
    await bank.exchange(code)
    clock.advance(600)
    assert claims(given)["exp"] * 1_000_000 > clock.now()
    with bank.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT expires_at FROM revoked_tokens").scalars().all()
    assert min(kept) >= claims(given)["exp"] * 1_000_000, "the sweep would bring the token back to life"
    assert not await opens(bank, given)


@pytest.mark.requirement("RT-08", "RT-09")
async def test_once_a_customer_is_disabled_no_refresh_under_way_leaves_anything_alive(
    bank: Bank,
) -> None:
    """Refreshes, sign-ins and code exchanges race with the operator; afterwards all of it is dead."""
    for _ in range(5):
        signed_in = [await bank.sign_in() for _ in range(4)]
        codes = [await bank.code(requested_scopes=OFFLINE) for _ in range(4)]
        # The customer changes at the same time, from another thread, as from the command line.
        disabling = asyncio.create_task(
            asyncio.to_thread(bank.change_customer, "00016", "ada", status="disabled")
        )
        answers = await asyncio.gather(
            *(bank.renew(tokens["refresh_token"]) for tokens in signed_in * 4),
            *(bank.exchange(code) for code in codes),
            bank.token("mobile", grant_type="password", username="ada", password=PASSWORD),
        )
        await disabling
        assert {answer.status_code for answer in answers} <= {200, 400, 401, 503}
        given = [answer.json() for answer in answers if answer.status_code == 200]
        for tokens in (*signed_in, *given):
            assert not await opens(bank, tokens["access_token"])
            for client_id in ("mobile", "web"):
                assert (await bank.renew(tokens["refresh_token"], client_id)).status_code == 400
        bank.change_customer("00016", "ada", status="active")
        for tokens in (*signed_in, *given):
            assert not await opens(bank, tokens["access_token"]), "what ended stays ended"


@pytest.mark.requirement("RT-09")
@pytest.mark.parametrize("later", [0, 0.000_001, 0.3, 0.999_999, 1, 5])
async def test_a_sign_out_ends_every_token_struck_before_it_also_within_the_same_second(
    bank: Bank, clock: TestClock, later: float
) -> None:
    """Whole seconds in `iat` are no gap for a token without a family to slip through."""
    clock.advance(0.5)
    token = (await bank.exchange(await bank.code())).json()["access_token"]
    assert "sid" not in claims(token)
    assert await opens(bank, token)
    clock.advance(later)
    bank.change_customer("00016", "ada", host_user_id="H-2")
    assert not await opens(bank, token)


async def test_whoever_signs_in_right_after_a_sign_out_stays_signed_in(
    bank: Bank, clock: TestClock
) -> None:
    """Even within the second of the sign-out: a family tells by itself that it came later."""
    clock.advance(0.2)
    bank.change_customer("00016", "ada", host_user_id="H-3")
    clock.advance(0.1)
    assert await opens(bank, (await bank.sign_in())["access_token"])
    clock.advance(1)
    assert await opens(bank, (await bank.exchange(await bank.code())).json()["access_token"])


async def test_two_sign_ins_at_once_are_both_right_when_the_cost_has_changed(closed_bank: Bank) -> None:
    """The first to finish stores a new hash of the same password; the second is no less right."""
    async with closed_bank.open(passwords=Passwords(memory_kib=13312, passes=1)) as bank:
        form: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
        answers = await asyncio.gather(*(bank.token("mobile", **form) for _ in range(6)))
        assert [answer.status_code for answer in answers] == [200] * 6
        assert (await bank.token("mobile", **form)).status_code == 200


@pytest.mark.requirement("RT-09", "PW-01")
async def test_a_password_that_changes_while_it_is_checked_opens_nothing(
    bank: Bank, clock: TestClock
) -> None:
    """The operator's change wins over a check that began before it, whatever the check found."""
    under_way = [
        asyncio.create_task(
            bank.token("mobile", grant_type="password", username="ada", password=PASSWORD)
        )
        for _ in range(8)
    ]
    await asyncio.sleep(0)
    clock.advance(1)
    bank.change_customer("00016", "ada", password_hash="changed")
    answers = await asyncio.gather(*under_way)
    assert {answer.status_code for answer in answers} <= {401, 503}


@pytest.mark.requirement("RT-08")
async def test_a_disabled_application_renews_nothing_and_its_tokens_open_nothing(bank: Bank) -> None:
    """After the next look at the directory. The right secret is told so, a wrong one is not."""
    tokens = (await bank.exchange(await bank.code(requested_scopes=OFFLINE))).json()
    code = await bank.code()
    bank.change_application("web", status="disabled")
    await bank.refresh()
    refused = await bank.renew(tokens["refresh_token"], "web")
    assert (refused.status_code, refused.json()["code"]) == (401, "CMN_90001")
    assert (await bank.exchange(code)).json()["code"] == "CMN_90001"
    assert not await opens(bank, tokens["access_token"])
    guess = {"Authorization": bank.basic("web", "wrong")}
    answer = await bank.token("web", headers=guess, grant_type="client_credentials")
    assert answer.json()["code"] == "CMN_90004"


@pytest.mark.requirement("RT-08")
async def test_an_entitlement_that_was_withdrawn_takes_everything_at_that_institution_with_it(
    bank: Bank,
) -> None:
    """Refresh, code and bearer, with and without the header; at the other institution all goes on."""
    there = (await bank.exchange(await bank.code(requested_scopes=OFFLINE))).json()
    here = (await bank.exchange(await bank.code("00042", requested_scopes=OFFLINE), "00042")).json()
    code, page = await bank.code(), await bank.page_token()
    for client_id in ("web", "page"):
        bank.change_application(client_id, institutions=("00042",))
    await bank.refresh()
    for header, expected in (("00016", "CMN_90006"), (None, "CMN_90016")):
        refused = await bank.renew(there["refresh_token"], "web", header)
        assert refused.json()["code"] == expected
        assert (await bank.exchange(code, header)).json()["code"] == expected
    assert not await opens(bank, there["access_token"])
    assert (await bank.ask_code(bearer=page)).json()["code"] == "CMN_90018"
    assert (await bank.renew(here["refresh_token"], "web", "00042")).status_code == 200
    assert (await bank.renew(here["refresh_token"], "web", None)).status_code == 200
