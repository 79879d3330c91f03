"""The refusal table: what is wrong with a call, what its caller is told, and in which order.

Each row of docs/gateway.md's table is one test here.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from moneyer.gateway.answers import refusal_answer
from moneyer.gateway.apis import APIS
from moneyer.gateway.build import GuardSettings, guarding
from moneyer.gateway.call import ApiCall
from moneyer.gateway.families import ACCOUNTS, LEGACY, TRANSFERS
from moneyer.gateway.guard import Guard
from moneyer.gateway.refusals import CannotTell, NoRoute, Refused
from moneyer.gateway.route import Route, Routes
from tests.bank import BASE, TestClock
from tests.gateway.alone import Alone
from tests.gateway.calls import READ_ACCOUNTS
from tests.gateway.striking import CallersKey

TRANSFER = Route("POST", "/v1/transfers", TRANSFERS, ("transfers:write",))
OLD = Route("GET", "/old/fis/{fiId}/x", LEGACY, customer="none", audience="legacy-apis")


class Told(NamedTuple):
    """What a caller sees of a refusal, and what the log says."""

    status: int
    code: str
    challenge: str
    reason: str


async def told(
    guard: Guard,
    token: str | None,
    *,
    route: Route = READ_ACCOUNTS,
    query: bytes = b"",
    headers: Mapping[str, str] | None = None,
    path: str = "/v1/accounts",
) -> Told:
    """How a call is refused; it has to be."""
    sent = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
    if token is not None:
        sent.append((b"authorization", f"Bearer {token}".encode()))
    with pytest.raises(Refused) as caught:
        await guard.check(ApiCall(route.method, path, query, sent), route)
    answer = refusal_answer(caught.value, route)
    names = dict(answer.headers)
    assert names[b"cache-control"] == b"no-store"
    body = msgspec.json.decode(answer.body)
    assert set(body) == {"code", "message"}
    challenge = names.get(b"www-authenticate", b"").decode()
    return Told(answer.status, body["code"], challenge, caught.value.reason)


INVALID = 'Bearer realm="moneyer", error="invalid_token"'


@pytest.fixture(scope="module")
def alone() -> Alone:
    return Alone()


@pytest.fixture
def guard(alone: Alone) -> Guard:
    return alone.guard


@pytest.fixture
def token(alone: Alone) -> str:
    """A customer's."""
    return alone.strike()


@pytest.fixture
def own(alone: Alone) -> str:
    """An institution's."""
    return alone.own()


@pytest.mark.requirement("GW-01", "BE-04")
async def test_no_token(guard: Guard) -> None:
    """No error code where nothing was presented (RFC 6750 section 3.1)."""
    assert await told(guard, None) == (401, "ACC_00601", 'Bearer realm="moneyer"', "no-authorization")


@pytest.mark.requirement("GW-01")
@pytest.mark.parametrize("header", ["Basic YTpi", "Negotiate x", "Bearer", "", "bearertoken"])
async def test_another_scheme_is_no_token(guard: Guard, header: str) -> None:
    found = await told(guard, None, headers={"Authorization": header})
    assert (found.status, found.code) == (401, "ACC_00601")


@pytest.mark.requirement("GW-01")
async def test_two_tokens(guard: Guard, token: str) -> None:
    sent = [(b"authorization", f"Bearer {token}".encode())] * 2
    with pytest.raises(Refused, match="authorization-malformed"):
        await guard.check(ApiCall("GET", "/v1/accounts", b"", sent), READ_ACCOUNTS)


@pytest.mark.requirement("GW-01")
async def test_a_token_in_the_query_is_none(guard: Guard, token: str) -> None:
    """RFC 6750 section 2.3 is not served."""
    found = await told(guard, None, query=f"access_token={token}".encode())
    assert found.reason == "no-authorization"


@pytest.mark.requirement("GW-01")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": 1_800_000_000}, "token-expired"),
        ({"exp": 1}, "token-expired"),
        ({"iat": 1_800_000_011}, "token-from-the-future"),
        ({"iss": "https://bank.test/i/00042"}, "other-issuer"),
        ({"iss": "https://evil.example/i/00016"}, "other-issuer"),
        ({"aud": "https://bank.test/i/00016"}, "other-audience"),
        ({"aud": "https://bank.test/i/00016/legacy-apis"}, "other-audience"),
        ({"aud": "https://bank.test/i/00042/apis"}, "other-audience"),
        ({"aud": "https://bank.test/i/00016/apis/"}, "other-audience"),
        ({"client_id": "stranger", "iat": 1_799_999_000}, "application-may-not-act"),
        ({"cnf": {}}, "confirmation-unknown"),
        ({"cnf": {"jku": "x"}}, "confirmation-unknown"),
        ({"institution_id": "00042"}, "key-unknown"),
        ({"institution_id": "99999"}, "institution-not-guarded"),
        ({"institution_id": "../../x"}, "institution-malformed"),
    ],
)
async def test_a_token_that_opens_nothing(
    alone: Alone, guard: Guard, token: str, changes: dict[str, Any], reason: str
) -> None:
    """All alike to the caller, whatever is the matter; the signature is the real one."""
    found = await told(guard, alone.struck(token, **changes))
    assert found == (401, "ACC_00601", INVALID, reason)


