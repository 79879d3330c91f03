"""Two-institution cases: what is written as 00016 is tried as 00042, then as 00016."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import msgspec
import pytest

from moneyer.app import reader_for
from moneyer.store.admin.desk import AdminError
from moneyer.store.postgresql.reader import PostgresReader
from moneyer.store.sqlite.reader import SqliteReader
from moneyer.tokens.code import digest_of
from moneyer.tokens.family import RatchetKeys, read_token
from tests.bank import PASSWORD, Bank
from tests.v1 import classic

ONE, TWO = "00016", "00042"

Case = Callable[[Bank], Awaitable[None]]


def reader_of(bank: Bank) -> SqliteReader | PostgresReader:
    return reader_for(bank.settings.database)


async def customer_by_login(bank: Bank) -> None:
    async with aclosing(reader_of(bank)) as reader:
        assert await reader.customer_by_login(TWO, "biz") is None
        assert await reader.customer_by_login(ONE, "biz") is not None
        one = await reader.customer_by_login(ONE, "ada")
        two = await reader.customer_by_login(TWO, "ada")
        assert one is not None
        assert two is not None
        assert one.customer_id != two.customer_id


async def customer(bank: Bank) -> None:
    customer_id = bank.customer_ids[ONE, "ada"]
    async with aclosing(reader_of(bank)) as reader:
        assert await reader.customer(TWO, customer_id) is None
        assert await reader.customer(ONE, customer_id) is not None


async def family(bank: Bank) -> None:
    token = (await bank.exchange(await bank.code(requested_scopes="offline_access"))).json()
    keys = RatchetKeys(bank.keys.refresh_tag, bank.keys.ratchet)
    family_id = read_token(keys, token["refresh_token"]).family_id
    async with aclosing(reader_of(bank)) as reader:
        assert await reader.family(TWO, family_id) is None
        assert await reader.family(ONE, family_id) is not None


async def code(bank: Bank) -> None:
    digest = digest_of(await bank.code())
    async with aclosing(reader_of(bank)) as reader:
        assert await reader.code(TWO, digest) is None
        assert await reader.code(ONE, digest) is not None


async def token_is_revoked(bank: Bank) -> None:
    code = await bank.code()
    answers = [await bank.exchange(code), await bank.exchange(code)]
    assert [answer.status_code for answer in answers] == [200, 400]
    with bank.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT institution_id, token_id FROM revoked_tokens").all()
    async with aclosing(reader_of(bank)) as reader:
        assert not await reader.token_is_revoked(TWO, rows[0][1])
        assert await reader.token_is_revoked(ONE, rows[0][1])


async def keys_of_institutions(bank: Bank) -> None:
    """A token struck at one is refused at the other, under whose keys nothing of it verifies."""
    kids = {i: {k["kid"] for k in (await keys(bank, i))["keys"]} for i in (ONE, TWO)}
    assert not kids[ONE] & kids[TWO]
    token = await bank.page_token(ONE)
    for institution_id, status in ((TWO, 400), (ONE, 200)):
        answer = await bank.http.post(
            "/v1/client-authorization",
            data={"client_id": "web"},
            headers={"Authorization": f"Bearer {token}", "institutionId": institution_id},
        )
        assert answer.status_code == status


async def keys(bank: Bank, institution_id: str) -> dict[str, list[dict[str, str]]]:
    answer: dict[str, list[dict[str, str]]] = (
        await bank.http.get(f"/i/{institution_id}/oauth2/jwks")
    ).json()
    return answer


async def metadata(bank: Bank) -> None:
    for path in ("openid-configuration", "oauth-authorization-server"):
        documents = [(await bank.http.get(f"/i/{i}/.well-known/{path}")).json() for i in (ONE, TWO)]
        assert documents[0]["issuer"].endswith(ONE)
        assert documents[1]["issuer"].endswith(TWO)


async def entitlement(bank: Bank) -> None:
    """`mobile` is 00016's alone: at 00042 it gets nothing, whatever it holds."""
    sign_in: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": PASSWORD}
    assert (await bank.token("mobile", TWO, **sign_in)).json()["code"] == "CMN_90006"
    assert (await bank.token("mobile", ONE, **sign_in)).status_code == 200


