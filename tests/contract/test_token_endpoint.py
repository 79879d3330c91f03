"""RFC 6749's rules for every call of the token endpoint, over the wire."""

from typing import Any
from urllib.parse import quote

import msgspec
import pytest
import structlog

from tests.bank import PASSWORD, Bank
from tests.contract import wire
from tests.contract.wire import refused

CC = "grant_type=client_credentials"


@pytest.mark.requirement("TE-04")
@pytest.mark.parametrize(
    "tail",
    [
        "%ff",
        "%C0%80",
        "%ED%A0%80",
        "%F4%90%80%80",
        "%E2%82",
        "%00",
        "a%0Ab",
        "a%0Db",
        "%1b",
        "%7F",
        "\x00",
    ],
)
@pytest.mark.parametrize("where", ["&x=", "&x", "&scopes="])
async def test_what_is_not_clean_utf_8_is_400(bank: Bank, where: str, tail: str) -> None:
    """Broken sequences, overlong forms, surrogates, NUL and controls, in names and in values."""
    answer = await bank.raw(f"{CC}{where}{tail}{'=1' if where == '&x' else ''}")
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["code"] in {"CMN_90011", "CMN_90017"}


@pytest.mark.requirement("TE-05")
@pytest.mark.parametrize(
    "body",
    [
        f"{CC}&{CC}",
        f"{CC}&grant_type=password",
        f"{CC}&grant_type=",
        f"grant_type=&{CC}",
        f"{CC}&%67rant_type=client_credentials",
        f"{CC}&unknown=1&unknown=1",
        f"{CC}&scopes=accounts:read&scopes=",
        f"{CC}&a&a",
    ],
)
async def test_a_parameter_sent_twice_is_400_whether_equal_empty_or_disguised(
    bank: Bank, body: str
) -> None:
    refused(await bank.raw(body), wire.REQUEST)


@pytest.mark.requirement("TE-05")
async def test_resource_and_audience_may_repeat(bank: Bank) -> None:
    tail = "&resource=https://a.example&resource=https://b.example&audience=a&audience=b"
    assert (await bank.raw(CC + tail)).status_code == 200


@pytest.mark.requirement("TE-06")
async def test_a_parameter_without_a_value_is_as_if_it_was_not_sent(bank: Bank) -> None:
    plain, empty = await bank.raw(CC), await bank.raw(f"{CC}&scopes=&scope=&client_secret=&client_id=")
    assert plain.status_code == empty.status_code == 200
    scopes = [event["scope"] for event in bank.events("token:issued")]
    assert scopes[0] == scopes[1] == "accounts:read transactions:read transfers:write"
    refused(await bank.raw("grant_type="), wire.NO_GRANT_TYPE)


@pytest.mark.requirement("TE-07")
@pytest.mark.parametrize(
    "tail",
    [
        "&x=1",
        "&__proto__=1&constructor=2&prototype=3",
        "&grant_type[]=password&grant_type.x=1&Grant_Type=password&grant-type=password",
        "&%E2%80%AEgrant_type=password",
        "&self=1&cls=2&__class__=3&request=4&mint=5",
        "&a[b][c][d]=1",
        "&=nameless",
        "&%27%20OR%201=1",
        "&%3Cscript%3E=1&%24%7Bjndi%3Aldap%7D=2",
        "&username=eve&password=secret&refresh_token=x&code=y&redirect_uri=z",
        "&institutionId=00042&institution_id=00042&sub=root&scope_=all",
        "&" + "x" * 64 + "=1",
        "&response_mode=jwt&nonce=%F0%9F%98%80",
    ],
)
async def test_a_parameter_we_do_not_know_changes_nothing(bank: Bank, tail: str) -> None:
    assert (await bank.raw(CC + tail)).status_code == 200
    (event,) = bank.events("token:issued")
    assert event["institution_id"] == "00016"
    assert event["scope"] == "accounts:read transactions:read transfers:write"


@pytest.mark.requirement("TE-08")
@pytest.mark.parametrize(
    "name",
    [
        *("client_secret", "password", "refresh_token", "code", "token", "access_token"),
        *("code_verifier", "client_assertion", "%70assword"),
    ],
)
async def test_a_secret_in_the_query_is_400_and_reaches_no_log(bank: Bank, name: str) -> None:
    canary = "canary-5d1e"
    with structlog.testing.capture_logs() as lines:
        answer = await bank.raw(CC, path=f"/oauth2/v1/token?x=1&{name}={canary}")
    refused(answer, wire.REQUEST)
    assert canary not in f"{lines}{bank.events()}{answer.headers}{answer.text}"


