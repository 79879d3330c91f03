"""The plan `oidcc-config`, and what the logout plans ask of the metadata (docs/conformance.md)."""

import re
from typing import Any
from urllib.parse import urlsplit

import jwt
import msgspec
import pytest

from tests.bank import Bank
from tests.browser import Browser

OPENID = "/.well-known/openid-configuration"
OAUTH = "/.well-known/oauth-authorization-server"


async def found(bank: Bank, issuer: str) -> Any:
    """The metadata that stands at the issuer, by its well-known address."""
    answer = await bank.http.get(issuer + OPENID)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


@pytest.mark.requirement("MD-01", "MD-02")
async def test_the_issuer_is_the_address_it_was_found_under(bank: Bank, browser: Browser) -> None:
    document = await found(bank, browser.issuer)
    assert document["issuer"] == browser.issuer
    parts = urlsplit(browser.issuer)
    assert (parts.scheme, parts.query, parts.fragment) == ("https", "", "")
    inserted = f"{parts.scheme}://{parts.netloc}{OAUTH}{parts.path}"
    for url in (browser.issuer + OAUTH, inserted):
        assert (await bank.http.get(url)).json() == document


@pytest.mark.requirement("MD-03", "MD-04", "MD-07")
async def test_everything_that_has_a_default_is_announced_and_no_algorithm_is_none(
    bank: Bank, browser: Browser
) -> None:
    document = await found(bank, browser.issuer)
    for name in (
        "grant_types_supported",
        "response_types_supported",
        "response_modes_supported",
        "token_endpoint_auth_methods_supported",
        "code_challenge_methods_supported",
        "scopes_supported",
        "claims_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    ):
        assert isinstance(document[name], list), name
        assert document[name], name
    for name, values in document.items():
        if "signing_alg" in name:
            assert "none" not in values
    assert {"openid"} <= set(document["scopes_supported"])
    assert all(re.fullmatch(r"[!#-\[\]-~]+", scope) for scope in document["scopes_supported"])
    assert all(re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", tag) for tag in document["ui_locales_supported"])
    assert {"public", "pairwise"} == set(document["subject_types_supported"])
    assert document["claims_parameter_supported"] is True
    assert document["request_parameter_supported"] is False
    assert document["request_uri_parameter_supported"] is False


async def test_every_endpoint_is_https(bank: Bank, browser: Browser) -> None:
    document = await found(bank, browser.issuer)
    endpoints = {n: v for n, v in document.items() if n.endswith(("_endpoint", "_uri"))}
    assert {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} <= set(
        endpoints
    )
    for name, url in endpoints.items():
        assert url.startswith(browser.issuer + "/"), name


@pytest.mark.requirement("MD-05")
async def test_the_key_set_is_public_and_each_key_says_what_it_is_for(
    bank: Bank, browser: Browser
) -> None:
    document = await found(bank, browser.issuer)
    keys = (await bank.http.get(document["jwks_uri"])).json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) > 0
    for key in keys:
        assert (key["use"], key["alg"]) == ("sig", "ES256")
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & set(key)


async def test_a_bank_that_wants_what_discovery_demands_signs_by_rs256(
    bank: Bank, browser: Browser
) -> None:
    """Discovery section 3 wants RS256 among the algorithms; a bank chooses one, and announces it."""
    institution = bank.admin.institutions.get("00016")
    policy = msgspec.structs.replace(institution.policy, algorithm="RS256")
    bank.admin.institutions.save(msgspec.structs.replace(institution, policy=policy))
    await bank.refresh()
    document = await found(bank, browser.issuer)
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    token = (await browser.tokens())["id_token"]
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    keys = (await bank.http.get(document["jwks_uri"])).json()["keys"]
    assert jwt.get_unverified_header(token)["kid"] in {k["kid"] for k in keys if k["alg"] == "RS256"}


async def test_sign_out_in_both_ways_is_announced(bank: Bank, browser: Browser) -> None:
    document = await found(bank, browser.issuer)
    assert document["end_session_endpoint"] == f"{browser.issuer}/oauth2/logout"
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True
    assert "sid" in document["claims_supported"]
