"""The plan `oidcc-backchannel-rp-initiated-logout` (docs/conformance.md)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from tests.bank import Bank
from tests.browser import CALLBACK, Browser, claims, standard_application

OUT = "https://portal.example/out"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


class Post:
    """What applications were told, and by which form."""

    def __init__(self) -> None:
        self.told: dict[str, Mapping[str, str]] = {}
        self._heard = asyncio.Condition()

    async def __call__(self, url: str, fields: Mapping[str, str]) -> int:
        async with self._heard:
            self.told[url] = fields
            self._heard.notify_all()
        return 200

    async def wait_for(self, count: int) -> None:
        async with self._heard, asyncio.timeout(10):
            await self._heard.wait_for(lambda: len(self.told) == count)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr(
        "moneyer.outbound.Outbound.post_form", lambda _self, url, fields: post(url, fields)
    )
    return post


@pytest.fixture
async def bank(closed_bank: Bank, post: Post) -> AsyncIterator[Bank]:
    """Two applications that want to hear, a third party's among them, and one that does not."""
    for client_id, third in (("portal", False), ("partner", True)):
        closed_bank.add_application(
            standard_application(
                client_id,
                backchannel_logout_uri=f"https://{client_id}.example/bye",
                is_third_party=third,
                redirect_uris=(CALLBACK,),
            )
        )
    closed_bank.add_application(standard_application("silent"))
    async with closed_bank.open() as bank:
        yield bank


async def verified(browser: Browser, token: str, client_id: str) -> Any:
    """The claims, after signature, type, issuer, audience and time were judged."""
    document = (await browser.bank.http.get(f"{browser.issuer}/oauth2/jwks")).json()
    header = jwt.get_unverified_header(token)
    assert header["typ"] == "logout+jwt"
    options: Any = {"verify_exp": False, "verify_iat": False}
    key = jwt.PyJWKSet.from_dict(document)[header["kid"]]
    return jwt.decode(token, key, ["ES256"], audience=client_id, issuer=browser.issuer, options=options)


@pytest.mark.requirement("LO-06", "OC-03")
async def test_every_application_of_the_session_is_told_by_a_token_of_its_own(
    bank: Bank, post: Post
) -> None:
    """Its subject and sid are those of its id_token; the browser goes back with the state."""
    browser = Browser(bank)
    ids = {}
    for client_id in ("silent", "portal", "partner"):
        code = await browser.code(client_id=client_id, scope="openid")
        tokens = (await browser.exchange(code, client_id)).json()
        ids[client_id] = tokens["id_token"]
    fields = {"id_token_hint": ids["portal"], "post_logout_redirect_uri": OUT, "state": "s"}
    answer = await browser.send("GET", f"{browser.issuer}/oauth2/logout?{urlencode(fields)}")
    assert answer.headers["location"] == f"{OUT}?state=s"
    await post.wait_for(2)
    subjects = set()
    for client_id in ("portal", "partner"):
        form = post.told[f"https://{client_id}.example/bye"]
        assert form.keys() == {"logout_token"}
        said = await verified(browser, form["logout_token"], client_id)
        own = claims(ids[client_id])
        assert (said["sub"], said["sid"]) == (own["sub"], own["sid"])
        assert said["events"] == {EVENT: {}}
        assert "nonce" not in said
        assert said["jti"]
        assert 0 < said["exp"] - said["iat"] <= 120
        subjects.add(said["sub"])
    assert len(subjects) == 2
    await browser.authorize(prompt="none")
    assert browser.result()["error"] == "login_required"


async def test_a_logout_token_opens_nothing_as_another_kind_of_token(bank: Bank, post: Post) -> None:
    """Neither as an access token nor as a hint at the next sign-out."""
    browser = Browser(bank)
    await browser.tokens()
    await browser.send("GET", f"{browser.issuer}/oauth2/logout")
    await browser.press("sign-out")
    await post.wait_for(1)
    token = post.told["https://portal.example/bye"]["logout_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = await bank.http.get(f"{browser.issuer}/oauth2/userinfo", headers=headers)
    assert answer.status_code == 401
    answer = await browser.send("GET", f"{browser.issuer}/oauth2/logout?id_token_hint={token}")
    assert answer.status_code == 400


async def test_who_is_not_in_the_session_hears_nothing(bank: Bank, post: Post) -> None:
    browser = Browser(bank)
    await browser.code(client_id="silent")
    other = Browser(bank)
    await other.code(client_id="portal")
    await browser.send("GET", f"{browser.issuer}/oauth2/logout")
    await browser.press("sign-out")
    await other.send("GET", f"{other.issuer}/oauth2/logout")
    await other.press("sign-out")
    await post.wait_for(1)
    assert list(post.told) == ["https://portal.example/bye"]
