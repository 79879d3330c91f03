"""Every row of the published error table, brought about over the wire."""

import uuid

import msgspec
import pytest

from tests.bank import PASSWORD, Bank
from tests.contract import wire
from tests.contract.wire import Row, refused

CC = "grant_type=client_credentials"
SIGN_IN = f"grant_type=password&password={PASSWORD.replace(' ', '+')}&username="
RENEW = "grant_type=refresh_token&refresh_token="
CODE = "grant_type=authorization_code&code="
FORM = "application/x-www-form-urlencoded"

Case = tuple[Row, str, str, dict[str, str]]

CASES: dict[str, Case] = {
    "wrong secret": (wire.CREDENTIALS, "machine", CC, {"Authorization": "Basic bWFjaGluZTp3cm9uZw=="}),
    "unknown client": (wire.CREDENTIALS, "machine", CC, {"Authorization": "Basic bm9ib2R5OndoYXQ="}),
    "other scheme": (wire.CREDENTIALS, "machine", CC, {"Authorization": "Bearer abc"}),
    "no base64": (wire.CREDENTIALS, "machine", CC, {"Authorization": "Basic !!"}),
    "grant not registered": (wire.NOT_PERMITTED, "machine", SIGN_IN + "ada", {}),
    "code not registered": (wire.NOT_PERMITTED, "mobile", CODE + "x", {}),
    "institution malformed": (wire.INSTITUTION, "machine", CC, {"institutionId": "00-16"}),
    "institution empty": (wire.INSTITUTION, "machine", CC, {"institutionId": ""}),
    "institution too long": (wire.INSTITUTION, "machine", CC, {"institutionId": "0" * 33}),
    "institution unknown": (wire.NOT_ENTITLED, "machine", CC, {"institutionId": "16"}),
    "institution another's": (wire.NOT_ENTITLED, "mobile", SIGN_IN + "ada", {"institutionId": "00042"}),
    "no grant type": (wire.NO_GRANT_TYPE, "machine", "scopes=accounts:read", {}),
    "empty grant type": (wire.NO_GRANT_TYPE, "machine", "grant_type=", {}),
    "empty body": (wire.NO_GRANT_TYPE, "machine", "", {}),
    "grant type too long": (wire.NO_GRANT_TYPE, "machine", "grant_type=" + "x" * 129, {}),
    "unknown grant type": (wire.GRANT_TYPE, "machine", "grant_type=implicit", {}),
    "other case": (wire.GRANT_TYPE, "machine", "grant_type=Client_Credentials", {}),
    "transaction no UUID": (wire.TRANSACTION, "machine", CC, {"transactionId": "42"}),
    "transaction empty": (wire.TRANSACTION, "machine", CC, {"transactionId": ""}),
    "transaction in braces": (
        wire.TRANSACTION,
        "machine",
        CC,
        {"transactionId": f"{{{uuid.uuid4()}}}"},
    ),
    "media type": (wire.HEADER, "machine", CC, {"Content-Type": "application/json"}),
    "coding": (wire.HEADER, "machine", CC, {"Content-Encoding": "gzip"}),
    "broken escape": (wire.REQUEST, "machine", CC + "&x=%zz", {}),
    "parameter twice": (wire.REQUEST, "machine", CC + "&" + CC, {}),
    "parameter missing": (wire.REQUEST, "mobile", "grant_type=refresh_token", {}),
    "code missing": (wire.REQUEST, "web", "grant_type=authorization_code&code=", {}),
    "both scopes": (wire.REQUEST, "machine", CC + "&scope=accounts:read&scopes=accounts:read", {}),
    "body secret": (wire.REQUEST, "machine", CC + "&client_secret=x", {}),
    "other client id": (wire.REQUEST, "machine", CC + "&client_id=mobile", {}),
    "scope not held": (wire.SCOPES, "machine", CC + "&scopes=accounts:write", {}),
    "scope malformed": (wire.SCOPES, "machine", CC + "&scopes=accounts:read,,x", {}),
    "identity scope": (wire.SCOPES, "machine", CC + "&scopes=openid", {}),
    "scopes too long": (wire.SCOPES, "machine", CC + "&scopes=" + "x" * 2049, {}),
    "username missing": (wire.USERNAME, "mobile", SIGN_IN, {}),
    "username with control": (wire.USERNAME, "mobile", SIGN_IN + "ada%0d", {}),
    "username with blank": (wire.USERNAME, "mobile", SIGN_IN + "+ada", {}),
    "password missing": (wire.PASSWORD, "mobile", "grant_type=password&username=ada", {}),
    "password with NUL": (wire.PASSWORD, "mobile", "grant_type=password&username=ada&password=%00", {}),
    "wrong password": (wire.CUSTOMER, "mobile", SIGN_IN.replace("+", "-") + "ada", {}),
    "unknown login": (wire.CUSTOMER, "mobile", SIGN_IN + "nobody", {}),
    "junk refresh token": (wire.TOKEN, "mobile", RENEW + "mrt_00016.x", {}),
    "junk code": (wire.TOKEN, "web", CODE + "mac_00016." + "A" * 43, {}),
    "grant type not ASCII": (wire.NOT_ASCII, "machine", "grant_type=%C3%A9", {}),
    "refresh token not ASCII": (wire.NOT_ASCII, "mobile", RENEW + "%C3%A9", {}),
    "control elsewhere": (wire.NOT_ASCII, "machine", CC + "&x=%07", {}),
}