async def legacy_tokens(bank: Bank) -> None:
    """At V1 as at V2: neither the other's application nor the other's customer."""
    bank.change_application("classic", institutions=(ONE,))
    bank.add_customer(TWO, "only.there")
    await bank.refresh()
    sign_in: dict[str, Any] = {"grant_type": "password", "password": PASSWORD}
    for place, login_id, status in ((TWO, "ada", 401), (ONE, "only.there", 401), (ONE, "ada", 200)):
        answer = await classic.ask(bank, place, username=login_id, **sign_in)
        assert answer.status_code == status
    assert classic.tag(answer.text, "di_fiid") == ONE
    assert classic.tag(answer.text, "di_ficustomer") == bank.customer_ids[ONE, "ada"]


async def refresh(bank: Bank) -> None:
    for header, client_id, codes in (
        (TWO, "web", {"CMN_90016"}),
        (TWO, "rival", {"CMN_90016"}),
        (None, "rival", {"CMN_90016"}),
    ):
        tokens = (await bank.exchange(await bank.code(requested_scopes="offline_access"))).json()
        refused = await bank.renew(tokens["refresh_token"], client_id, header)
        assert refused.json()["code"] in codes
        assert (await bank.renew(tokens["refresh_token"], "web", ONE)).status_code == 200


async def code_exchange(bank: Bank) -> None:
    code = await bank.code(ONE)
    assert (await bank.exchange(code, TWO)).json()["code"] == "CMN_90016"
    renamed = code.replace(ONE, TWO)
    assert (await bank.exchange(renamed, TWO)).json()["code"] == "CMN_90016"
    assert (await bank.exchange(code, ONE)).status_code == 200


async def revocation(bank: Bank) -> None:
    tokens = (await bank.exchange(await bank.code(requested_scopes="offline_access"))).json()
    for token in (tokens["refresh_token"], tokens["access_token"]):
        assert (await bank.revoke(token, "web", institutionId=TWO)).status_code == 204
        assert (await bank.revoke(token, "rival")).status_code == 204
    assert (await bank.renew(tokens["refresh_token"], "web", ONE)).status_code == 200


async def followers(bank: Bank) -> None:
    """A resource server of 00042 alone hears nothing of what ended at 00016."""
    apis = bank.admin.applications.get("apis")
    bank.add_application(msgspec.structs.replace(apis, client_id="other-apis", institutions=(TWO,)))
    await bank.refresh()
    for institution_id, client_id in ((ONE, "mobile"), (TWO, "rival")):
        tokens = await bank.sign_in(client_id, institution_id)
        await bank.revoke(tokens["refresh_token"], client_id)
    assert set(await _told(bank, "other-apis", {TWO})) == {TWO}
    assert set(await _told(bank, "apis", {ONE, TWO})) == {ONE, TWO}


async def _told(bank: Bank, follower: str, expected: set[str]) -> dict[str, str]:
    """The bulletins for a new follower, once there are those that are expected."""
    headers = {"Authorization": bank.basic(follower)}
    async with asyncio.timeout(30):
        while True:
            answer = (await bank.http.get("/oauth2/v1/revocations", headers=headers)).json()
            if expected <= answer["institutions"].keys():
                bulletins: dict[str, str] = answer["institutions"]
                return bulletins
            await asyncio.sleep(0.05)


async def code_for_a_foreign_customer(bank: Bank) -> None:
    stranger = bank.customer_ids[TWO, "ada"]
    answer = await bank.ask_code(ONE, institution_user_id=stranger)
    assert answer.json()["code"] == "CMN_90011"
    assert (await bank.ask_code(TWO, institution_user_id=stranger)).status_code == 200


async def failures_are_counted_apart(bank: Bank) -> None:
    """Ada of 00042 is locked; Ada of 00016, who has the same login id and fails once, is not."""
    wrong: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": "wrong one"}
    await bank.token("mobile", ONE, **wrong)
    for _ in range(10):
        await bank.token("rival", TWO, **wrong)
        bank.clock.advance(70)
    right = {**wrong, "password": PASSWORD}
    assert (await bank.token("rival", TWO, **right)).status_code == 401
    assert (await bank.token("mobile", ONE, **right)).status_code == 200
    assert (await bank.token("rival", TWO, **right)).status_code == 401, "not forgiven with the other"


