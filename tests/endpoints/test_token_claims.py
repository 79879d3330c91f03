"""What access tokens and id_tokens say, read by other people's libraries."""

import base64
import json
from typing import Any

import msgspec
import pytest
from joserfc.errors import InvalidKeyIdError

from moneyer.protocol.clock import SECOND
from tests.bank import BASE, DAY, Bank
from tests.contract import wire
from tests.contract.wire import refused
from tests.endpoints.verifying import claims_of

ISSUER = f"{BASE}/i/00016"
NOW = 1_800_000_000


async def code_tokens(bank: Bank, institution_id: str = "00016", **form: Any) -> Any:
    return (await bank.exchange(await bank.code(institution_id, **form), institution_id)).json()


@pytest.mark.requirement("CC-03", "JW-08")
async def test_an_institution_scoped_token_speaks_of_the_application_alone(bank: Bank) -> None:
    answer = await bank.token("machine", grant_type="client_credentials", scopes="transfers:write")
    claims = await claims_of(bank, answer.json()["access_token"])
    kid, jti = claims.pop("kid"), claims.pop("jti")
    assert len(kid) == 43
    assert len(jti) >= 22
    assert claims == {
        "alg": "ES256",
        "typ": "at+jwt",
        "iss": ISSUER,
        "sub": "client:machine",
        "aud": f"{ISSUER}/apis",
        "exp": NOW + 1800,
        "iat": NOW,
        "client_id": "machine",
        "scope": "transfers:write",
        "institution_id": "00016",
        "gty": "client_credentials",
    }


async def test_a_customers_token_names_subject_family_and_how_they_signed_in(bank: Bank) -> None:
    claims = await claims_of(bank, (await bank.sign_in(scopes="accounts:read"))["access_token"])
    claims.pop("kid")
    assert len(claims.pop("jti")) == 22
    assert len(claims.pop("sid")) == 32
    assert claims == {
        "alg": "ES256",
        "typ": "at+jwt",
        "iss": ISSUER,
        "sub": bank.customer_ids["00016", "ada"],
        "aud": f"{ISSUER}/apis",
        "exp": NOW + 1800,
        "iat": NOW,
        "client_id": "mobile",
        "scope": "accounts:read",
        "institution_id": "00016",
        "gty": "password",
        "acr": "urn:moneyer:acr:password",
        "amr": ["pwd"],
        "auth_time": NOW,
    }


@pytest.mark.requirement("RT-02", "RT-06")
async def test_a_renewed_token_keeps_subject_family_and_time_of_sign_in(bank: Bank) -> None:
    first = await bank.sign_in()
    bank.clock.advance(3 * DAY)
    second = (await bank.renew(first["refresh_token"], scopes="accounts:read")).json()
    before = await claims_of(bank, first["access_token"])
    after = await claims_of(bank, second["access_token"])
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"iat", "exp", "jti", "scope"}
    assert after["iat"] == NOW + 3 * DAY
    assert after["scope"] == "accounts:read"


@pytest.mark.requirement("RT-02", "RT-03", "RT-06", "TE-11")
async def test_a_scope_that_the_application_has_lost_is_not_renewed_and_asking_for_it_is_refused(
    bank: Bank,
) -> None:
    """Nothing asked for gives what is still held; the lost one is refused, and the token stays good."""
    token = (await bank.sign_in(scopes="accounts:read,transfers:write"))["refresh_token"]
    bank.change_application("mobile", scopes=("accounts:read",))
    await bank.refresh()
    refused(await bank.renew(token, scopes="transfers:write"), wire.SCOPES)
    refused(await bank.renew(token, scopes="accounts:read,transfers:write"), wire.SCOPES)
    renewed = (await bank.renew(token)).json()
    assert (await claims_of(bank, renewed["access_token"]))["scope"] == "accounts:read"
    bank.change_application("mobile", scopes=("accounts:read", "transfers:write"))
    await bank.refresh()
    again = (await bank.renew(renewed["refresh_token"])).json()
    claims = await claims_of(bank, again["access_token"])
    assert claims["scope"] == "accounts:read transfers:write"


async def test_a_codes_token_carries_the_time_the_sign_in_page_gave(bank: Bank) -> None:
    tokens = await code_tokens(bank, requested_scopes="offline_access", auth_time=str(NOW - 100))
    claims = await claims_of(bank, tokens["access_token"])
    assert claims["auth_time"] == NOW - 100
    assert claims["gty"] == "authorization_code"
    assert claims["scope"] == "accounts:read transactions:read"
    assert "acr" not in claims
    assert "sid" in claims
    plain = await claims_of(bank, (await code_tokens(bank))["access_token"])
    assert "sid" not in plain