@pytest.mark.requirement("GW-01")
async def test_a_clock_that_is_a_little_ahead_is_borne(alone: Alone, guard: Guard, token: str) -> None:
    verified = await guard.check(
        ApiCall(
            "GET",
            "/v1/accounts",
            b"",
            [(b"authorization", f"Bearer {alone.struck(token, iat=1_800_000_010)}".encode())],
        ),
        READ_ACCOUNTS,
    )
    assert verified.client_id == "mobile"


@pytest.mark.requirement("GW-01", "BE-05")
async def test_the_scope_is_missing(alone: Alone, guard: Guard, token: str) -> None:
    """The caller is told which one would do."""
    poor = alone.struck(token, scope="accounts:read")
    assert await told(guard, poor, route=TRANSFER, path="/v1/transfers") == (
        403,
        "TFR_11003",
        'Bearer realm="moneyer", error="insufficient_scope", scope="transfers:write"',
        "scope-missing",
    )


@pytest.mark.requirement("GW-01")
@pytest.mark.parametrize("scope", ["accounts:readx", "Accounts:read", "accounts:read,x", ""])
async def test_a_scope_is_compared_whole(alone: Alone, guard: Guard, token: str, scope: str) -> None:
    assert (await told(guard, alone.struck(token, scope=scope))).reason == "scope-missing"


@pytest.mark.requirement("GW-01", "GW-03", "TM-HDR")
@pytest.mark.parametrize(
    "name", ["institutionId", "InstitutionID", "institution_id", "institution-id", "INSTITUTIONID"]
)
@pytest.mark.parametrize("value", ["00042", "16", "00016,00042", "\uff10\uff10016", ""])
async def test_the_header_names_another_institution(
    guard: Guard, token: str, name: str, value: str
) -> None:
    """In whatever spelling somebody behind us might read it."""
    found = await told(guard, token, headers={name: value})
    assert found == (403, "ACC_00602", "", "other-institution")


@pytest.mark.requirement("GW-01", "GW-03")
async def test_the_path_names_another_institution(alone: Alone, guard: Guard, token: str) -> None:
    old = alone.struck(token, aud=f"{BASE}/i/00016/legacy-apis")
    sent = [(b"authorization", f"Bearer {old}".encode())]
    await guard.check(ApiCall("GET", "/old/fis/00016/x", b"", sent), OLD)
    with pytest.raises(Refused, match="other-institution"):
        await guard.check(ApiCall("GET", "/old/fis/00042/x", b"", sent), OLD)


@pytest.mark.requirement("GW-02")
@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (b"", "customer-not-named"),
        (b"hostUserId=", "customer-not-named"),
        (b"institutionCustomerId=abc", "customer-not-named"),
        (b"hostUserId=a&loginId=b", "customer-named-twice"),
        (b"hostUserId=a&hostUserId=a", "context-unreadable"),
        (b"loginId=a&loginId=b", "context-unreadable"),
        (b"loginId=%ff", "context-unreadable"),
        (b"loginId=%00", "context-unreadable"),
        (b"loginId=" + b"x" * 257, "context-unreadable"),
        (b"hostUserId=a&institutionCustomerId=b", "business-without-login"),
        (b"HostUserId=a&loginId=b", "context-misspelt"),
        (b"host_user_id=a&loginId=b", "context-misspelt"),
        (b"loginId=a&loginId%5B%5D=b", "context-misspelt"),
        (b"loginId=a&LOGINID=b", "context-misspelt"),
    ],
)
async def test_the_customer_is_named_wrongly(guard: Guard, own: str, query: bytes, reason: str) -> None:
    found = await told(guard, own, query=query)
    assert found == (400, "ACC_00018", "", reason)


