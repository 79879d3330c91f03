"""Every limit of the input: one below and the limit itself pass it, one above does not."""

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote

import httpx
import pytest

from moneyer.applications.application import Application
from moneyer.endpoints.http import MAX_BODY_BYTES, MAX_HEADER_BYTES, MAX_HEADER_FIELDS
from tests.bank import Bank
from tests.contract import wire
from tests.contract.wire import Row, refused

CC = "grant_type=client_credentials"
PASSWORD = "grant_type=password&username={}&password={}"


class Limit(NamedTuple):
    """A parameter's limit in bytes: how to send so many, what is answered within, and beyond."""

    cap: int
    client_id: str
    body: Callable[[int], str]
    within: Row
    beyond: Row


def judge(answer: httpx.Response, row: Row | None) -> None:
    """The answer is `row`, or a success where there is none."""
    if row is None:
        assert answer.status_code == 200, answer.text
    else:
        refused(answer, row)


LIMITS = {
    "username": Limit(
        256, "mobile", lambda n: PASSWORD.format("u" * n, "x"), wire.CUSTOMER, wire.USERNAME
    ),
    "username in two-byte letters": Limit(
        256, "mobile", lambda n: PASSWORD.format("%C3%A9" * (n // 2) + "u" * (n % 2), "x"),
        wire.CUSTOMER, wire.USERNAME,
    ),
    "password": Limit(
        1024, "mobile", lambda n: PASSWORD.format("ada", "p" * n), wire.CUSTOMER, wire.PASSWORD
    ),
    "password in four-byte letters": Limit(
        1024, "mobile",
        lambda n: PASSWORD.format("ada", "%F0%9F%94%91" * (n // 4) + "p" * (n % 4)),
        wire.CUSTOMER, wire.PASSWORD,
    ),
    "scopes": Limit(2048, "machine", lambda n: f"{CC}&scopes={'s' * n}", wire.SCOPES, wire.SCOPES),
    "grant_type": Limit(
        128, "machine", lambda n: f"grant_type={'g' * n}", wire.GRANT_TYPE, wire.NO_GRANT_TYPE
    ),
    "code": Limit(
        512, "web", lambda n: f"grant_type=authorization_code&code={'c' * n}", wire.TOKEN, wire.REQUEST
    ),
    "redirect_uri": Limit(
        2048, "web",
        lambda n: f"grant_type=authorization_code&code=x&redirect_uri={'r' * n}",
        wire.TOKEN, wire.REQUEST,
    ),
    "code_verifier": Limit(
        256, "web",
        lambda n: f"grant_type=authorization_code&code=x&code_verifier={'v' * n}",
        wire.TOKEN, wire.REQUEST,
    ),
    "refresh_token": Limit(
        512, "mobile",
        lambda n: f"grant_type=refresh_token&refresh_token={'r' * n}",
        wire.TOKEN, wire.REQUEST,
    ),
}  # fmt: skip


@pytest.mark.parametrize("limit", LIMITS.values(), ids=LIMITS.keys())
async def test_a_parameter_passes_up_to_its_limit(bank: Bank, limit: Limit) -> None:
    for size, row in ((-1, limit.within), (0, limit.within), (1, limit.beyond)):
        answer = await bank.raw(limit.body(limit.cap + size), client_id=limit.client_id)
        refused(answer, row)


@pytest.mark.requirement("PW-02")
async def test_a_password_beyond_its_limit_is_never_hashed(bank: Bank) -> None:
    """No attempt is counted and no customer is looked up for it: it costs nothing."""
    for size in (1025, 8192, 30_000):
        answer = await bank.raw(PASSWORD.format("ada", "p" * size), client_id="mobile")
        refused(answer, wire.PASSWORD)
    assert not bank.events("sign-in:refused")


@pytest.mark.requirement("TE-16")
async def test_two_kilobytes_and_a_hundred_scopes_can_be_held_and_asked_for(bank: Bank) -> None:
    names = tuple(f"s{number:03}:{'x' * 14}" for number in range(100))
    bank.add_application(Application("many", "Many", ("client_credentials",), names, ("00016",)))
    await bank.refresh()
    for count, row in ((99, None), (100, None), (101, wire.SCOPES)):
        listed = ",".join((*names, names[0])[:count])
        assert len(listed) <= 2048
        answer = await bank.raw(f"{CC}&scopes={listed}", client_id="many")
        judge(answer, row)
    refused(await bank.raw(f"{CC}&scope={'+'.join(['s'] * 10_000)}", client_id="many"), wire.SCOPES)


@pytest.mark.parametrize(("count", "passes"), [(63, True), (64, True), (65, False), (4000, False)])
async def test_a_form_has_at_most_64_fields(bank: Bank, count: int, passes: bool) -> None:
    answer = await bank.raw("&".join([CC, *(f"f{number}=" for number in range(count - 1))]))
    judge(answer, None if passes else wire.REQUEST)


@pytest.mark.parametrize(("size", "passes"), [(63, True), (64, True), (65, False), (9000, False)])
@pytest.mark.parametrize("letter", ["n", "%6E"])
async def test_a_name_has_at_most_64_bytes(bank: Bank, size: int, passes: bool, letter: str) -> None:
    answer = await bank.raw(f"{CC}&{letter * size}=1")
    judge(answer, None if passes else wire.REQUEST)


@pytest.mark.parametrize(("extra", "passes"), [(-1, True), (0, True), (1, False), (2**20, False)])
@pytest.mark.parametrize("filler", ["x", "%", "&", "=", "\x00"])
async def test_a_body_has_at_most_32_kilobytes(
    bank: Bank, extra: int, passes: bool, filler: str
) -> None:
    """A larger one is refused for its size, whatever it consists of; a smaller one is read."""
    body = (CC + "&p=").ljust(MAX_BODY_BYTES + extra, filler)
    assert MAX_BODY_BYTES == 32 * 1024
    answer = await bank.raw(body)
    if not passes:
        refused(answer, wire.SIZE)
        assert answer.headers["connection"] == "close"
    elif filler in "x=":
        assert answer.status_code == 200
    else:
        assert answer.json()["code"] in {"CMN_90011", "CMN_90017"}


@pytest.mark.parametrize(("count", "passes"), [(63, True), (64, True), (65, False), (2000, False)])
async def test_a_request_has_at_most_64_header_fields(bank: Bank, count: int, passes: bool) -> None:
    probe = await header_count(bank)
    extra = [(f"x-{number}", "1") for number in range(count - probe)]
    answer = await bank.raw(CC, extra)
    judge(answer, None if passes else wire.HEADER)
    assert MAX_HEADER_FIELDS == 64


async def header_count(bank: Bank) -> int:
    """How many fields the client sends by itself: the largest number of more that still passes."""
    for count in range(64, 0, -1):
        answer = await bank.raw(CC, [(f"x-{number}", "1") for number in range(count)])
        if answer.status_code == 200:
            return 64 - count
    raise AssertionError


@pytest.mark.parametrize(("extra", "passes"), [(-1, True), (0, True), (1, False), (50_000, False)])
async def test_the_headers_have_at_most_16_kilobytes(bank: Bank, extra: int, passes: bool) -> None:
    given = {"Authorization": bank.basic("machine"), "institutionId": "00016", "x-pad": ""}
    request = bank.http.build_request("POST", "/oauth2/v1/token", content=CC, headers=given)
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    size = sum(len(name) + len(value) for name, value in request.headers.raw)
    request.headers["x-pad"] = "y" * (MAX_HEADER_BYTES - size + extra)
    answer = await bank.http.send(request)
    judge(answer, None if passes else wire.HEADER)
    assert MAX_HEADER_BYTES == 16 * 1024


@pytest.mark.parametrize(("size", "row"), [(1, wire.NOT_ENTITLED), (32, wire.NOT_ENTITLED), (33, None)])
async def test_an_institution_has_1_to_32_letters_and_digits(
    bank: Bank, size: int, row: Row | None
) -> None:
    answer = await bank.raw(CC, {"institutionId": "9" * size})
    refused(answer, row or wire.INSTITUTION)


@pytest.mark.parametrize(
    ("name", "cap", "row"),
    [
        ("nonce", 256, wire.REQUEST),
        ("aud", 256, wire.REQUEST),
        ("username", 256, wire.USERNAME),
        ("scopes", 2048, wire.SCOPES),
        ("auth_time", 10, wire.REQUEST),
        ("requested_scopes", 256, wire.REQUEST),
    ],
)
async def test_the_back_channel_has_limits_too(bank: Bank, name: str, cap: int, row: Row) -> None:
    """64 characters of nonce must work (FAPI 2.0); 256 are the most."""
    bearer = await bank.page_token()
    value = {"auth_time": "1" * (cap + 1), "username": "u" * (cap + 1)}.get(name, "x" * (cap + 1))
    refused(await bank.ask_code(bearer=bearer, **{name: value}), row)
    if name in {"nonce", "aud"}:
        for size in (1, 64, cap):
            answer = await bank.ask_code(bearer=bearer, **{name: quote("x" * size)})
            assert answer.status_code == 200