@pytest.mark.requirement("TE-12", "TE-13", "TE-14")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_each_situation_has_its_row(bank: Bank, case: Case) -> None:
    row, client_id, body, headers = case
    refused(await bank.raw(body, headers, client_id=client_id), row)


@pytest.mark.requirement("CA-13", "CA-14")
@pytest.mark.parametrize(
    "body", [CC, f"{CC}&client_id=machine", f"{CC}&client_id=machine&client_secret=x"]
)
async def test_a_request_without_authorization_is_refused_whatever_its_body_claims(
    bank: Bank, body: str
) -> None:
    refused(await bank.raw(body, authorize=False), wire.CREDENTIALS)


async def test_a_missing_institution_is_refused_where_it_selects(bank: Bank) -> None:
    refused(await bank.token("machine", None, grant_type="client_credentials"), wire.INSTITUTION)
    answer = await bank.token("mobile", None, grant_type="password", username="ada", password=PASSWORD)
    refused(answer, wire.INSTITUTION)


async def test_a_code_needs_the_header_where_the_registration_says_so(bank: Bank) -> None:
    bank.change_application("web", code_needs_institution_header=True)
    await bank.refresh()
    code = await bank.code()
    refused(await bank.exchange(code, None), wire.INSTITUTION)
    assert (await bank.exchange(code)).status_code == 200


async def test_a_missing_transaction_is_refused_only_where_it_is_demanded(closed_bank: Bank) -> None:
    strict = msgspec.structs.replace(closed_bank.settings.server, require_transaction_id=True)
    async with closed_bank.open(server=strict) as bank:
        refused(await bank.raw(CC), wire.TRANSACTION)
        sent = str(uuid.uuid4()).upper()
        answer = await bank.raw(CC, {"transactionid": sent})
        assert answer.status_code == 200
        assert answer.headers["transactionId"] == sent


async def test_an_address_off_the_list_is_blocked_and_one_on_it_is_not(bank: Bank) -> None:
    bank.change_application("machine", allowed_addresses=("198.51.100.0/24",))
    await bank.refresh()
    refused(await bank.raw(CC), wire.ADDRESS)
    bank.change_application("machine", allowed_addresses=("198.51.100.0/24", "192.0.2.7/32"))
    await bank.refresh()
    assert (await bank.raw(CC)).status_code == 200


