"""With nginx in front, as docs/gateway.md sets it up: what callers smuggle changes nothing."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx
import msgspec
import pytest

from moneyer.gateway.facts import NAMES
from tests.gateway import proxies
from tests.gateway.alone import ADA, Alone
from tests.gateway.house import House, open_house
from tests.processes import free_port

FACTS = {
    b"moneyer-institution": b"00016",
    b"moneyer-application": b"mobile",
    b"moneyer-subject": ADA.encode(),
    b"moneyer-customer": ADA.encode(),
    b"moneyer-scopes": b"accounts:read transactions:read",
    b"moneyer-token-id": b"token",
    b"moneyer-grant": b"password",
}
"""What the service behind has to be told of Alone's token, and not a word more."""


OURS = {name.encode() for name in NAMES}


class Street(NamedTuple):
    """A bank's street: who stands where."""

    alone: Alone
    house: House
    nginx: int

    async def raw(self, request: bytes, port: int = 0) -> tuple[int, bytes]:
        """Sends exactly these bytes; gives the status (0 for no answer) and everything that came."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.nginx)
        writer.write(request)
        try:
            answer = await asyncio.wait_for(reader.read(), 2)
        except (ConnectionError, TimeoutError):
            answer = b""  # cut off, or waiting for a body that never comes
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        return (int(answer[9:12]) if answer else 0), answer

    def get(
        self, *lines: str, target: str = "/v1/accounts", token: str = "", end: str = "\r\n"
    ) -> bytes:
        """A GET with a good token, and more header lines."""
        head = [
            f"GET {target} HTTP/1.1",
            "Host: api.bank.test",
            "Connection: close",
            f"Authorization: Bearer {self.alone.strike()}",
            *lines,
            "",
            "",
        ]
        return end.join(head).encode("latin-1")


@pytest.fixture
async def street() -> AsyncIterator[Street]:
    alone = Alone()
    async with open_house(alone.guard, certificate_header="x-client-cert") as house:
        proxy = proxies.nginx(house.gateway, house.apis)
        await asyncio.to_thread(proxy.__enter__)
        house.seen.clear()
        try:
            yield Street(alone, house, proxy.port)
        finally:
            await asyncio.to_thread(proxy.close)


def require_unchanged(house: House) -> None:
    """Whatever reached the service behind is the call that was judged, with what is proven about it."""
    for request in house.seen:
        told = [(name, value) for name, value in request.headers if name.replace(b"_", b"-") in OURS]
        assert dict(told) == FACTS
        assert len(told) == len(FACTS)
        assert (request.method, request.path) == ("GET", "/v1/accounts")
        names = [name.replace(b"_", b"-") for name, _ in request.headers]
        assert b"authorization" not in names
        assert b"x-http-method-override" not in names
        values = {
            value for name, value in request.headers if name.replace(b"_", b"") == b"institutionid"
        }
        assert values <= {b"00016"}


SMUGGLED = [
    ("institutionId: 00016", "institutionId: 00042"),
    ("institutionId: 00042", "institutionId: 00016"),
    ("institutionId: 00016, 00042",),
    ("InstitutionID: 00042",),
    ("institution_id: 00042",),
    ("institutionId: 00016", "institution_id: 00042"),
    ("institutionId: 00016\r\n 00042",),
    ("institutionId : 00042",),
    ("institutionId\t: 00042",),
    ("institutionId:\x0b00042",),
    ("institutionId: 00016\x00",),
    ("X-Forwarded-For: 127.0.0.1, 10.0.0.1",),
    ("X-HTTP-Method-Override: DELETE",),
    ("X-HTTP-Method: POST", "X-Method-Override: PUT"),
    ("X-Original-URI: /v1/transactions", "X-Original-Method: POST"),
    ("X-Original-URL: /v1/transfers", "X-Rewrite-URL: /v1/transfers"),
    ("X-Forwarded-Uri: /v1/transfers", "X-Forwarded-Method: POST"),
    ("Forwarded: for=127.0.0.1;host=evil.example;proto=https",),
    ("Connection: institutionId, authorization, moneyer-institution",),
    ("Connection: keep-alive, x-original-uri",),
    ("moneyer-institution: 00042",),
    ("Moneyer-Institution: 00042", "MONEYER-CUSTOMER: EVIL"),
    ("moneyer_institution: 00042", "moneyer_customer: EVIL"),
    ("moneyer.institution: 00042",),
    ("moneyer-login-id: biz", "moneyer-host-user-id: H-biz", "moneyer-acr: mfa"),
    ("moneyer-institution-customer-id: x", "moneyer-auth-time: 9999999999"),
    ("moneyer: x", "moneyer-: x", "moneyer-new: x"),
    ("Authorization: Bearer second",),
    ("Host: evil.example",),
    ("Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    ("Expect: 100-continue",),
    ("Content-Length: 5", "Content-Length: 6"),
    ("Content-Length: -1",),
    ("Content-Length: 4", "Transfer-Encoding: chunked"),
    ("Transfer-Encoding: chunked, identity",),
    ("Transfer-Encoding : chunked",),
    ("X-Client-Cert: forged",),
]


@pytest.mark.requirement("GW-03", "GW-05", "TM-HDR")
async def test_what_callers_smuggle_changes_nothing(street: Street) -> None:
    """Each trick is refused, or means nothing: no second meaning reaches the service behind."""
    statuses = {}
    for lines in SMUGGLED:
        status, _ = await street.raw(street.get(*lines))
        statuses[lines] = status
        require_unchanged(street.house)
    assert set(statuses.values()) <= {0, 100, 200, 400, 401, 403, 405, 501}, statuses
    assert statuses["institutionId: 00016", "institutionId: 00042"] == 403
    assert statuses["institutionId: 00016, 00042",] == 403
    assert statuses["InstitutionID: 00042",] == 403
    assert statuses["moneyer-institution: 00042",] == 200, "stripped, not obeyed"
    assert len(street.house.seen) > 10, "most tricks are ignored and the call is served"


@pytest.mark.requirement("GW-03", "TM-HDR")
@pytest.mark.parametrize("end", ["\n", "\r\n"])
async def test_absolute_targets_and_bare_lines(street: Street, end: str) -> None:
    for target in ("http://evil.example/v1/accounts", "http://api.bank.test/v1/accounts"):
        await street.raw(street.get(target=target, end=end))
    require_unchanged(street.house)


@pytest.mark.requirement("GW-03", "TM-HDR")
async def test_a_request_hidden_in_anothers_body_is_judged_on_its_own(street: Street) -> None:
    """Behind a length that the two could read differently stands a call without a token."""
    hidden = b"GET /v1/transactions HTTP/1.1\r\nHost: api.bank.test\r\n\r\n"
    for lines in (
        (f"Content-Length: {len(hidden)}", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: xchunked", "Content-Length: 0"),
    ):
        await street.raw(
            street.get(*lines).replace(b"Connection: close\r\n", b"") + b"0\r\n\r\n" + hidden
        )
    require_unchanged(street.house)


PATHS = [
    "/v1/accounts/../transactions",
    "/v1/transactions/../accounts",
    "/v1/accounts/..%2ftransactions",
    "/v1/accounts%2f..%2ftransactions",
    "/v1/accounts/%2e%2e/transactions",
    "/v1/accounts/..;/transactions",
    "/v1/accounts;x=1",
    "//v1/accounts",
    "/v1//accounts",
    "/v1/accounts/",
    "/v1/accounts%00",
    "/v1/accounts%20",
    "/v1/%61ccounts/%252e%252e",
    "/V1/accounts",
    "/_moneyer",
    "/check/nginx",
]


@pytest.mark.requirement("GW-03")
async def test_a_path_has_one_meaning(street: Street) -> None:
    """What two could read differently is refused, and nothing of the proxy's own is served."""
    statuses = {path: (await street.raw(street.get(target=path)))[0] for path in PATHS}
    assert set(statuses.values()) <= {400, 404}, statuses
    assert street.house.seen == []
    assert (await street.raw(street.get(target="/v1/%61ccounts")))[0] == 200
    require_unchanged(street.house)