@pytest.mark.requirement("GW-02")
@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (b"hostUserId=H-else", "other-host-user"),
        (b"loginId=biz", "other-login"),
        (b"loginId=ada&institutionCustomerId=00", "other-business"),
    ],
)
async def test_a_parameter_that_disagrees_with_the_token(
    guard: Guard, token: str, query: bytes, reason: str
) -> None:
    found = await told(guard, token, query=query)
    assert found == (403, "ACC_00018", "", reason)


@pytest.mark.requirement("GW-01", "SU-01")
async def test_a_step_up_is_asked_for(alone: Alone, guard: Guard, token: str) -> None:
    """RFC 9470 section 3: how, and how lately."""
    strict = Route("GET", "/v1/accounts", ACCOUNTS, acrs=("mfa", "passkey"), max_age=300)
    with_time = alone.struck(token, acr="pwd", auth_time=1_800_000_000)
    assert await told(guard, with_time, route=strict) == (
        401,
        "ACC_00601",
        'Bearer realm="moneyer", error="insufficient_user_authentication", '
        'acr_values="mfa passkey", max_age="300"',
        "step-up",
    )
    strong = alone.struck(token, acr="mfa", auth_time=1_799_999_700)
    sent = [(b"authorization", f"Bearer {strong}".encode())]
    await guard.check(ApiCall("GET", "/v1/accounts", b"", sent), strict)
    old = alone.struck(token, acr="mfa", auth_time=1_799_999_699)
    assert (await told(guard, old, route=strict)).reason == "step-up"
    never = alone.struck(token, acr="mfa", auth_time=None)
    assert (await told(guard, never, route=strict)).reason == "step-up"


@pytest.mark.requirement("GW-01")
async def test_bound_to_a_certificate_and_none_shown(alone: Alone, guard: Guard, token: str) -> None:
    bound = alone.struck(token, cnf={"x5t#S256": "x" * 43})
    assert (await told(guard, bound)).reason == "other-certificate"


@pytest.mark.requirement("GW-01")
async def test_bound_to_a_key_and_presented_as_bearer(alone: Alone, guard: Guard, token: str) -> None:
    bound = alone.struck(token, cnf={"jkt": CallersKey().thumbprint})
    assert await told(guard, bound) == (401, "ACC_00601", INVALID, "other-scheme-than-bound")


@pytest.mark.requirement("GW-01")
async def test_nothing_is_known(token: str) -> None:
    """The service cannot be reached, and there is nothing to go by: try again."""
    cut = httpx.MockTransport(lambda request: httpx.Response(503))
    async with guarding(GuardSettings(BASE, "apis", "x"), clock=TestClock(), transport=cut) as guard:
        found = await told(guard, token)
    assert found == (503, "CMN_90000", "", "institution-not-known-yet")


def test_cannot_tell_says_when_to_come_back() -> None:
    answer = refusal_answer(CannotTell("x", 7), READ_ACCOUNTS)
    assert (b"retry-after", b"7") in answer.headers


def test_a_path_that_is_not_guarded() -> None:
    answer = refusal_answer(NoRoute("no-route"), None)
    assert (answer.status, msgspec.json.decode(answer.body)["code"]) == (404, "CMN_90011")


def test_the_legacy_apis_refuse_in_xml() -> None:
    answer = refusal_answer(NoRoute("x"), OLD)
    assert (b"content-type", b"application/xml") in answer.headers
    assert b"<errorCode>90001</errorCode>" in answer.body


EVERYTHING = Routes([route for routes in APIS.values() for route in routes])


@pytest.mark.requirement("GW-03")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/accounts/..",
        "/v1/accounts/.",
        "/v1/accounts/a/b",
        "/v1/accounts/a;x=1",
        "/v1/accounts/a\\b",
        "/v1/accounts/%2e%2e",
        "/v1/accounts/a\x00",
        "/v1/accounts/\ufffd",
        "/v1/accounts/",
        "//v1/accounts",
        "/v1//accounts",
        "/V1/accounts",
        "/v1/accounts\n",
        "/v1/accounts/../transfers",
        "/v1/accounts/" + "x" * 129,
        "",
    ],
)
def test_a_path_that_two_could_read_differently_has_no_route(path: str) -> None:
    assert EVERYTHING.find("GET", path) is None


@pytest.mark.parametrize("method", ["get", "PATCH", "TRACE", "OPTIONS", "", "*"])
def test_a_method_that_is_not_there_has_no_route(method: str) -> None:
    assert EVERYTHING.find(method, "/v1/accounts") is None


def test_a_head_goes_where_a_get_goes() -> None:
    found = EVERYTHING.find("HEAD", "/v1/accounts/1")
    assert found is not None
    assert found[1] == {"accountId": "1"}
