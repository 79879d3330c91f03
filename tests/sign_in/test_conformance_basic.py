"""The plan `oidcc-basic`, as far as no other test proves its modules (docs/conformance.md)."""

from typing import Any
from urllib.parse import urlencode

import httpx
import jwt
import pytest

from tests.bank import Bank
from tests.browser import CALLBACK, Browser, challenge, claims, standard_application

PROFILE = {"name", "given_name", "family_name", "preferred_username", "birthdate"}


async def userinfo(browser: Browser, token: str, method: str = "GET", **form: str) -> httpx.Response:
    return await browser.bank.http.request(
        method,
        f"{browser.issuer}/oauth2/userinfo",
        headers={"Authorization": f"Bearer {token}"} if token else {},
        data=form or None,
    )


async def key_set(browser: Browser) -> jwt.PyJWKSet:
    url = f"{browser.issuer}/oauth2/jwks"
    return jwt.PyJWKSet.from_dict((await browser.bank.http.get(url)).json())


@pytest.mark.requirement("OC-02", "OC-03", "OC-07")
async def test_the_id_token_is_signed_by_a_published_key_and_says_what_it_must(
    browser: Browser,
) -> None:
    answer = await browser.exchange(await browser.code())
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()["id_token"]
    header = jwt.get_unverified_header(token)
    key = (await key_set(browser))[header["kid"]]
    assert (header["alg"], key.algorithm_name) == ("ES256", "ES256")
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    said = jwt.decode(token, key, ["ES256"], audience="portal", issuer=browser.issuer, options=options)
    assert {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "sid", "at_hash"} <= set(
        said
    )
    assert said["sub"].isascii()
    assert 1 <= len(said["sub"]) <= 255
    assert isinstance(said["exp"], int)
    assert isinstance(said["iat"], int)
    assert said["exp"] > said["iat"]


async def test_a_request_without_response_type_is_told_to_the_application(browser: Browser) -> None:
    await browser.authorize(response_type=None)
    assert browser.result()["error"] == "invalid_request"


async def test_a_request_without_nonce_gets_an_id_token_without_one(browser: Browser) -> None:
    assert "nonce" not in claims((await browser.tokens(nonce=None))["id_token"])


@pytest.mark.requirement("OC-10")
@pytest.mark.parametrize("nonce", ["n", "ü" * 64, "n" * 256], ids=len)
async def test_a_nonce_comes_back_as_it_went(browser: Browser, nonce: str) -> None:
    assert claims((await browser.tokens(nonce=nonce))["id_token"])["nonce"] == nonce


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("openid profile", PROFILE),
        ("openid email", {"email"}),
        ("openid phone", {"phone_number"}),
        ("openid address", set()),
        ("openid email phone address profile", {*PROFILE, "email", "phone_number"}),
        ("email profile openid", {*PROFILE, "email"}),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_each_scope_opens_its_claims_at_userinfo_in_any_order(
    browser: Browser, scope: str, told: set[str]
) -> None:
    """`address` is not known of a customer: it is not announced, and who asks for it gets the rest."""
    tokens = await browser.tokens(scope=scope)
    said = (await userinfo(browser, tokens["access_token"])).json()
    assert set(said) == {"sub", *told}
    assert said["sub"] == claims(tokens["id_token"])["sub"]
    assert not told & set(claims(tokens["id_token"]))


async def test_the_order_of_parameters_and_scopes_means_nothing(browser: Browser) -> None:
    fields = {
        "code_challenge_method": "S256",
        "scope": "email openid",
        "code_challenge": challenge(),
        "state": "x",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "client_id": "portal",
    }
    await browser.send("GET", f"{browser.issuer}/oauth2/authorize?{urlencode(fields)}")
    await browser.sign_in()
    tokens = (await browser.exchange(browser.result()["code"])).json()
    assert "email" in (await userinfo(browser, tokens["access_token"])).json()