async def test_a_disabled_application_is_not_permitted_and_only_its_own_secret_tells(
    bank: Bank,
) -> None:
    bank.change_application("machine", status="disabled")
    await bank.refresh()
    refused(await bank.raw(CC), wire.NOT_PERMITTED)
    wrong = {"Authorization": bank.basic("machine", "wrong")}
    refused(await bank.raw(CC, wrong), wire.CREDENTIALS)


async def test_the_password_grant_is_not_permitted_after_its_last_day(bank: Bank) -> None:
    bank.change_application("mobile", password_until=bank.clock.now())
    await bank.refresh()
    refused(await bank.raw(SIGN_IN + "ada", client_id="mobile"), wire.NOT_PERMITTED)


@pytest.mark.requirement("TE-01", "TE-12")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"])
async def test_another_method_is_refused_with_the_one_that_is_served(bank: Bank, method: str) -> None:
    answer = await bank.raw(CC, method=method)
    refused(answer, wire.METHOD)
    assert answer.headers["allow"] == "POST"
    assert not bank.events("token:issued")


@pytest.mark.requirement("TE-01")
async def test_head_is_refused_without_a_body(bank: Bank) -> None:
    answer = await bank.raw(CC, method="HEAD")
    assert (answer.status_code, answer.content) == (405, b"")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/oauth2/v1/revoke", "DELETE, POST"),
        ("/v1/auth-code", "POST"),
        ("/v1/client-authorization", "POST"),
    ],
)
async def test_every_resource_lists_its_methods(bank: Bank, path: str, allowed: str) -> None:
    answer = await bank.raw("", path=path, method="GET")
    refused(answer, wire.METHOD)
    assert answer.headers["allow"] == allowed


async def test_what_may_be_read_takes_no_post(bank: Bank) -> None:
    for path in ("/i/00016/oauth2/jwks", "/i/00016/.well-known/openid-configuration", "/health/live"):
        answer = await bank.raw(CC, path=path)
        refused(answer, wire.METHOD)
        assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/oauth2/v1/token/", "/oauth2/v1/Token", "//oauth2/v1/token", "/oauth2/v1"),
        *("/oauth2/v1/token%20", "/health", "/i/00016/oauth2/jwks/", "/i/00016", "/i//oauth2/jwks"),
    ],
)
async def test_another_path_leads_nowhere(bank: Bank, path: str) -> None:
    refused(await bank.raw(CC, path=path), wire.PATH)
    refused(await bank.http.get(path), wire.PATH)


async def test_an_institution_that_is_not_served_has_no_keys_and_no_metadata(bank: Bank) -> None:
    off = bank.admin.institutions.get("00042")
    bank.admin.institutions.save(msgspec.structs.replace(off, status="disabled"))
    await bank.refresh()
    for institution_id in ("00017", "16", "00042"):
        for path in ("oauth2/jwks", ".well-known/openid-configuration"):
            refused(await bank.http.get(f"/i/{institution_id}/{path}"), wire.PATH)
    refused(await bank.raw(CC, {"institutionId": "00042"}), wire.NOT_ENTITLED)


async def test_the_back_channel_has_rows_of_its_own(bank: Bank) -> None:
    bearer = await bank.page_token()
    refused(await bank.ask_code(bearer="junk"), wire.BEARER)
    refused(await bank.ask_code(bearer=bearer, client_id="page"), wire.ITSELF)
    refused(await bank.ask_code(bearer=bearer, client_id="nobody"), wire.TARGET)
    refused(await bank.ask_code(bearer=bearer, client_id="mobile"), wire.TARGET)
    refused(await bank.ask_code(bearer=bearer, scopes="openid"), wire.SCOPES)
    refused(await bank.ask_code(bearer=bearer, username="grace"), wire.USERNAME)
    refused(await bank.ask_code(bearer=bearer, institution_user_id="0" * 32), wire.REQUEST)
    machine = (await bank.token("machine", grant_type="client_credentials")).json()["access_token"]
    refused(await bank.ask_code(bearer=machine), wire.NOT_PERMITTED)
