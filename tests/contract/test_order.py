"""The order of the checks: a request with two faults is told of the earlier one, and of that alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from urllib.parse import urlencode

import pytest

from tests.bank import PASSWORD, Bank
from tests.contract import wire
from tests.contract.wire import Row, refused


@dataclass
class Draft:
    """A request on its way to be sent."""

    client_id: str
    secret: str | None = None
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)
    form: dict[str, str] = field(default_factory=dict)
    tail: str = ""

    def body(self) -> str:
        return urlencode(self.form) + self.tail


@dataclass(frozen=True)
class Check:
    """One check: how to fail it, and what is then answered. `part` is what of a request it spoils."""

    name: str
    row: Row
    spoil: Callable[[Draft], object]
    part: str = ""


def header(name: str, value: str) -> Callable[[Draft], object]:
    return lambda draft: draft.headers.update({name: value})


def member(name: str, value: str) -> Callable[[Draft], object]:
    return lambda draft: draft.form.update({name: value})


def attribute(name: str, value: str) -> Callable[[Draft], object]:
    return lambda draft: setattr(draft, name, value)


def tail(text: str) -> Callable[[Draft], object]:
    return lambda draft: setattr(draft, "tail", draft.tail + text)


BEFORE_THE_GRANT = [
    Check("method", wire.METHOD, attribute("method", "PUT")),
    Check("media type", wire.HEADER, header("Content-Type", "text/plain")),
    Check("size", wire.SIZE, tail("&pad=" + "x" * 40_000)),
    Check("transaction", wire.TRANSACTION, header("transactionId", "42")),
    Check("institution header", wire.INSTITUTION, header("institutionId", "-"), "institution"),
    Check("client", wire.CREDENTIALS, attribute("secret", "wrong")),
    Check("entitlement", wire.NOT_ENTITLED, header("institutionId", "00099"), "institution"),
    Check("body", wire.REQUEST, tail("&x=%")),
    Check("grant type", wire.GRANT_TYPE, member("grant_type", "implicit"), "grant"),
]

PASSWORD_GRANT = [
    *BEFORE_THE_GRANT,
    Check("allowed", wire.NOT_PERMITTED, attribute("client_id", "web")),
    Check("username", wire.USERNAME, member("username", "")),
    Check("password", wire.PASSWORD, member("password", ""), "password"),
    Check("scopes", wire.SCOPES, member("scopes", "a,,b"), "scopes"),
    Check("held", wire.SCOPES, member("scopes", "accounts:write"), "scopes"),
    Check("customer", wire.CUSTOMER, member("password", "wrong horse"), "password"),
]

REFRESH_GRANT = [
    *BEFORE_THE_GRANT,
    Check("allowed", wire.NOT_PERMITTED, attribute("client_id", "machine")),
    Check("parameter", wire.REQUEST, member("refresh_token", ""), "token"),
    Check("scopes", wire.SCOPES, member("scopes", "a,,b")),
    Check("token", wire.TOKEN, member("refresh_token", "mrt_00016.junk"), "token"),
]

CODE_GRANT = [
    *BEFORE_THE_GRANT,
    Check("allowed", wire.NOT_PERMITTED, attribute("client_id", "mobile")),
    Check("parameter", wire.REQUEST, member("code", ""), "code"),
    Check("redirect uri", wire.NOT_ASCII, member("redirect_uri", "https://é"), "uri"),
    Check("code", wire.TOKEN, member("code", "mac_00016." + "A" * 43), "code"),
    Check("bound uri", wire.TOKEN, member("redirect_uri", "https://evil.example"), "uri"),
]

APPLICATION_GRANT = [
    *BEFORE_THE_GRANT,
    Check("allowed", wire.NOT_PERMITTED, attribute("client_id", "mobile")),
    Check("both scopes", wire.REQUEST, member("scope", "accounts:read")),
    Check("held", wire.SCOPES, member("scopes", "accounts:write")),
]


def pairs(checks: list[Check]) -> list[tuple[Check, Check]]:
    """Every two checks that one request can fail; those of one part exclude each other."""
    return [(one, two) for one, two in combinations(checks, 2) if not one.part or one.part != two.part]


async def assert_order(bank: Bank, base: Callable[[], Draft], checks: list[Check]) -> None:
    for faults in (*pairs(checks), *((check,) for check in checks)):
        draft = base()
        for check in faults:
            check.spoil(draft)
        draft.headers["Authorization"] = bank.basic(draft.client_id, draft.secret)
        answer = await bank.raw(draft.body(), draft.headers, method=draft.method)
        try:
            refused(answer, faults[0].row)
        except AssertionError as error:
            names = " and ".join(check.name for check in faults)
            raise AssertionError(f"{names}: {answer.status_code} {answer.text}") from error
        bank.clock.advance(61)


@pytest.mark.requirement("TE-09", "TE-10")
async def test_the_password_grant_tells_of_the_earlier_fault(bank: Bank) -> None:
    def base() -> Draft:
        fields = {"grant_type": "password", "username": "ada", "password": PASSWORD}
        return Draft("mobile", form={**fields, "scopes": "accounts:read"})

    assert (await bank.raw(base().body(), client_id="mobile")).status_code == 200
    await assert_order(bank, base, PASSWORD_GRANT)


@pytest.mark.requirement("TE-09", "TE-10")
async def test_the_refresh_grant_tells_of_the_earlier_fault_and_keeps_the_token(bank: Bank) -> None:
    token = (await bank.sign_in())["refresh_token"]

    def base() -> Draft:
        return Draft("mobile", form={"grant_type": "refresh_token", "refresh_token": token})

    await assert_order(bank, base, REFRESH_GRANT)
    assert (await bank.renew(token)).status_code == 200


@pytest.mark.requirement("TE-09", "TE-10")
async def test_the_code_grant_tells_of_the_earlier_fault(bank: Bank) -> None:
    code = await bank.code()

    def base() -> Draft:
        fields = {"grant_type": "authorization_code", "code": code}
        return Draft("web", form={**fields, "redirect_uri": "https://web.example/callback"})

    await assert_order(bank, base, CODE_GRANT)


@pytest.mark.requirement("TE-09", "TE-10")
async def test_the_client_credentials_grant_tells_of_the_earlier_fault(bank: Bank) -> None:
    def base() -> Draft:
        return Draft("machine", form={"grant_type": "client_credentials", "scopes": "accounts:read"})

    await assert_order(bank, base, APPLICATION_GRANT)


@pytest.mark.requirement("TE-10")
@pytest.mark.parametrize(
    "body",
    [
        "grant_type=" + "x" * 4000,
        "grant_type=%C3%A9",
        "grant_type=%00",
        "grant_type=implicit",
        "grant_type=a&grant_type=b",
        "grant_type=refresh_token&refresh_token=mrt_00016.x",
        "%zz",
        "&" * 100,
        "",
    ],
)
async def test_whoever_is_not_proven_hears_nothing_of_the_grant(bank: Bank, body: str) -> None:
    """Whatever the body holds, the answer to a wrong secret has the same bytes."""
    wrong = {"Authorization": bank.basic("machine", "wrong")}
    answer = await bank.raw(body, wrong)
    refused(answer, wire.CREDENTIALS)
    assert answer.content == (await bank.raw("grant_type=client_credentials", wrong)).content


@pytest.mark.requirement("TE-10", "TE-17")
async def test_without_the_header_too_the_grant_must_be_allowed_before_its_token_is_read(
    bank: Bank,
) -> None:
    for body in ("grant_type=refresh_token", "grant_type=refresh_token&refresh_token=junk"):
        headers = {"Authorization": bank.basic("machine")}
        answer = await bank.http.post(
            "/oauth2/v1/token",
            content=body,
            headers={**headers, "Content-Type": "application/x-www-form-urlencoded"},
        )
        refused(answer, wire.NOT_PERMITTED)


@pytest.mark.parametrize(
    ("method", "headers"),
    [("PUT", {}), ("POST", {"Content-Type": "text/plain"}), ("POST", {"institutionId": "-"})],
)
async def test_an_early_refusal_carries_the_transaction_that_was_sent(
    bank: Bank, method: str, headers: dict[str, str]
) -> None:
    sent = "7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f"
    answer = await bank.raw("", {**headers, "transactionId": sent}, method=method)
    assert answer.headers["transactionid"] == sent
