"""A customer's browser for tests over HTTP: keeps cookies, reads forms, presses buttons."""

from __future__ import annotations

import base64
import hashlib
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import msgspec
import pyotp

from moneyer.applications.application import Application, Lifetimes
from tests.bank import BASE, PASSWORD, Bank

CALLBACK = "https://portal.example/cb"
VERIFIER = "v" * 43


def challenge(verifier: str = VERIFIER) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def standard_application(client_id: str = "portal", **members: Any) -> Application:
    """A first-party web application of the standard profile, at both institutions."""
    plain = Application(
        client_id,
        client_id.title(),
        ("authorization_code", "refresh_token"),
        (
            "accounts:read",
            "transfers:write",
            "openid",
            "profile",
            "email",
            "phone",
            "offline_access",
        ),
        ("00016", "00042"),
        (CALLBACK,),
        lifetimes=Lifetimes(access_token=600),
        profile="standard",
        post_logout_redirect_uris=("https://portal.example/out",),
    )
    return msgspec.structs.replace(plain, **members)


class Page(HTMLParser):
    """What of a page a test looks at: its form's action, hidden members, buttons and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}
        self.buttons: set[str] = set()
        self.options: dict[str, Any] = {}
        self.text = ""
        self.secret = ""
        self.codes: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._inside = given.get("class", "") or tag
        if tag == "form" and not self.action:
            self.action = given["action"]
        if tag == "input" and given.get("type") == "hidden":
            self.hidden.setdefault(given["name"], given["value"])
        if tag == "button":
            self.buttons.add(given.get("value", ""))
            if "data-options" in given:
                self.options[given["value"]] = msgspec.json.decode(given["data-options"])

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._inside == "secret":
            self.secret = data.replace(" ", "")
            self._inside = ""
        if self._inside == "li" and len(data.split("-")) == 4:
            self.codes.append(data)


class Browser:
    """One browser, with its cookies, at one institution."""

    def __init__(self, bank: Bank, institution_id: str = "00016") -> None:
        self.bank = bank
        self.issuer = f"{BASE}/i/{institution_id}"
        self.cookies: dict[str, str] = {}
        self.answer: httpx.Response = httpx.Response(200)

    async def send(self, method: str, url: str, **members: Any) -> httpx.Response:
        """One request with this browser's cookies; what is set is kept."""
        headers = dict(members.pop("headers", {}))
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        self.bank.http.cookies.clear()
        self.answer = await self.bank.http.request(method, url, headers=headers, **members)
        for line in self.answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            if "Max-Age=0" in rest:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        self.bank.http.cookies.clear()
        return self.answer

    @property
    def page(self) -> Page:
        return Page(self.answer.text)

    async def authorize(self, **changes: Any) -> httpx.Response:
        """Opens an authorization request; None leaves a parameter out."""
        fields: dict[str, Any] = {
            "client_id": "portal",
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid accounts:read",
            "state": "some state",
            "nonce": "n-1",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
            **changes,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        return await self.send("GET", f"{self.issuer}/oauth2/authorize?{urlencode(given)}")

    async def press(self, action: str, **fields: str) -> httpx.Response:
        """Sends the page's form by one of its buttons."""
        page = self.page
        assert action in page.buttons, (action, page.buttons, page.text)
        form = {**page.hidden, **fields, "action": action}
        return await self.send(
            "POST",
            BASE + page.action,
            data=form,
            headers={"Origin": BASE, "Sec-Fetch-Site": "same-origin"},
        )

    async def sign_in(self, login_id: str = "ada", password: str = PASSWORD) -> httpx.Response:
        return await self.press("sign-in", username=login_id, password=password)

    def result(self) -> dict[str, str]:
        """What came back to the application."""
        assert self.answer.status_code == 303, self.page.text
        location = self.answer.headers["location"]
        assert location.startswith(CALLBACK + "?"), location
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}

    async def code(self, **changes: Any) -> str:
        """A code, through whatever pages it takes."""
        await self.authorize(**changes)
        if "sign-in" in self.page.buttons:
            await self.sign_in()
        if "allow" in self.page.buttons:
            await self.press("allow")
        return self.result()["code"]

    async def set_up_totp(self) -> tuple[pyotp.TOTP, list[str]]:
        """On the page that asks for it: the generator, and the recovery codes that were shown."""
        generator = pyotp.TOTP(self.page.secret)
        await self.press("confirm", otp=generator.at(self.bank.clock.now() // 1_000_000))
        return generator, self.page.codes

    async def token(self, client_id: str = "portal", **form: Any) -> httpx.Response:
        """A call of the standard token endpoint with HTTP Basic."""
        return await self.bank.http.post(
            f"{self.issuer}/oauth2/token",
            data={name: value for name, value in form.items() if value is not None},
            headers={"Authorization": self.bank.basic(client_id)},
        )

    async def exchange(self, code: str, client_id: str = "portal", **changes: Any) -> httpx.Response:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        return await self.token(client_id, **fields)

    async def tokens(self, **changes: Any) -> Any:
        """The tokens of a whole flow."""
        answer = await self.exchange(await self.code(**changes))
        assert answer.status_code == 200, answer.text
        return answer.json()


def claims(token: str) -> Any:
    """The payload of a compact token, unchecked."""
    payload = token.split(".")[1]
    return msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