async def opened_by_a_password(bank: Bank) -> None:
    """An application of both signs Ada in at 00016: nothing of that is at 00042."""
    mobile = bank.admin.applications.get("mobile")
    bank.add_application(msgspec.structs.replace(mobile, client_id="phone", institutions=(ONE, TWO)))
    await bank.refresh()
    token = (await bank.sign_in("phone", ONE))["refresh_token"]
    family_id = read_token(RatchetKeys(bank.keys.refresh_tag, bank.keys.ratchet), token).family_id
    async with aclosing(reader_of(bank)) as reader:
        assert await reader.family(TWO, family_id) is None
        opened = await reader.family(ONE, family_id)
    assert opened is not None
    assert opened.customer_id == bank.customer_ids[ONE, "ada"]
    assert (await bank.renew(token, "phone", TWO)).json()["code"] == "CMN_90016"
    assert (await bank.renew(token, "phone", ONE)).status_code == 200


async def operators_change_customers(bank: Bank) -> None:
    """Disabling Ada of 00042 leaves Ada of 00016 signed in."""
    one = await bank.sign_in()
    two = await bank.sign_in("rival", TWO)
    bank.change_customer(TWO, "ada", status="disabled")
    assert (await bank.renew(two["refresh_token"], "rival", TWO)).status_code == 400
    assert (await bank.renew(one["refresh_token"])).status_code == 200
    with pytest.raises(AdminError):
        bank.admin.customers.by_login(TWO, "biz")
    desk, biz = bank.admin.customers, bank.admin.customers.by_login(ONE, "biz")
    for find, name in (
        (desk.by_id, biz.customer_id),
        (desk.by_host_user, biz.host_user_id),
        (desk.by_member, biz.member_number),
    ):
        assert find(ONE, name) == biz
        with pytest.raises(AdminError):
            find(TWO, name)
    assert "biz" in {c.login_id for c in bank.admin.customers.all(ONE)}
    assert "biz" not in {c.login_id for c in bank.admin.customers.all(TWO)}
    bank.add_customer(TWO, "biz", "BUSINESS")


async def operators_change_institutions(bank: Bank) -> None:
    """Disabling 00042 leaves 00016 working; its keys are not touched by the other's rotation."""
    before = await keys(bank, ONE)
    assert len(await keys(bank, TWO)) == 1
    bank.admin.institutions.save_keys(TWO, bank.admin.institutions.keys(TWO)[:1])
    assert len(bank.admin.institutions.keys(TWO)) == 1
    assert await keys(bank, ONE) == before
    institution = bank.admin.institutions.get(TWO)
    bank.admin.institutions.save(msgspec.structs.replace(institution, status="disabled"))
    await bank.refresh()
    for institution_id, status in ((TWO, 403), (ONE, 200)):
        answer = await bank.token("machine", institution_id, grant_type="client_credentials")
        assert answer.status_code == status


async def operators_change_applications(bank: Bank) -> None:
    """Entitlements go and come one by one; what is registered for 00042 says nothing about 00016."""
    applications = bank.admin.applications
    others = [a for a in applications.all() if a.client_id != "machine"]
    bank.change_application("machine", institutions=(ONE,))
    registered = msgspec.structs.replace(applications.get("machine"), client_id="second")
    bank.add_application(msgspec.structs.replace(registered, institutions=(TWO,)))
    await bank.refresh()
    for client_id, own, other in (("machine", ONE, TWO), ("second", TWO, ONE)):
        assert applications.get(client_id).institutions == (own,)
        refused = await bank.token(client_id, other, grant_type="client_credentials")
        assert refused.json()["code"] == "CMN_90006"
        answer = await bank.token(client_id, own, grant_type="client_credentials")
        assert answer.status_code == 200
    assert [a for a in applications.all() if a.client_id not in {"machine", "second"}] == others
