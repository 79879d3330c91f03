"""TLS, the media type, other origins, and where the service is mounted."""

import httpx
import msgspec
import pytest

from moneyer.app import build
from tests.bank import BASE, Bank, lifespan
from tests.contract import wire
from tests.contract.wire import refused

CC = "grant_type=client_credentials"


@pytest.mark.requirement("TE-02")
@pytest.mark.parametrize("path", ["/oauth2/v1/token", "/oauth2/v1/revoke", "/v1/auth-code"])
async def test_plain_http_is_refused_and_not_redirected(bank: Bank, path: str) -> None:
    answer = await bank.raw(CC, path=f"http://bank.test{path}")
    refused(answer, wire.REQUEST)
    assert "location" not in answer.headers
    assert not bank.events("token:issued")


@pytest.mark.requirement("TE-02")
@pytest.mark.parametrize(
    "name", ["X-Forwarded-Proto", "Forwarded", "X-Forwarded-Ssl", "Front-End-Https"]
)
async def test_a_caller_cannot_claim_that_it_came_through_tls(bank: Bank, name: str) -> None:
    answer = await bank.raw(CC, {name: "https"}, path="http://bank.test/oauth2/v1/token")
    refused(answer, wire.REQUEST)


@pytest.mark.requirement("TE-02")
async def test_a_trusted_proxy_is_believed_in_both_directions(closed_bank: Bank) -> None:
    """Its own word counts, the last of a list; a caller's word before it does not."""
    behind = msgspec.structs.replace(closed_bank.settings.server, trusted_proxies=("192.0.2.0/24",))
    async with closed_bank.open(server=behind) as bank:
        plain = "http://bank.test/oauth2/v1/token"
        https = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.9.9.9, 198.51.100.7"}
        assert (await bank.raw(CC, https, path=plain)).status_code == 200
        assert bank.events("token:issued")[-1]["source"] == "198.51.100.7"
        refused(await bank.raw(CC, {"X-Forwarded-Proto": "https, http"}), wire.REQUEST)


@pytest.mark.requirement("TE-02")
async def test_a_bank_on_plain_http_is_for_the_laptop_and_says_so_in_its_settings(
    closed_bank: Bank,
) -> None:
    """Only where base_url itself begins with http: is plain HTTP answered."""
    local = msgspec.structs.replace(closed_bank.settings.server, base_url="http://127.0.0.1:8080")
    async with closed_bank.open(server=local) as bank:
        assert (await bank.raw(CC, path="http://bank.test/oauth2/v1/token")).status_code == 200


@pytest.mark.requirement("TE-03")
@pytest.mark.parametrize(
    "value",
    [
        "application/x-www-form-urlencoded",
        "Application/X-WWW-Form-Urlencoded",
        "application/x-www-form-urlencoded;charset=utf-8",
        "application/x-www-form-urlencoded; charset=UTF-8",
        'application/x-www-form-urlencoded; charset="utf-8"',
        "application/x-www-form-urlencoded;",
    ],
)
async def test_a_form_in_utf_8_is_read(bank: Bank, value: str) -> None:
    assert (await bank.raw(CC, {"Content-Type": value})).status_code == 200


@pytest.mark.requirement("TE-03")
@pytest.mark.parametrize(
    ("value", "body"),
    [
        ("application/json", '{"grant_type":"client_credentials"}'),
        (
            "multipart/form-data; boundary=x",
            "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n--x--",
        ),
        ("text/plain", CC),
        ("", CC),
        ("application/x-www-form-urlencoded; charset=utf-7", CC),
        ("application/x-www-form-urlencoded; charset=iso-8859-1", CC),
        ("application/x-www-form-urlencoded; charset=utf-8; x=y", CC),
        ("application/x-www-form-urlencodedx", CC),
        ("text/plain, application/x-www-form-urlencoded", CC),
        ("application/x-www-form-urlencoded, text/plain", CC),
        ("text/html", CC + "&x=%zz"),
    ],
)
async def test_any_other_media_type_is_refused_and_the_body_unread(
    bank: Bank, value: str, body: str
) -> None:
    """The body is not even parsed: its own faults are not what is told."""
    refused(await bank.raw(body, {"Content-Type": value}), wire.HEADER)
    assert not bank.events("token:issued")


@pytest.mark.requirement("TE-03")
async def test_without_a_media_type_nothing_is_read(bank: Bank) -> None:
    headers = {"Authorization": bank.basic("machine"), "institutionId": "00016"}
    refused(await bank.http.post("/oauth2/v1/token", content=CC, headers=headers), wire.HEADER)


@pytest.mark.requirement("TE-20")
@pytest.mark.parametrize("origin", ["https://web.example", "null", "https://bank.test"])
async def test_no_origin_is_let_in(bank: Bank, origin: str) -> None:
    """No CORS header on any answer, preflight included; what may be cached is kept apart."""
    asking = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answers = [await bank.raw(CC, {"Origin": origin}), await bank.raw("", asking, method="OPTIONS")]
    answers.append(await bank.http.get("/i/00016/oauth2/jwks", headers=asking))
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert [answer.headers.get("vary") for answer in answers] == [None, None, "origin"]
    assert answers[1].status_code == 405


@pytest.mark.requirement("TE-20")
@pytest.mark.parametrize("base", [BASE, f"{BASE}/bank", f"{BASE}/bank/stage"])
async def test_mounted_under_a_path_the_service_answers_there(closed_bank: Bank, base: str) -> None:
    """Another application that mounts this one names its part of the path in root_path; base_url may
    contain that part or not."""
    server = msgspec.structs.replace(closed_bank.settings.server, base_url=base)
    app = build(msgspec.structs.replace(closed_bank.settings, server=server), closed_bank.clock)
    prefix = base.removeprefix(BASE) or "/bank"
    async with lifespan(app):
        transport = httpx.ASGITransport(app, root_path="/bank")
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            for path in ("/i/00016/oauth2/jwks", "/health/live"):
                assert (await client.get(prefix + path)).status_code == 200
            answer = await client.post(f"{prefix}/oauth2/v1/token", content=CC)
    refused(answer, wire.HEADER)
