"""Revocation: what it ends, for whom, and that it wins against everything."""

import asyncio
from typing import Any

import pytest

from tests.bank import Bank


async def opens(bank: Bank, access_token: str) -> bool:
    """Whether an access token passes the bearer check (which then judges what it may do)."""
    answer = await bank.ask_code(bearer=access_token)
    return bool(answer.json().get("code") != "CMN_90018")


async def signed_in(bank: Bank) -> Any:
    return (await bank.exchange(await bank.code(requested_scopes="offline_access"))).json()


@pytest.mark.requirement("RV-01", "RV-03", "RV-04")
@pytest.mark.parametrize("method", ["DELETE", "POST"])
async def test_a_revoked_family_is_dead_with_every_token_made_from_it(bank: Bank, method: str) -> None:
    """The refresh token, its successor, and the access tokens of every turn."""
    first = await signed_in(bank)
    second = (await bank.renew(first["refresh_token"], "web")).json()
    assert await opens(bank, first["access_token"])
    answer = await bank.revoke(first["refresh_token"], "web", method)
    assert (answer.status_code, answer.content) == (204, b"")
    for token in (first, second):
        assert not await opens(bank, token["access_token"])
        refused = await bank.renew(token["refresh_token"], "web")
        assert refused.json()["code"] == "CMN_90016"


@pytest.mark.requirement("RV-01")
async def test_a_wrong_hint_does_not_hide_the_token(bank: Bank) -> None:
    """token_type_hint is a hint."""
    token = (await signed_in(bank))["refresh_token"]
    body = f"token={token}&token_type_hint=access_token"
    assert (await bank.raw(body, path="/oauth2/v1/revoke", client_id="web")).status_code == 204
    assert (await bank.renew(token, "web")).status_code == 400


@pytest.mark.requirement("RV-03")
async def test_one_access_token_can_be_revoked_alone(bank: Bank) -> None:
    """The family lives on."""
    tokens = await signed_in(bank)
    assert (await bank.revoke(tokens["access_token"], "web")).status_code == 204
    assert not await opens(bank, tokens["access_token"])
    renewed = await bank.renew(tokens["refresh_token"], "web")
    assert renewed.status_code == 200
    assert await opens(bank, renewed.json()["access_token"])


@pytest.mark.requirement("RV-02", "RT-01")
async def test_anothers_token_stays_alive(bank: Bank) -> None:
    """Without credentials 401; another application, another institution: 204, and nothing happens."""
    tokens = await signed_in(bank)
    nobody = await bank.raw("token=x", path="/oauth2/v1/revoke", authorize=False)
    assert nobody.status_code == 401
    for kind in ("refresh_token", "access_token"):
        assert (await bank.revoke(tokens[kind], "mobile")).status_code == 204
        assert (await bank.revoke(tokens[kind], "web", institutionId="00042")).status_code == 204
    assert await opens(bank, tokens["access_token"])
    assert (await bank.renew(tokens["refresh_token"], "web")).status_code == 200


@pytest.mark.requirement("RV-05", "RV-08")
@pytest.mark.parametrize("token", ["x", "mrt_00016.AAAA", "a.b.c", "mac_00016.x"])
async def test_what_is_unknown_is_answered_like_what_was_known(bank: Bank, token: str) -> None:
    """204 without a body; a callback parameter changes nothing."""
    body = f"token={token}&callback=evil"
    answer = await bank.raw(body, path="/oauth2/v1/revoke", client_id="web")
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.requirement("RV-07")
async def test_after_the_204_nothing_of_the_family_lives_whatever_ran_beside_it(bank: Bank) -> None:
    """Fifty races of one revocation against three renewals."""
    for _ in range(50):
        token = (await signed_in(bank))["refresh_token"]
        renewals = [asyncio.create_task(bank.renew(token, "web")) for _ in range(3)]
        revoked, *answers = await asyncio.gather(bank.revoke(token, "web"), *renewals)
        assert revoked.status_code == 204
        given = [token, *(a.json()["refresh_token"] for a in answers if a.status_code == 200)]
        for each in given:
            assert (await bank.renew(each, "web")).status_code == 400


async def test_a_code_used_twice_takes_back_what_it_gave(bank: Bank) -> None:
    """Thirty-two at once: one succeeds, and what it received is dead."""
    for scopes in ("openid", "offline_access"):
        code = await bank.code(requested_scopes=scopes)
        answers = await asyncio.gather(*(bank.exchange(code) for _ in range(32)))
        given = [answer.json() for answer in answers if answer.status_code == 200]
        assert len(given) == 1
        assert not await opens(bank, given[0]["access_token"])
