"""TM-XT: what an application holds, presented by another, spelled otherwise, or at a closed house."""

from itertools import product
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest

from tests.attacks.test_cross_institution import ONE, TWO, accepts, codes, families
from tests.bank import Bank

OFFLINE = "offline_access"
FULL_WIDTH = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in ONE)
SPELLINGS = ["16", "0016", "000016", " 00016", "00016 ", FULL_WIDTH, "00016,00042", "00016;", "0x10"]


async def held_at(bank: Bank, institution_id: str) -> dict[str, str]:
    """A refresh token, its access token, a code and the sign-in page's token, none used yet."""
    answer = await bank.exchange(
        await bank.code(institution_id, requested_scopes=OFFLINE), institution_id
    )
    tokens = answer.json()
    return {
        "refresh_token": tokens["refresh_token"],
        "access_token": tokens["access_token"],
        "code": await bank.code(institution_id),
        "page": await bank.page_token(institution_id),
    }


def resting(bank: Bank) -> Any:
    """Everything that a credential could change."""
    with bank.engine.connect() as connection:
        revoked = connection.exec_driver_sql("SELECT * FROM revoked_tokens ORDER BY token_id").all()
    return families(bank), codes(bank), list(revoked)


async def still_good(bank: Bank, held: dict[str, str], own: str) -> None:
    """The rightful owner succeeds with all of it."""
    assert await accepts(bank, held["access_token"], own)
    assert (await bank.ask_code(own, bearer=held["page"])).status_code == 200
    assert (await bank.renew(held["refresh_token"], "web", own)).status_code == 200
    assert (await bank.exchange(held["code"], own)).status_code == 200


async def everywhere(
    bank: Bank, held: dict[str, str], header: bytes | None, client_id: str = "web"
) -> dict[str, httpx.Response]:
    """Presents all of it at every door, under one header and as one application."""

    async def ask(path: str, authorization: str, **form: str) -> httpx.Response:
        headers = [
            (b"authorization", authorization.encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
        ]
        if header is not None:
            headers.append((b"institutionid", header))
        return await bank.http.post(path, content=urlencode(form), headers=headers)

    basic, page = bank.basic(client_id), f"Bearer {held['page']}"
    token, revoke = "/oauth2/v1/token", "/oauth2/v1/revoke"
    person = {
        "client_id": "web",
        "username": "ada",
        "institution_user_id": bank.customer_ids[ONE, "ada"],
        "scopes": "accounts:read",
    }
    return {
        "refresh": await ask(
            token, basic, grant_type="refresh_token", refresh_token=held["refresh_token"]
        ),
        "code": await ask(token, basic, grant_type="authorization_code", code=held["code"]),
        "revoke refresh": await ask(revoke, basic, token=held["refresh_token"]),
        "revoke access": await ask(revoke, basic, token=held["access_token"]),
        "client-authorization": await ask("/v1/client-authorization", page, client_id="web"),
        "auth-code": await ask("/v1/auth-code", page, **person),
    }


@pytest.mark.requirement("RT-01", "RV-02")
@pytest.mark.parametrize("spelled", SPELLINGS, ids=ascii)
async def test_no_door_takes_another_spelling_for_the_institution(bank: Bank, spelled: str) -> None:
    """Refresh, code, revocation and back channel: refused, and all of it stays good at 00016."""
    held = await held_at(bank, ONE)
    before = resting(bank)
    answers = await everywhere(bank, held, spelled.encode())
    for door, answer in answers.items():
        assert answer.json()["code"] in {"CMN_90005", "CMN_90006", "CMN_90018"}, door
    assert resting(bank) == before
    await still_good(bank, held, ONE)


@pytest.mark.requirement("RV-02")
@pytest.mark.parametrize(
    ("entitled", "header"),
    [*product([(ONE, TWO)], (None, ONE, TWO)), *product([(TWO,)], (None, ONE, TWO))],
    ids=str,
)
async def test_another_application_spends_and_revokes_nothing(
    bank: Bank, entitled: tuple[str, ...], header: str | None
) -> None:
    """One registered just like the owner, at both institutions or at the other alone."""
    web = bank.admin.applications.get("web")
    bank.add_application(msgspec.structs.replace(web, client_id="double", institutions=entitled))
    await bank.refresh()
    held = await held_at(bank, ONE)
    before = resting(bank)
    sent = None if header is None else header.encode()
    answers = await everywhere(bank, held, sent, "double")
    closed = header is not None and header not in entitled
    for door in ("refresh", "code"):
        assert answers[door].json()["code"] == ("CMN_90006" if closed else "CMN_90016"), door
    for door in ("revoke refresh", "revoke access"):
        assert answers[door].status_code == (403 if closed else 204), door
    after = resting(bank)
    if header != ONE:
        assert after == before
    else:  # The page's own call was in order, and made a code.
        assert (after[0], after[2]) == (before[0], before[2])
    await still_good(bank, held, ONE)


@pytest.mark.requirement("RT-08")
@pytest.mark.parametrize("closing", ["institution", "entitlements"])
async def test_at_a_closed_institution_nothing_held_opens_and_nothing_is_used_up(
    bank: Bank, closing: str
) -> None:
    """Disabled, or withdrawn from the applications; when it opens again all is as it was."""
    held, elsewhere = await held_at(bank, ONE), await held_at(bank, TWO)
    before = resting(bank)
    institution = bank.admin.institutions.get(ONE)

    async def open_again(opened: bool) -> None:
        if closing == "institution":
            status = "active" if opened else "disabled"
            bank.admin.institutions.save(msgspec.structs.replace(institution, status=status))
        else:
            for client_id in ("web", "page"):
                bank.change_application(client_id, institutions=(ONE, TWO) if opened else (TWO,))
        await bank.refresh()

    await open_again(False)
    answers = await everywhere(bank, held, ONE.encode())
    for door, answer in answers.items():
        bearer = door in {"client-authorization", "auth-code"}
        assert answer.json()["code"] == ("CMN_90018" if bearer else "CMN_90006"), door
    for answer in (
        await bank.renew(held["refresh_token"], "web", None),
        await bank.exchange(held["code"], None),
    ):
        assert answer.json()["code"] in {"CMN_90006", "CMN_90016"}
    assert (await bank.ask_code(ONE, bearer=held["access_token"])).json()["code"] == "CMN_90018"
    assert resting(bank) == before
    await still_good(bank, elsewhere, TWO)
    await open_again(True)
    await still_good(bank, held, ONE)