@pytest.mark.requirement("TE-08")
async def test_the_query_is_never_read_for_parameters(bank: Bank) -> None:
    query = "?grant_type=client_credentials&scopes=accounts:read"
    refused(await bank.raw("", path="/oauth2/v1/token" + query), wire.NO_GRANT_TYPE)
    answer = await bank.raw(CC, path="/oauth2/v1/token?grant_type=password&scopes=nobody:holds")
    assert answer.status_code == 200


@pytest.mark.requirement("TE-09", "EG-01")
async def test_absent_unknown_and_not_allowed_are_three_different_errors(bank: Bank) -> None:
    bodies = ("", "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer", "grant_type=refresh_token")
    errors = [(await bank.raw(body)).json()["error"] for body in bodies]
    assert errors == ["invalid_request", "unsupported_grant_type", "unauthorized_client"]


@pytest.mark.requirement("TE-14")
@pytest.mark.parametrize("value", ['"quoted"', "back\\slash", "<b>", "zażółć", "\u202e", "${jndi:x}"])
async def test_no_error_repeats_what_was_sent(bank: Bank, value: str) -> None:
    """Every answer to a spoiled value has the same bytes as to another spoiled value."""
    sent = quote(value)
    for body, client_id in (
        (f"grant_type={sent}", "machine"),
        (f"{CC}&scopes={sent}", "machine"),
        (f"grant_type=password&username={sent}&password=x", "mobile"),
        (f"grant_type=refresh_token&refresh_token={sent}", "mobile"),
        (f"{CC}&{sent}=1&{sent}=2", "machine"),
    ):
        answer = await bank.raw(body, client_id=client_id)
        assert answer.status_code >= 400
        assert value not in answer.text + str(answer.headers)
        assert sent not in answer.text + str(answer.headers)
        assert answer.content.isascii()


@pytest.mark.requirement("TE-16")
async def test_scopes_are_the_registered_ones_when_none_are_asked_for(bank: Bank) -> None:
    await bank.raw(CC)
    await bank.raw(CC + "&scopes=transfers:write,accounts:read")
    asked = [event["scope"] for event in bank.events("token:issued")]
    registered = "accounts:read transactions:read transfers:write"
    assert asked == [registered, "accounts:read transfers:write"]


@pytest.mark.requirement("TE-16")
@pytest.mark.parametrize(
    "scopes",
    [
        "Accounts:read",
        "accounts:read,",
        ",",
        "accounts:read;transactions:read",
        "a%22b",
        "a%5Cb",
        "%09",
    ],
)
async def test_a_scope_that_is_malformed_or_unknown_is_invalid_scope(bank: Bank, scopes: str) -> None:
    answer = await bank.raw(f"{CC}&scopes={scopes}")
    assert answer.json()["error"] == ("invalid_request" if scopes == "%09" else "invalid_scope")
    assert not bank.events("token:issued")


@pytest.mark.requirement("TE-17")
async def test_an_application_can_use_its_own_grants_and_no_other(bank: Bank) -> None:
    """All four applications against all four grants, each grant with everything it needs."""
    code = await bank.code(requested_scopes="offline_access")
    token = (await bank.sign_in())["refresh_token"]
    forms: dict[str, dict[str, Any]] = {
        "client_credentials": {},
        "password": {"username": "ada", "password": PASSWORD},
        "authorization_code": {"code": code},
        "refresh_token": {"refresh_token": token},
    }
    for client_id in ("machine", "mobile", "web", "page"):
        allowed = bank.admin.applications.get(client_id).grants
        for grant, form in forms.items():
            if grant not in allowed:
                answer = await bank.token(client_id, grant_type=grant, **form)
                refused(answer, wire.NOT_PERMITTED)
    assert (await bank.exchange(code)).status_code == 200
    assert (await bank.renew(token)).status_code == 200


@pytest.mark.requirement("TE-17")
async def test_a_grant_that_the_institution_switched_off_is_off_for_everybody(bank: Bank) -> None:
    institution = bank.admin.institutions.get("00016")
    policy = msgspec.structs.replace(institution.policy, grants=("password",))
    bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))
    await bank.refresh()
    refused(await bank.raw(CC), wire.NOT_PERMITTED)
    assert (await bank.raw(CC, {"institutionId": "00042"})).status_code == 200
