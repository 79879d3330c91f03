"""Scripts of other origins: let in for the application that registered its origin, and nowhere else."""

from typing import Any

import pytest

from moneyer.applications.registration import check_sign_in
from tests.bank import BASE, Bank
from tests.browser import CALLBACK, VERIFIER, Browser, standard_application

SPA = "https://spa.example"
ISSUER = f"{BASE}/i/00016"
OPEN = (
    "/oauth2/token",
    "/oauth2/revoke",
    "/oauth2/userinfo",
    "/oauth2/jwks",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
)
CLOSED = (
    "/oauth2/authorize",
    "/oauth2/par",
    "/oauth2/introspect",
    "/oauth2/logout",
    "/sign-in",
    "/account/applications",
    "/account/security",
)


@pytest.fixture
async def bank(bank: Bank) -> Bank:
    """With an application that runs in browsers, at one institution."""
    bank.add_application(
        standard_application("spa", auth_method="none", origins=(SPA,), institutions=("00016",))
    )
    await bank.refresh()
    return bank


def cors(answer: Any) -> dict[str, str]:
    found = {n: v for n, v in answer.headers.items() if n.startswith("access-control")}
    assert not found or answer.headers["vary"] == "origin"
    return found


async def ask(bank: Bank, method: str, path: str, origin: str = SPA, **more: Any) -> Any:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST", **more.pop("headers", {})}
    return await bank.http.request(method, ISSUER + path, headers=headers, **more)


@pytest.mark.requirement("TE-20")
@pytest.mark.parametrize("path", OPEN)
async def test_a_registered_origin_is_told_that_it_may_ask(bank: Bank, path: str) -> None:
    answer = await ask(bank, "OPTIONS", path)
    assert answer.status_code == 204
    told = cors(answer)
    assert told["access-control-allow-origin"] == SPA
    assert "authorization" in told["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in told


@pytest.mark.requirement("TE-20")
async def test_an_application_in_a_browser_goes_through_its_flow(bank: Bank) -> None:
    """It reads its tokens, its customer, errors, and what the issuer says of itself."""
    code = await Browser(bank).code(client_id="spa", scope="openid email")
    form = {
        "grant_type": "authorization_code",
        "client_id": "spa",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    answers = [await ask(bank, "POST", "/oauth2/token", data=form)]
    bearer = {"Authorization": f"Bearer {answers[0].json()['access_token']}"}
    answers.append(await ask(bank, "GET", "/oauth2/userinfo", headers=bearer))
    answers.append(await ask(bank, "POST", "/oauth2/token", data=form))
    assert [answer.status_code for answer in answers] == [200, 200, 400]
    answers.extend([await ask(bank, "GET", path) for path in OPEN[3:]])
    for answer in answers:
        assert cors(answer)["access-control-allow-origin"] == SPA
    assert "email" in answers[1].json()


@pytest.mark.requirement("TE-20", "AC-12")
@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
async def test_no_page_and_nothing_of_servers_is_open_to_scripts(
    bank: Bank, path: str, method: str
) -> None:
    assert cors(await ask(bank, method, path)) == {}


@pytest.mark.requirement("TE-20")
@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://spa.example",
        SPA + ":444",
        SPA + "/",
        SPA.upper(),
        "*",
        "",
    ],
)
async def test_no_other_origin_is_let_in(bank: Bank, origin: str) -> None:
    for method in ("OPTIONS", "GET", "POST"):
        answer = await ask(bank, method, "/oauth2/userinfo", origin)
        assert cors(answer) == {}
        assert answer.status_code != 204


async def test_an_origin_is_its_applications_and_its_institutions(bank: Bank) -> None:
    """Another application is not read from there; at another bank it is unknown; and a disabled
    application's counts no more."""
    other = await bank.http.get(f"{BASE}/i/00042/oauth2/jwks", headers={"Origin": SPA})
    assert cors(other) == {}
    portal = {"Authorization": bank.basic("portal")}
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    assert cors(await ask(bank, "POST", "/oauth2/token", data=form, headers=portal)) == {}
    bank.change_application("spa", status="disabled")
    await bank.refresh()
    assert cors(await ask(bank, "GET", "/oauth2/jwks")) == {}


@pytest.mark.parametrize(
    "origin",
    [
        "https://spa.example/",
        "https://spa.example/x",
        "https://SPA.example",
        "http://spa.example",
        "*",
        "null",
    ],
)
def test_what_is_no_origin_is_not_registered(origin: str) -> None:
    with pytest.raises(ValueError, match=r"origin|URI"):
        check_sign_in(standard_application(origins=(origin,)))
    check_sign_in(
        standard_application(origins=(SPA, "http://127.0.0.1:3000", "https://a.example:8443"))
    )


@pytest.mark.parametrize("origin", [{}, {"Origin": "https://evil.example"}, {"Origin": SPA}])
@pytest.mark.parametrize("path", OPEN)
async def test_what_is_kept_for_one_origin_is_not_given_to_another(
    bank: Bank, path: str, origin: dict[str, str]
) -> None:
    """A key set that a page was shown, and that a browser or a cache keeps, would be closed to the
    scripts that are let in."""
    answer = await bank.http.get(ISSUER + path, headers=origin)
    assert answer.headers["vary"] == "origin"


@pytest.mark.requirement("TE-20", "MD-02")
async def test_the_well_known_path_before_the_issuers_is_open_as_well(bank: Bank) -> None:
    """RFC 8414 section 3.1 puts it there, and clients in browsers look there."""
    path = f"{BASE}/.well-known/oauth-authorization-server/i/00016"
    answer = await bank.http.get(path, headers={"Origin": SPA})
    assert answer.status_code == 200
    assert cors(answer)["access-control-allow-origin"] == SPA
    stranger = await bank.http.get(path, headers={"Origin": "https://other.example"})
    assert cors(stranger) == {}
