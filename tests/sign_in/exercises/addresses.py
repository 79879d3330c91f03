"""Where things are, and what is announced by yes or no."""

from urllib.parse import parse_qs, urlsplit

from tests.browser import CALLBACK, challenge
from tests.sign_in.exercises.registry import Stage, exercises


@exercises("issuer")
async def name_the_issuer(stage: Stage, value: str) -> None:
    """In the authorization answer as well."""
    await stage.browser.code()
    assert stage.browser.result()["iss"] == value == stage.issuer


@exercises("authorization_endpoint")
async def open_a_page(stage: Stage, value: str) -> None:
    fields = f"client_id=portal&redirect_uri={CALLBACK}&response_type=code&scope=openid"
    url = f"{value}?{fields}&code_challenge={challenge()}&code_challenge_method=S256"
    assert (await stage.browser.send("GET", url)).status_code == 200
    await stage.browser.sign_in()
    assert stage.browser.result()["code"]


@exercises("token_endpoint")
async def ask_for_a_token(stage: Stage, value: str) -> None:
    headers = {"Authorization": stage.bank.basic("basic")}
    form = {"grant_type": "client_credentials"}
    assert (await stage.bank.http.post(value, data=form, headers=headers)).status_code == 200


@exercises("pushed_authorization_request_endpoint")
async def push(stage: Stage, value: str) -> None:
    form = {
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
    }
    headers = {"Authorization": stage.bank.basic("portal")}
    answer = await stage.bank.http.post(value, data=form, headers=headers)
    uri = answer.json()["request_uri"]
    page = f"{stage.issuer}/oauth2/authorize?client_id=portal&request_uri={uri}"
    await stage.browser.send("GET", page)
    await stage.browser.sign_in()
    assert stage.browser.result()["code"]


@exercises("introspection_endpoint")
@exercises("revocation_endpoint")
async def ask_about_a_token(stage: Stage, value: str) -> None:
    headers = {"Authorization": stage.bank.basic("portal")}
    token = (await stage.browser.tokens())["access_token"]
    answer = await stage.bank.http.post(value, data={"token": token}, headers=headers)
    assert answer.status_code == 200


@exercises("userinfo_endpoint")
async def ask_about_the_customer(stage: Stage, value: str) -> None:
    headers = {"Authorization": f"Bearer {(await stage.browser.tokens())['access_token']}"}
    assert (await stage.bank.http.get(value, headers=headers)).json()["sub"]


@exercises("end_session_endpoint")
async def sign_out(stage: Stage, value: str) -> None:
    hint = (await stage.browser.tokens())["id_token"]
    await stage.browser.send("GET", f"{value}?id_token_hint={hint}")
    await stage.browser.authorize(prompt="none")
    assert stage.browser.result()["error"] == "login_required"


@exercises("jwks_uri")
async def read_the_keys(stage: Stage, value: str) -> None:
    assert (await stage.bank.http.get(value)).json()["keys"]


@exercises("request_parameter_supported", False)
async def no_request_object(stage: Stage, _value: bool) -> None:
    await stage.browser.authorize(request="e30.e30.")
    assert stage.browser.result()["error"] == "request_not_supported"


@exercises("request_uri_parameter_supported", False)
async def no_request_uri(stage: Stage, _value: bool) -> None:
    await stage.browser.authorize(request_uri="https://portal.example/request")
    assert stage.browser.result()["error"] == "request_uri_not_supported"


@exercises("require_pushed_authorization_requests", False)
async def no_need_to_push(stage: Stage, _value: bool) -> None:
    assert await stage.browser.code()


@exercises("authorization_response_iss_parameter_supported", True)
async def iss_in_answers_and_errors(stage: Stage, _value: bool) -> None:
    await stage.browser.authorize(prompt="none")
    assert stage.browser.result()["iss"] == stage.issuer
    await stage.browser.code()
    assert stage.browser.result()["iss"] == stage.issuer


@exercises("backchannel_logout_supported", True)
@exercises("backchannel_logout_session_supported", True)
async def tell_of_a_sign_out(stage: Stage, _value: bool) -> None:
    """Announced with `sid`, which the id_token has; that it arrives is test_connections.py's."""
    stage.bank.change_application("portal", backchannel_logout_uri="https://portal.example/bye")
    await stage.bank.refresh()
    await sign_out(stage, f"{stage.issuer}/oauth2/logout")


@exercises("response_modes_supported", "query")
async def answer_by_query(stage: Stage, mode: str) -> None:
    await stage.browser.code(response_mode=mode)
    location = stage.browser.answer.headers["location"]
    assert "code" in parse_qs(urlsplit(location).query)


@exercises("response_modes_supported", "form_post")
async def answer_by_form(stage: Stage, mode: str) -> None:
    await stage.browser.authorize(response_mode=mode)
    await stage.browser.sign_in()
    assert stage.browser.page.action == CALLBACK
    assert stage.browser.page.hidden["code"]
    assert stage.browser.answer.headers["cache-control"] == "no-store"
