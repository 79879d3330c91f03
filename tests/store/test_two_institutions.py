"""Every store method, operation and endpoint: written as one institution, tried as the other.

The tables below are held against the code by reflection, so that what is new cannot be forgotten.
"""

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest

import moneyer.grants
import moneyer.store.admin
from moneyer.endpoints.router import (
    INSTITUTION_ENDPOINTS,
    PAGES,
    STANDARD_ENDPOINTS,
    V1_ENDPOINTS,
    V2_ENDPOINTS,
)
from moneyer.store.admin.desk import Desk
from moneyer.store.sqlite.reader import SqliteReader
from tests.bank import Bank
from tests.store import institution_cases as cases
from tests.store import sign_in_cases as pages
from tests.store.institution_cases import ONE, Case

FOUND_BY = ("by_login", "by_id", "by_host_user", "by_member")

READER: dict[str, Case] = {
    "customer_by_login": cases.customer_by_login,
    "customer": cases.customer,
    "family": cases.family,
    "code": cases.code,
    "token_is_revoked": cases.token_is_revoked,
    "session": pages.session,
    "consent": pages.consent,
    "factor": pages.factor,
    "stored_request": pages.pushed_request,
    "of_customer": pages.factor,
}
READER_WITHOUT = {
    "blocked_guesses": "guesses at client secrets belong to no institution",
    "due_notices": "names what is left to do everywhere; each is taken up by its own institution",
    "directory_version": "one number for the whole directory",
    "ended_since": "read for all at once; tests/gateway shows that a follower hears of its own alone",
    "aclose": "closes",
}

OPERATIONS: dict[str, Case] = {
    "AddFirstKeys": cases.keys_of_institutions,
    "CountAttempt": cases.failures_are_counted_apart,
    "SettleFailure": cases.failures_are_counted_apart,
    "WithdrawAttempt": cases.failures_are_counted_apart,  # and attacks/test_core_bank.py
    "OpenFamily": cases.opened_by_a_password,
    "TurnFamily": cases.refresh,
    "TakeCode": cases.code_exchange,
    "StoreCode": cases.code_for_a_foreign_customer,
    "RevokeFamily": cases.revocation,
    "RevokeToken": cases.revocation,
    **dict.fromkeys(("OpenSession", "Touch", "EndSession", "IssueCode"), pages.session),
    **dict.fromkeys(("AddFactors", "RemoveFactor", "RaiseSession"), pages.factor),
    **dict.fromkeys(("Ask", "Finish", "EnrolSession"), pages.begun_with_a_password),
    "Disconnect": pages.consent,
    **dict.fromkeys(("TakeUpNotice", "CrossOff"), pages.sign_out_to_be_told),
    "Store": pages.pushed_request,
}
OPERATIONS_WITHOUT = {
    "RecordEvent": "writes an event that names its institution, and reads nothing",
    "CountGuess": "guesses at client secrets belong to no institution",
    "NoteSecretUse": "an application belongs to no institution",
}

DESKS: dict[str, Case] = {
    **dict.fromkeys(
        tuple(f"CustomerDesk.{name}" for name in ("add", "all", *FOUND_BY)),
        cases.operators_change_customers,
    ),
    "CustomerDesk.save": cases.operators_change_customers,
    **dict.fromkeys(
        ("InstitutionDesk.add", "InstitutionDesk.get"), cases.operators_change_institutions
    ),
    **dict.fromkeys(
        ("InstitutionDesk.keys", "InstitutionDesk.save_keys"), cases.operators_change_institutions
    ),
    "InstitutionDesk.save": cases.operators_change_institutions,
    **dict.fromkeys(
        ("ApplicationDesk.add", "ApplicationDesk.save"), cases.operators_change_applications
    ),
    **dict.fromkeys(
        ("ApplicationDesk.get", "ApplicationDesk.all"), cases.operators_change_applications
    ),
}
DESKS_WITHOUT = {
    "InstitutionDesk.all": "lists every institution, for operators",
    "ApplicationDesk.secrets_of": "a secret is its application's, at every institution alike",
    "ApplicationDesk.rotate_secret": "a secret is its application's, at every institution alike",
}

ENDPOINTS: dict[str, Case] = {
    "/oauth2/v1/token": cases.entitlement,
    "/oauth2/v1/revoke": cases.revocation,
    "/oauth2/v1/revocations": cases.followers,
    "/v1/oauth/token": cases.legacy_tokens,
    "/v1/client-authorization": cases.keys_of_institutions,
    "/v1/auth-code": cases.code_for_a_foreign_customer,
    "/oauth2/jwks": cases.keys_of_institutions,
    "/.well-known/openid-configuration": cases.metadata,
    "/.well-known/oauth-authorization-server": cases.metadata,
    "/oauth2/token": pages.consent,
    "/oauth2/par": pages.pushed_request,
    **dict.fromkeys(
        ("/oauth2/introspect", "/oauth2/revoke", "/oauth2/userinfo"), pages.standard_tokens
    ),
    **dict.fromkeys(("/oauth2/authorize", "/oauth2/logout", "/sign-in"), pages.session),
    "/account/applications": pages.consent,
    "/account/security": pages.factor,
    **dict.fromkeys(("/pages/brand.css", "/pages/logo.svg"), pages.looks),
}


def public_methods(kind: type, own: bool = True) -> set[str]:
    names = vars(kind) if own else dir(kind)
    return {name for name in names if not name.startswith("_") and callable(getattr(kind, name))}


def own_classes(package: ModuleType) -> list[type]:
    """Every class that a module of this package defines."""
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return [
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
    ]


def operations() -> set[str]:
    """Every class in moneyer.grants that wants rows and decides on them."""
    return {
        kind.__name__
        for kind in own_classes(moneyer.grants)
        if hasattr(kind, "wants") and hasattr(kind, "decide")
    }


def desk_methods() -> set[str]:
    """Every public method of every desk, whoever adds one."""
    return {
        f"{kind.__name__}.{name}"
        for kind in own_classes(moneyer.store.admin)
        if issubclass(kind, Desk) and kind is not Desk
        for name in public_methods(kind)
    }


def test_nothing_is_without_its_two_institution_case() -> None:
    """A new reader method, operation, desk method or endpoint fails here until it has one."""
    assert public_methods(SqliteReader) == READER.keys() | READER_WITHOUT.keys()
    assert operations() == OPERATIONS.keys() | OPERATIONS_WITHOUT.keys()
    assert desk_methods() == DESKS.keys() | DESKS_WITHOUT.keys()
    served = (V2_ENDPOINTS, V1_ENDPOINTS, INSTITUTION_ENDPOINTS, STANDARD_ENDPOINTS, PAGES)
    assert {path for table in served for path in table} == ENDPOINTS.keys()


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