@pytest.mark.requirement("AC-02")
@pytest.mark.parametrize(
    "more",
    [
        {"display": "page"},
        {"display": "popup"},
        {"claims_locales": "se"},
        {"ui_locales": "se en"},
        {"extra": "foobar"},
        {"redirect_uri_": "https://evil.example/"},
        {"acr_values": "1 2"},
        {"acr_values": ""},
        {"max_age": ""},
        {"prompt": ""},
    ],
    ids=str,
)
async def test_what_is_unknown_optional_or_empty_stands_in_nobodys_way(
    browser: Browser, more: dict[str, str]
) -> None:
    assert (await browser.tokens(**more))["id_token"]


@pytest.mark.requirement("AC-02")
@pytest.mark.parametrize("name", ["state", "scope", "nonce", "response_type", "code_challenge"])
async def test_a_parameter_sent_twice_is_refused(browser: Browser, name: str) -> None:
    fields = [
        ("client_id", "portal"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "s"),
        ("nonce", "n"),
        ("code_challenge", challenge()),
        ("code_challenge_method", "S256"),
    ]
    twice = [*fields, *(field for field in fields if field[0] == name)]
    answer = await browser.send("GET", f"{browser.issuer}/oauth2/authorize?{urlencode(twice)}")
    assert (answer.status_code, "location" in answer.headers) == (400, False)


async def test_a_login_hint_stands_in_the_field_and_the_language_is_the_one_asked_for(
    browser: Browser,
) -> None:
    await browser.authorize(login_hint="ada", ui_locales="es")
    assert 'value="ada"' in browser.answer.text
    assert '<html lang="es"' in browser.answer.text


@pytest.mark.requirement("AC-01")
async def test_a_request_by_post_goes_through(browser: Browser) -> None:
    fields = {
        "client_id": "portal",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
    }
    answer = await browser.send("POST", f"{browser.issuer}/oauth2/authorize", data=fields)
    await browser.send("GET", answer.headers["location"])
    await browser.sign_in()
    assert (await browser.exchange(browser.result()["code"])).status_code == 200


async def test_an_application_that_posts_its_secret(bank: Bank) -> None:
    bank.add_application(standard_application("poster", auth_method="client_secret_post"))
    await bank.refresh()
    browser = Browser(bank)
    form = {
        "grant_type": "authorization_code",
        "code": await browser.code(client_id="poster"),
        "redirect_uri": CALLBACK,
        "code_verifier": "v" * 43,
        "client_id": "poster",
        "client_secret": bank.secrets["poster"],
    }
    answer = await bank.http.post(f"{browser.issuer}/oauth2/token", data=form)
    assert answer.status_code == 200


@pytest.mark.requirement("JR-04", "OC-14")
async def test_a_request_object_is_refused_before_it_could_move_the_redirect(browser: Browser) -> None:
    """One by value or by reference says nothing here; the page's own redirect URI still decides."""
    for more in ({"request": "e30.e30."}, {"request_uri": "https://portal.example/request.jwt"}):
        await browser.authorize(**more)
        assert browser.result()["error"].endswith("_not_supported")
        answer = await browser.authorize(redirect_uri="https://evil.example/", **more)
        assert (answer.status_code, "location" in answer.headers) == (400, False)


@pytest.mark.parametrize(
    "wish",
    [
        '{"userinfo":{"name":{"essential":true}}}',
        '{"userinfo":{"name":{"essential":true,"purpose":"x"},"unknown":{"value":7,"values":[1,{}]}}}',
    ],
)
async def test_an_essential_claim_is_told_where_it_was_asked_for(browser: Browser, wish: str) -> None:
    tokens = await browser.tokens(scope="openid", claims=wish)
    assert (await userinfo(browser, tokens["access_token"])).json()["name"] == "Ada Marsh"
    assert "name" not in claims(tokens["id_token"])


async def test_userinfo_takes_no_token_in_a_body(browser: Browser) -> None:
    """The standard leaves it open (RFC 6750 section 2.2); the suite then warns and goes on."""
    tokens = await browser.tokens()
    answer = await userinfo(browser, "", "POST", access_token=tokens["access_token"])
    assert answer.status_code == 400
