"""Headers made to mean two things: each is refused or ignored, never given a second meaning."""

import pytest

from tests.bank import Bank
from tests.contract import wire
from tests.contract.wire import refused

CC = "grant_type=client_credentials"


@pytest.mark.parametrize("name", ["institutionId", "transactionId", "Authorization", "Content-Type"])
@pytest.mark.parametrize("spelling", [str, str.lower, str.upper], ids=["same", "lower", "upper"])
async def test_a_header_that_is_read_must_not_stand_twice(
    bank: Bank, name: str, spelling: type[str]
) -> None:
    """Equal values or not, in whatever case the names are written."""
    values = {
        "institutionId": ("00016", "00042"),
        "transactionId": (
            "7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f",
            "00000000-0000-4000-8000-000000000000",
        ),
        "Authorization": (bank.basic("machine"), bank.basic("web")),
        "Content-Type": ("application/x-www-form-urlencoded", "text/plain"),
    }[name]
    for second in values:
        answer = await bank.raw(CC, [(name, values[0]), (spelling(name), second)])
        refused(answer, wire.HEADER)
    assert not bank.events("token:issued")


@pytest.mark.parametrize(
    "value",
    [
        *(
            "00016, 00042",
            "00016,00016",
            "00016 00042",
            "00016;x",
            " 00016x",
            "0001\uff16",
            "\uff10\uff10016",
        ),
        *("00016\x00", "0-0016", "%30%30016", "*", "../00016", "00016'", "\u202e61000", "i/00016"),
    ],
)
async def test_an_institution_is_letters_and_digits_of_ascii_and_nothing_else(
    bank: Bank, value: str
) -> None:
    answer = await bank.http.request(
        "POST",
        "/oauth2/v1/token",
        content=CC,
        headers=[
            (b"Authorization", bank.basic("machine").encode()),
            (b"Content-Type", b"application/x-www-form-urlencoded"),
            (b"institutionId", value.encode()),
        ],
    )
    refused(answer, wire.INSTITUTION)


@pytest.mark.parametrize("institution_id", ["16", "0016", "000016", "16.0", "1E1", "0x10"])
async def test_an_institution_is_never_a_number(bank: Bank, institution_id: str) -> None:
    answer = await bank.raw(CC, {"institutionId": institution_id})
    refused(answer, wire.INSTITUTION if "." in institution_id else wire.NOT_ENTITLED)


@pytest.mark.parametrize(
    "name",
    ["institution_id", "institution-id", "institutionid_", "x-institutionid", "HTTP_INSTITUTIONID"],
)
async def test_a_name_that_is_nearly_right_is_another_header(bank: Bank, name: str) -> None:
    """Underscores folded by some servers included: alone it selects nothing, beside nothing new."""
    assert (await bank.raw(CC, {name: "00042"})).status_code == 200
    assert bank.events("token:issued")[-1]["institution_id"] == "00016"
    headers = {"Authorization": bank.basic("machine"), name: "00016"}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    refused(await bank.http.post("/oauth2/v1/token", content=CC, headers=headers), wire.INSTITUTION)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-Method-Override", "GET"),
        ("X-Original-URL", "/oauth2/v1/revoke"),
        ("X-Rewrite-URL", "/health/live"),
        ("Connection", "institutionId, Authorization"),
        ("Connection", "close"),
        ("Forwarded", "for=198.51.100.9;proto=http;host=evil.example"),
        ("X-Forwarded-For", "198.51.100.9"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Real-IP", "198.51.100.9"),
        ("True-Client-IP", "198.51.100.9"),
        ("X-SSL-Client-Verify", "SUCCESS"),
        ("Client-Cert", ":MIIB:"),
        ("Cookie", "session=1"),
        ("Range", "bytes=0-1"),
        ("Expect", "100-continue"),
        ("If-None-Match", "*"),
        ("Accept", "text/html"),
        ("Accept-Encoding", "gzip"),
        ("Upgrade", "h2c"),
        ("TE", "trailers"),
        ("DPoP", "x.y.z"),
    ],
)
async def test_a_header_that_others_obey_is_ignored_here(bank: Bank, name: str, value: str) -> None:
    """The same token from the same place, for the same institution, in plain JSON."""
    answer = await bank.raw(CC, {name: value})
    assert answer.status_code == 200
    wire.check_headers(list(answer.headers.raw))
    (event,) = bank.events("token:issued")
    assert (event["institution_id"], event["source"]) == ("00016", "192.0.2.7")


@pytest.mark.parametrize(
    "host", ["evil.example", "bank.test:8443", "127.0.0.1", "", "a b", "bank.test@x"]
)
async def test_the_host_header_reaches_neither_issuer_nor_metadata(bank: Bank, host: str) -> None:
    document = await bank.http.get("/i/00016/.well-known/openid-configuration", headers={"Host": host})
    assert document.json()["issuer"] == "https://bank.test/i/00016"
    assert document.json()["token_endpoint"] == "https://bank.test/i/00016/oauth2/token"
    assert "evil" not in document.text + str(document.headers)


async def test_the_callers_own_word_about_its_address_does_not_open_an_allow_list(bank: Bank) -> None:
    bank.change_application("machine", allowed_addresses=("198.51.100.0/24",))
    await bank.refresh()
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP"):
        for value in ("198.51.100.9", "for=198.51.100.9"):
            refused(await bank.raw(CC, {name: value}), wire.ADDRESS)


@pytest.mark.parametrize(
    "value",
    [
        *("", "1", "7d5b7e2c9f434c8e8a510a1b2c3d4e5f", "{7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f}"),
        *("urn:uuid:7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f", "7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5g"),
        *(
            "7d5b7e2c-9f43-4c8e-8a51-0a1b2c3d4e5f, x",
            "<script>",
            "\x1b[31m",
            "x" * 1000,
            "\uff17d5b7e2c",
        ),
    ],
)
async def test_a_transaction_that_is_no_uuid_is_refused_and_not_repeated(
    bank: Bank, value: str
) -> None:
    headers = {
        b"Authorization": bank.basic("machine").encode(),
        b"Content-Type": b"application/x-www-form-urlencoded",
        b"institutionId": b"00016",
        b"transactionId": value.encode(),
    }
    answer = await bank.http.post("/oauth2/v1/token", content=CC, headers=headers)
    refused(answer, wire.TRANSACTION)
    assert answer.headers["transactionid"] != value
    assert not value or value == "1" or value not in answer.text


@pytest.mark.requirement("BE-02")
async def test_a_bearer_in_the_query_is_not_read(bank: Bank) -> None:
    token = await bank.page_token()
    form = {"client_id": "web"}
    headers = {"institutionId": "00016"}
    for name, row in (("access_token", wire.REQUEST), ("bearer", wire.BEARER)):
        path = f"/v1/client-authorization?{name}={token}"
        refused(await bank.http.post(path, data=form, headers=headers), row)
