"""TM-XT: a credential of one institution, presented at the other in every way there is."""

import asyncio
from itertools import product
from typing import Any

import httpx
import msgspec
import pytest

from moneyer.applications.application import Application
from moneyer.institutions.institution import Institution
from tests.attacks.test_other_tokens import accepted
from tests.bank import PASSWORD, Bank

ONE, TWO = "00016", "00042"
OFFLINE = "offline_access"
EVERY_WAY = list(product((ONE, TWO), (None, ONE, TWO)))
"""Whose it is, and what the header says."""


def families(bank: Bank) -> list[Any]:
    """Every family, as it rests."""
    with bank.engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT * FROM families ORDER BY family_id").all())


def codes(bank: Bank) -> list[Any]:
    with bank.engine.connect() as connection:
        return list(connection.exec_driver_sql("SELECT * FROM codes ORDER BY digest").all())


@pytest.mark.requirement("RT-01")
@pytest.mark.parametrize(("own", "header"), EVERY_WAY, ids=str)
async def test_a_refresh_token_renews_where_it_was_given_and_changes_nothing_elsewhere(
    bank: Bank, own: str, header: str | None
) -> None:
    """`web` is entitled to both; what the header says must agree, and nothing else decides."""
    tokens = (await bank.exchange(await bank.code(own, requested_scopes=OFFLINE), own)).json()
    before = families(bank)
    answer = await bank.renew(tokens["refresh_token"], "web", header)
    if header in {None, own}:
        assert answer.status_code == 200
        assert await accepts(bank, answer.json()["access_token"], own)
    else:
        assert (answer.status_code, answer.json()["code"]) == (400, "CMN_90016")
        assert families(bank) == before
        assert (await bank.renew(tokens["refresh_token"], "web", own)).status_code == 200


async def accepts(bank: Bank, token: str, institution_id: str) -> bool:
    """Whether the bearer check of exactly this institution, and of no other, lets a token in."""
    passed = set()
    for at in (ONE, TWO):
        answer = await bank.ask_code(at, bearer=token)
        if answer.json().get("code") != "CMN_90018":
            passed.add(at)
    return passed == {institution_id}


@pytest.mark.parametrize(("own", "header"), EVERY_WAY, ids=str)
async def test_a_code_is_taken_where_it_was_made_and_stays_good_when_tried_elsewhere(
    bank: Bank, own: str, header: str | None
) -> None:
    code = await bank.code(own)
    before = codes(bank)
    answer = await bank.exchange(code, header)
    if header in {None, own}:
        assert answer.status_code == 200
        assert await accepts(bank, answer.json()["access_token"], own)
    else:
        assert (answer.status_code, answer.json()["code"]) == (400, "CMN_90016")
        assert codes(bank) == before
        assert (await bank.exchange(code, own)).status_code == 200


@pytest.mark.requirement("RV-02")
@pytest.mark.parametrize(("own", "header"), EVERY_WAY, ids=str)
@pytest.mark.parametrize("kind", ["refresh_token", "access_token"])
async def test_a_revocation_reaches_what_the_header_allows_and_nothing_else(
    bank: Bank, own: str, header: str | None, kind: str
) -> None:
    tokens = (await bank.exchange(await bank.code(own, requested_scopes=OFFLINE), own)).json()
    headers = {} if header is None else {"institutionId": header}
    assert (await bank.revoke(tokens[kind], "web", **headers)).status_code == 204
    assert await accepts(bank, tokens["access_token"], own) is (header not in {None, own})


async def test_the_name_inside_a_token_or_code_cannot_be_changed(bank: Bank) -> None:
    """The tag of a refresh token covers its institution, the digest of a code its whole text."""
    code = await bank.code(ONE)
    tokens = (await bank.exchange(await bank.code(ONE, requested_scopes=OFFLINE))).json()
    refresh = tokens["refresh_token"]
    before = families(bank), codes(bank)
    for header, named in product((None, ONE, TWO), (TWO, "16", "0001", "", "00016x", "%30%30016")):
        renamed = refresh.replace(f"mrt_{ONE}.", f"mrt_{named}.")
        assert (await bank.renew(renamed, "web", header)).json()["code"] == "CMN_90016"
        renamed = code.replace(f"mac_{ONE}.", f"mac_{named}.")
        assert (await bank.exchange(renamed, header)).json()["code"] == "CMN_90016"
    assert (families(bank), codes(bank)) == before


@pytest.mark.requirement("PW-01")
async def test_a_password_opens_at_its_own_institution_alone(bank: Bank) -> None:
    """Two people with one login id: neither's password opens the other's door, at once or in turn."""
    scopes, both = ("accounts:read",), (ONE, TWO)
    until = bank.clock.now() + 10**12
    bank.add_application(
        Application("phone", "Phone", ("password",), scopes, both, password_until=until)
    )
    for institution_id in both:
        bank.add_customer(institution_id, "twin", password=f"the twin at {institution_id} says so")
    await bank.refresh()

    async def attempt(at: str, password_of: str) -> httpx.Response:
        password = f"the twin at {password_of} says so"
        return await bank.token("phone", at, grant_type="password", username="twin", password=password)

    pairs = list(product(both, both))
    answers = await asyncio.gather(*(attempt(at, password_of) for at, password_of in pairs))
    for (at, password_of), answer in zip(pairs, answers, strict=True):
        assert answer.status_code == (200 if at == password_of else 401)
        if at == password_of:
            assert await accepts(bank, answer.json()["access_token"], at)


async def test_ids_that_look_alike_are_institutions_apart(bank: Bank) -> None:
    """16, 0016, 00016, ab and AB: each with its own people, keys and tokens; none is a number."""
    alike = ("16", "0016", "000016", "ab", "AB")
    for institution_id in alike:
        bank.admin.institutions.add(Institution(institution_id, "A bank like another"))
    bank.change_application("page", institutions=(*alike, ONE))
    bank.change_application("web", institutions=(*alike, ONE))
    await bank.refresh()
    tokens = {at: await bank.page_token(at) for at in (*alike, ONE)}
    for (own, token), at in product(tokens.items(), tokens):
        assert await accepted(bank, token, at) is (own == at)
    for at in alike:
        bank.customer_ids[at, "ada"] = bank.customer_ids[ONE, "ada"]
        assert (await bank.ask_code(at)).json()["code"] == "CMN_90011", "no Ada lives there"


@pytest.mark.parametrize("spelled", [" 00016", "00016 ", "\t00016", "00016\x0b", "00016\x00", ""])
async def test_blanks_and_controls_are_no_part_of_an_institution(bank: Bank, spelled: str) -> None:
    """What a server in front has not stripped is not stripped here either."""
    answer = await bank.token("machine", spelled, grant_type="client_credentials")
    assert (answer.status_code, answer.json()["code"]) == (400, "CMN_90005")


async def test_an_application_of_one_institution_learns_nothing_about_the_other(bank: Bank) -> None:
    """Foreign, unknown and disabled institutions give `mobile` the same bytes, whatever it presents."""
    institution = bank.admin.institutions.get(TWO)
    answers = []
    for status in ("active", "disabled"):
        bank.admin.institutions.save(msgspec.structs.replace(institution, status=status))
        await bank.refresh()
        for at in (TWO, "99999"):
            form: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
            answers.append(await bank.token("mobile", at, **form))
            answers.append(await bank.revoke("anything", institutionId=at))
    assert {(a.status_code, a.content) for a in answers} == {(403, answers[0].content)}