@pytest.mark.requirement("GW-02")
@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("loginId=ada", 200, ""),
        ("loginId=biz", 403, "ACC_00018"),
        ("loginId=ada&loginId=biz", 400, "ACC_00018"),
        ("loginId=ada&LoginId=biz", 400, "ACC_00018"),
        ("hostUserId=H-ada&loginId=ada", 400, "ACC_00018"),
    ],
)
async def test_refusals_reach_the_caller_whole(
    street: Street, query: str, status: int, code: str
) -> None:
    """Status, code and sentence are the guard's, although nginx knows but 401 and 403."""
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(
            f"http://127.0.0.1:{street.nginx}/v1/accounts?{query}",
            headers={"Authorization": f"Bearer {street.alone.strike()}"},
        )
    assert answer.status_code == status
    assert answer.json().get("code", "") == code
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.requirement("GW-01", "BE-04", "BE-05")
async def test_challenges_reach_the_caller(street: Street) -> None:
    async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{street.nginx}") as http:
        bare = await http.get("/v1/accounts")
        assert (bare.status_code, bare.json()["code"]) == (401, "ACC_00601")
        assert bare.headers.get_list("www-authenticate") == ['Bearer realm="moneyer"']
        poor = await http.post(
            "/v1/transfers", headers={"Authorization": f"Bearer {street.alone.strike()}"}
        )
        assert (poor.status_code, poor.json()["code"]) == (403, "TFR_11003")
        assert 'scope="transfers:write"' in poor.headers["www-authenticate"]
        lost = await http.get("/v2/nothing")
        assert (lost.status_code, lost.json()["code"]) == (404, "CMN_90011")
        old = await http.get("/bankingservices/v2/fis/00016/fiCustomers/1")
        assert (old.status_code, old.headers["content-type"]) == (401, "application/xml")


@pytest.mark.requirement("GW-06")
async def test_without_a_gateway_nothing_passes(street: Street) -> None:
    """503 with Retry-After, and no error page of the proxy's."""
    proxy = proxies.nginx(free_port(), street.house.apis)
    await asyncio.to_thread(proxy.__enter__)
    try:
        status, answer = await street.raw(street.get(), proxy.port)
    finally:
        await asyncio.to_thread(proxy.close)
    assert status == 503
    assert b"Retry-After: 1" in answer
    assert msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])["code"] == "CMN_90000"
    assert street.house.seen == []


@pytest.mark.requirement("GW-03", "GW-05", "TM-HDR")
async def test_haproxy_in_front_changes_nothing_either(street: Street) -> None:
    proxy = proxies.haproxy(street.nginx)
    await asyncio.to_thread(proxy.__enter__)
    street.house.seen.clear()
    try:
        for lines in SMUGGLED:
            status, answer = await street.raw(street.get(*lines), proxy.port)
            assert status in {0, 100, 200, 400, 401, 403, 404, 405, 501}, (lines, answer[:100])
            require_unchanged(street.house)
    finally:
        await asyncio.to_thread(proxy.close)
    assert len(street.house.seen) > 10
