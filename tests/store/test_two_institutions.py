"""Every store method, operation and endpoint: written as one institution, tried as the other.

The tables below are held against the code by reflection, so that what is new cannot be forgotten.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any

import msgspec
import pytest

import moneyer.grants
from moneyer.endpoints.router import INSTITUTION_ENDPOINTS, V2_ENDPOINTS
from moneyer.store.admin.customers import CustomerDesk
from moneyer.store.admin.desk import AdminError
from moneyer.store.admin.institutions import InstitutionDesk
from moneyer.store.sqlite.reader import SqliteReader
from moneyer.tokens.code import digest_of
from moneyer.tokens.family import RatchetKeys, read_token
from tests.bank import PASSWORD, Bank

ONE, TWO = "00016", "00042"

Case = Callable[[Bank], Awaitable[None]]


def reader_of(bank: Bank) -> SqliteReader:
    return SqliteReader(bank.settings.database)


async def customer_by_login(bank: Bank) -> None:
    with closing(reader_of(bank)) as reader:
        assert await reader.customer_by_login(TWO, "biz") is None
        assert await reader.customer_by_login(ONE, "biz") is not None
        one = await reader.customer_by_login(ONE, "ada")
        two = await reader.customer_by_login(TWO, "ada")
        assert one is not None
        assert two is not None
        assert one.customer_id != two.customer_id


async def customer(bank: Bank) -> None:
    customer_id = bank.customer_ids[ONE, "ada"]
    with closing(reader_of(bank)) as reader:
        assert await reader.customer(TWO, customer_id) is None
        assert await reader.customer(ONE, customer_id) is not None


async def family(bank: Bank) -> None:
    token = (await bank.exchange(await bank.code(requested_scopes="offline_access"))).json()
    keys = RatchetKeys(bank.keys.refresh_tag, bank.keys.ratchet)
    family_id = read_token(keys, token["refresh_token"]).family_id
    with closing(reader_of(bank)) as reader:
        assert await reader.family(TWO, family_id) is None
        assert await reader.family(ONE, family_id) is not None


async def code(bank: Bank) -> None:
    digest = digest_of(await bank.code())
    with closing(reader_of(bank)) as reader:
        assert await reader.code(TWO, digest) is None
        assert await reader.code(ONE, digest) is not None


async def token_is_revoked(bank: Bank) -> None:
    code = await bank.code()
    answers = [await bank.exchange(code), await bank.exchange(code)]
    assert [answer.status_code for answer in answers] == [200, 400]
    with bank.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT institution_id, token_id FROM revoked_tokens").all()
    with closing(reader_of(bank)) as reader:
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


async def code_for_a_foreign_customer(bank: Bank) -> None:
    stranger = bank.customer_ids[TWO, "ada"]
    answer = await bank.ask_code(ONE, institution_user_id=stranger)
    assert answer.json()["code"] == "CMN_90011"
    assert (await bank.ask_code(TWO, institution_user_id=stranger)).status_code == 200


async def failures_are_counted_apart(bank: Bank) -> None:
    """Ada of 00042 is locked; Ada of 00016, who has the same login id, is not."""
    wrong: dict[str, Any] = {"grant_type": "password", "username": "ada", "password": "wrong one"}
    for _ in range(10):
        await bank.token("rival", TWO, **wrong)
        bank.clock.advance(70)
    right = {**wrong, "password": PASSWORD}
    assert (await bank.token("rival", TWO, **right)).status_code == 401
    assert (await bank.token("mobile", ONE, **right)).status_code == 200


async def operators_change_customers(bank: Bank) -> None:
    """Disabling Ada of 00042 leaves Ada of 00016 signed in."""
    one = await bank.sign_in()
    two = await bank.sign_in("rival", TWO)
    bank.change_customer(TWO, "ada", status="disabled")
    assert (await bank.renew(two["refresh_token"], "rival", TWO)).status_code == 400
    assert (await bank.renew(one["refresh_token"])).status_code == 200
    with pytest.raises(AdminError):
        bank.admin.customers.by_login(TWO, "biz")
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


READER: dict[str, Case] = {
    "customer_by_login": customer_by_login,
    "customer": customer,
    "family": family,
    "code": code,
    "token_is_revoked": token_is_revoked,
}
READER_WITHOUT = {
    "blocked_guesses": "guesses at client secrets belong to no institution",
    "directory_version": "one number for the whole directory",
    "close": "closes",
}

OPERATIONS: dict[str, Case] = {
    "AddFirstKeys": keys_of_institutions,
    "CountAttempt": failures_are_counted_apart,
    "SettleFailure": failures_are_counted_apart,
    "WithdrawAttempt": failures_are_counted_apart,  # and attacks/test_core_bank.py
    "OpenFamily": entitlement,
    "TurnFamily": refresh,
    "TakeCode": code_exchange,
    "StoreCode": code_for_a_foreign_customer,
    "RevokeFamily": revocation,
    "RevokeToken": revocation,
}
OPERATIONS_WITHOUT = {
    "RecordEvent": "writes an event that names its institution, and reads nothing",
    "CountGuess": "guesses at client secrets belong to no institution",
    "NoteSecretUse": "an application belongs to no institution",
}

DESKS: dict[str, Case] = {
    **dict.fromkeys(
        ("CustomerDesk.add", "CustomerDesk.by_login", "CustomerDesk.all"), operators_change_customers
    ),
    "CustomerDesk.save": operators_change_customers,
    **dict.fromkeys(("InstitutionDesk.add", "InstitutionDesk.get"), operators_change_institutions),
    **dict.fromkeys(
        ("InstitutionDesk.keys", "InstitutionDesk.save_keys"), operators_change_institutions
    ),
    "InstitutionDesk.save": operators_change_institutions,
}
DESKS_WITHOUT = {"InstitutionDesk.all": "lists every institution, for operators"}

ENDPOINTS: dict[str, Case] = {
    "/oauth2/v1/token": entitlement,
    "/oauth2/v1/revoke": revocation,
    "/v1/client-authorization": keys_of_institutions,
    "/v1/auth-code": code_for_a_foreign_customer,
    "/oauth2/jwks": keys_of_institutions,
    "/.well-known/openid-configuration": metadata,
    "/.well-known/oauth-authorization-server": metadata,
}


def public_methods(kind: type, own: bool = True) -> set[str]:
    names = vars(kind) if own else dir(kind)
    return {name for name in names if not name.startswith("_") and callable(getattr(kind, name))}


def operations() -> set[str]:
    """Every class in moneyer.grants that wants rows and decides on them."""
    modules = [
        importlib.import_module(f"moneyer.grants.{found.name}")
        for found in pkgutil.iter_modules(moneyer.grants.__path__)
    ]
    return {
        name
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and hasattr(kind, "wants") and hasattr(kind, "decide")
    }


def test_nothing_is_without_its_two_institution_case() -> None:
    """A new reader method, operation, desk method or endpoint fails here until it has one."""
    assert public_methods(SqliteReader) == READER.keys() | READER_WITHOUT.keys()
    assert operations() == OPERATIONS.keys() | OPERATIONS_WITHOUT.keys()
    desks = {
        f"{kind.__name__}.{name}"
        for kind in (CustomerDesk, InstitutionDesk)
        for name in public_methods(kind)
    }
    assert desks == DESKS.keys() | DESKS_WITHOUT.keys()
    assert V2_ENDPOINTS.keys() | INSTITUTION_ENDPOINTS.keys() == ENDPOINTS.keys()


CASES = {
    case.__name__: case for table in (READER, OPERATIONS, DESKS, ENDPOINTS) for case in table.values()
}


@pytest.mark.requirement("RV-02", "RT-01")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_what_is_ones_is_not_the_others(bank: Bank, case: Case) -> None:
    """Written as one institution, refused as the other, and still there as the first."""
    await case(bank)


FULL_WIDTH = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in ONE)


@pytest.mark.parametrize("other", ["16", "00016x", "00016 ,00042", FULL_WIDTH, "00016,00042", "000016"])
async def test_no_other_spelling_is_the_same_institution(bank: Bank, other: str) -> None:
    """`institutionId` is opaque text."""
    headers = {
        b"Authorization": bank.basic("machine").encode(),
        b"Content-Type": b"application/x-www-form-urlencoded",
        b"institutionId": other.encode(),
    }
    body = b"grant_type=client_credentials"
    answer = await bank.http.post("/oauth2/v1/token", content=body, headers=headers)
    assert answer.json()["code"] in {"CMN_90005", "CMN_90006"}
