"""What is asked about customers: scopes, claims, prompts, contexts, languages, and how tokens look."""

import json
from typing import Any

import jwt

from moneyer.customers.factors.policy import ACR_MFA, ACR_PASSWORD, ACR_PHR
from tests.authenticator import Authenticator
from tests.bank import BASE
from tests.browser import claims
from tests.sign_in.exercises.registry import Stage, exercises

IN_EVERY_ID_TOKEN = (
    "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash",
)  # fmt: skip


@exercises("scopes_supported")
async def ask_for_a_scope(stage: Stage, scope: str) -> None:
    code = await stage.browser.code(client_id="reader", scope=scope)
    tokens = (await stage.browser.exchange(code, "reader")).json()
    assert scope in tokens["scope"].split()
    assert (scope == "openid") == ("id_token" in tokens)
    assert (scope == "offline_access") == ("refresh_token" in tokens)


@exercises("response_types_supported", "code")
@exercises("code_challenge_methods_supported", "S256")
async def take_a_code(stage: Stage, _value: str) -> None:
    code = await stage.browser.code()
    assert (await stage.browser.exchange(code, code_verifier="w" * 43)).status_code == 400
    assert (await stage.browser.exchange(code)).status_code == 200


@exercises("id_token_signing_alg_values_supported")
async def verify_an_id_token(stage: Stage, alg: str) -> None:
    token = (await stage.browser.tokens())["id_token"]
    assert (await _verified(stage, token, alg))["aud"] == "portal"


@exercises("introspection_signing_alg_values_supported")
async def verify_an_introspection(stage: Stage, alg: str) -> None:
    token = (await stage.browser.tokens())["access_token"]
    accept = {"Accept": "application/token-introspection+jwt"}
    headers = {"Authorization": stage.bank.basic("portal"), **accept}
    url = f"{stage.issuer}/oauth2/introspect"
    answer = await stage.bank.http.post(url, data={"token": token}, headers=headers)
    assert (await _verified(stage, answer.text, alg))["token_introspection"]["active"] is True


async def _verified(stage: Stage, token: str, alg: str) -> Any:
    """The claims, if a published key of `alg` signed them."""
    keys = (await stage.bank.http.get(f"{stage.issuer}/oauth2/jwks")).json()["keys"]
    header = jwt.get_unverified_header(token)
    (key,) = (key for key in keys if key["kid"] == header["kid"])
    assert header["alg"] == key["alg"] == alg
    known = "EdDSA" if alg == "Ed25519" else alg
    public = jwt.PyJWK({**key, "alg": known}).key
    payload = token.rpartition(".")[0].encode()
    signature = jwt.utils.base64url_decode(token.rpartition(".")[2])
    assert jwt.PyJWS().get_algorithm_by_name(known).verify(payload, public, signature)
    return claims(token)


@exercises("subject_types_supported", "public")
async def public_subject(stage: Stage, _value: str) -> None:
    said = claims((await stage.browser.tokens())["id_token"])
    assert said["sub"] == stage.bank.customer_ids["00016", "ada"]


@exercises("subject_types_supported", "pairwise")
async def pairwise_subject(stage: Stage, _value: str) -> None:
    code = await stage.browser.code(client_id="partner", scope="openid")
    tokens = (await stage.browser.exchange(code, "partner")).json()
    assert claims(tokens["id_token"])["sub"] != stage.bank.customer_ids["00016", "ada"]


@exercises("claims_supported", *IN_EVERY_ID_TOKEN)
async def read_a_claim_of_the_sign_in(stage: Stage, name: str) -> None:
    assert claims((await stage.browser.tokens())["id_token"])[name]


@exercises("claims_supported")
async def ask_for_a_claim_by_name(stage: Stage, name: str) -> None:
    """In the id_token and at userinfo, each where it was asked for."""
    for place in ("id_token", "userinfo"):
        tokens = await stage.browser.tokens(scope="openid", claims=json.dumps({place: {name: None}}))
        told = {
            "id_token": claims(tokens["id_token"]),
            "userinfo": await stage.userinfo(tokens["access_token"]),
        }
        assert [where for where, said in told.items() if said.get(name)] == [place]


@exercises("claims_parameter_supported", True)
async def ask_for_claims(stage: Stage, _value: bool) -> None:
    await ask_for_a_claim_by_name(stage, "email")


@exercises("prompt_values_supported", "none")
async def ask_silently(stage: Stage, prompt: str) -> None:
    await stage.browser.authorize(prompt=prompt)
    assert stage.browser.result()["error"] == "login_required"
    await stage.browser.code()
    await stage.browser.authorize(prompt=prompt)
    assert stage.browser.result()["code"]


@exercises("prompt_values_supported", "login", "select_account")
async def ask_for_a_sign_in(stage: Stage, prompt: str) -> None:
    await stage.browser.code()
    stage.bank.clock.advance(1)
    await stage.browser.authorize(prompt=prompt)
    await stage.browser.sign_in()
    assert stage.browser.result()["code"]


@exercises("prompt_values_supported", "consent")
async def ask_for_consent(stage: Stage, prompt: str) -> None:
    await stage.browser.code()
    await stage.browser.authorize(prompt=prompt)
    await stage.browser.press("allow")
    assert stage.browser.result()["code"]


@exercises("acr_values_supported", ACR_PASSWORD)
async def sign_in_by_password(stage: Stage, acr: str) -> None:
    assert claims((await stage.browser.tokens(acr_values=acr))["id_token"])["acr"] == acr


@exercises("acr_values_supported", ACR_MFA)
async def sign_in_by_two_factors(stage: Stage, acr: str) -> None:
    browser = stage.browser
    await browser.authorize(acr_values=acr)
    await browser.sign_in()
    await browser.set_up_totp()
    await browser.press("continue")
    tokens = (await browser.exchange(browser.result()["code"])).json()
    assert claims(tokens["id_token"])["acr"] == acr


@exercises("acr_values_supported", ACR_PHR)
async def sign_in_by_passkey(stage: Stage, acr: str) -> None:
    browser, authenticator = stage.browser, Authenticator()
    security = f"{stage.issuer}/account/security"
    await browser.send("GET", security)
    await browser.sign_in("biz")
    await browser.send("GET", security)
    made = authenticator.create(browser.page.options["add-passkey"], BASE)
    await browser.press("add-passkey", passkey=made)
    browser.cookies.clear()
    await browser.authorize(acr_values=acr)
    answer = authenticator.get(browser.page.options["passkey"], BASE)
    await browser.press("passkey", passkey=answer)
    tokens = (await browser.exchange(browser.result()["code"])).json()
    assert claims(tokens["id_token"])["acr"] == acr


@exercises("ui_locales_supported", "en", "es")
async def speak_a_language(stage: Stage, tag: str) -> None:
    await stage.browser.authorize(ui_locales=tag)
    words = {"en": "to continue to Portal", "es": "Portal"}[tag]
    assert f'<html lang="{tag}"' in stage.browser.answer.text
    assert words in stage.browser.page.text