@pytest.mark.requirement("JW-07")
async def test_an_id_token_holds_what_openid_connect_asks_for_and_no_more(bank: Bank) -> None:
    tokens = await code_tokens(bank, requested_scopes="openid", nonce="n-0S6_WzA2Mj")
    claims = await claims_of(bank, tokens["id_token"])
    claims.pop("kid")
    assert claims == {
        "alg": "ES256",
        "typ": "JWT",
        "sub": bank.customer_ids["00016", "ada"],
        "iss": ISSUER,
        "aud": "web",
        "iat": NOW,
        "exp": NOW + 300,
        "auth_time": NOW,
        "nonce": "n-0S6_WzA2Mj",
    }


async def test_profile_adds_who_the_customer_is_in_the_vendors_spelling(bank: Bank) -> None:
    plain = await claims_of(bank, (await code_tokens(bank, requested_scopes="openid"))["id_token"])
    tokens = await code_tokens(bank, requested_scopes="openid,profile")
    claims = await claims_of(bank, tokens["id_token"])
    assert {name: claims[name] for name in claims if name not in plain} == {
        "preferred_username": "ada",
        "given_name": "Ada",
        "family_name": "Marsh",
        "birthday": "1984-03-09",
        "email": "ada@example.com",
        "phone_number": "+1 555 0100",
    }
    assert "nonce" not in claims


async def test_one_more_audience_makes_a_list_and_names_the_authorized_party(bank: Bank) -> None:
    both = await code_tokens(bank, requested_scopes="openid", aud="https://api.example")
    claims = await claims_of(bank, both["id_token"])
    assert (claims["aud"], claims["azp"]) == (["web", "https://api.example"], "web")
    same = await code_tokens(bank, requested_scopes="openid", aud="web")
    claims = await claims_of(bank, same["id_token"])
    assert claims["aud"] == "web"
    assert "azp" not in claims


async def test_no_access_token_holds_personal_data(bank: Bank) -> None:
    tokens = [(await bank.sign_in())["access_token"]]
    tokens.append((await code_tokens(bank, requested_scopes="openid,profile"))["access_token"])
    for token in tokens:
        payload = token.split(".")[1]
        text = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode().lower()
        for word in ("marsh", "1984-03", "example.com", "555 01", '"ada"'):
            assert word not in text


@pytest.mark.requirement("JW-08")
async def test_each_institution_signs_with_keys_and_an_issuer_of_its_own(bank: Bank) -> None:
    tokens = {}
    for institution_id in ("00016", "00042"):
        answer = await bank.token("machine", institution_id, grant_type="client_credentials")
        tokens[institution_id] = answer.json()["access_token"]
        claims = await claims_of(bank, tokens[institution_id], institution_id)
        assert claims["iss"] == f"{BASE}/i/{institution_id}"
        assert claims["institution_id"] == institution_id
    with pytest.raises(InvalidKeyIdError):
        await claims_of(bank, tokens["00016"], "00042")


@pytest.mark.requirement("JW-02", "JW-13", "JW-14")
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "Ed25519"])
async def test_every_algorithm_of_the_policy_verifies_and_is_deterministic(
    closed_bank: Bank, algorithm: Any
) -> None:
    institution = closed_bank.admin.institutions.get("00016")
    policy = msgspec.structs.replace(institution.policy, algorithm=algorithm)
    closed_bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))
    async with closed_bank.open() as bank:
        tokens = await code_tokens(bank, requested_scopes="openid,offline_access")
        for name in ("access_token", "id_token"):
            claims = await claims_of(bank, tokens[name], algorithm=algorithm)
            assert claims["alg"] == algorithm
        renewed = [(await bank.renew(tokens["refresh_token"], "web")).json() for _ in range(2)]
        assert renewed[0]["access_token"] == renewed[1]["access_token"]


@pytest.mark.requirement("TE-15", "CA-12")
async def test_every_secret_value_holds_256_random_bits_and_none_comes_twice(bank: Bank) -> None:
    """Refresh token: 32 bytes after id and generation; code and client secret: 32 bytes."""
    codes = [await bank.code() for _ in range(20)]
    refreshes = [(await bank.sign_in())["refresh_token"] for _ in range(3)]
    secrets = [text.partition(".")[2] for text in codes] + list(bank.secrets.values())
    decoded = [base64.urlsafe_b64decode(text + "=") for text in secrets]
    assert {len(data) for data in decoded} == {32}
    raw = [base64.urlsafe_b64decode(text.partition(".")[2] + "=") for text in refreshes]
    assert {len(data) for data in raw} == {16 + 4 + 32 + 16}
    drawn = decoded + [data[20:52] for data in raw]
    assert len(set(drawn)) == len(drawn)
    for data in drawn:
        assert len(set(data)) > 16


async def test_claims_are_numbers_and_text_as_the_rfc_has_them(bank: Bank) -> None:
    """Text for numbers is the V2 answer's way, not the token's (RFC 7519 section 4.1)."""
    bank.clock.advance(0.999999)
    token = (await bank.sign_in())["access_token"]
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    for name in ("iat", "exp", "auth_time"):
        assert type(claims[name]) is int
    assert claims["iat"] == bank.clock.now() // SECOND
