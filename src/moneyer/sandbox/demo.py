"""The sandbox's demo: an application that signs in with the bank, and shows its tokens."""

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from importlib import resources
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
from jinja2 import Environment, StrictUndefined

from moneyer.endpoints.http import NO_STORE, Answer, Request
from moneyer.protocol import base64url, pkce
from moneyer.protocol.failures import BadRequest
from moneyer.protocol.form import Form, read_form

MOST = 1000
"""Sign-ins under way that are remembered; the oldest are forgotten."""

MFA = "urn:moneyer:acr:mfa"
_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    b"form-action 'self'"
)


class Begun(msgspec.Struct, frozen=True):
    """A sign-in under way: what the callback has to match."""

    institution_id: str
    verifier: str
    nonce: str
    browser: str

    def __repr__(self) -> str:
        return "Begun(…)"


class Demo:
    """Serves `/demo` beside the bank. Speaks to the bank over HTTP, like any application."""

    def __init__(
        self,
        base_url: str,
        client_id: str,
        client_secret: str,
        institutions: Sequence[tuple[str, str]],
    ) -> None:
        self._base_url = base_url
        self._path = urlsplit(base_url).path
        self._credentials = (client_id, client_secret)
        self._institutions = list(institutions)
        self._begun: OrderedDict[str, Begun] = OrderedDict()
        folder = resources.files("moneyer.sandbox") / "pages"
        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
        self._template = environment.from_string((folder / "demo.html").read_text())
        self._style = (folder / "demo.css").read_bytes()

    async def handle(self, request: Request) -> Answer | None:
        """The answer, or None where the path is not the demo's."""
        path = request.path.removeprefix(self._path)
        if not path.startswith("/demo"):
            return None
        if path == "/demo/style.css":
            return Answer(200, [(b"content-type", b"text/css; charset=utf-8")], self._style)
        try:
            form = read_form(request.query)
            if path == "/demo/start":
                return self._start(form)
            if path == "/demo/callback":
                return await self._callback(request, form)
        except BadRequest:
            return self._page(400, fault="The address in the browser cannot be read.")
        return self._page(200) if path == "/demo" else None

    def _start(self, form: Form) -> Answer:
        """Sends the browser to the bank with a request of its own."""
        known = [institution_id for institution_id, _ in self._institutions]
        institution_id = form.printable("institution", 32)
        if institution_id not in known:
            return self._page(400, fault="There is no such institution in this sandbox.")
        state, verifier, nonce = (secrets.token_urlsafe(32) for _ in range(3))
        browser = secrets.token_urlsafe(32)
        self._begun[state] = Begun(institution_id, verifier, nonce, browser)
        while len(self._begun) > MOST:
            self._begun.popitem(last=False)
        scope = "openid profile accounts:read transactions:read"
        if form.printable("money", 8):
            scope += " transfers:write"
        if form.printable("offline", 8):
            scope += " offline_access"
        fields = {
            "client_id": self._credentials[0],
            "redirect_uri": f"{self._base_url}/demo/callback",
            "response_type": "code",
            "scope": scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": pkce.challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        if form.printable("mfa", 8):
            fields["acr_values"] = MFA
        url = f"{self._issuer(institution_id)}/oauth2/authorize?{urlencode(fields)}"
        cookie = f"moneyer-demo={browser}; Path={self._path}/demo; HttpOnly; SameSite=Lax"
        return Answer(303, [(b"location", url.encode()), (b"set-cookie", cookie.encode()), *NO_STORE])

    async def _callback(self, request: Request, form: Form) -> Answer:
        """Takes the code to the token endpoint, and shows what came of it."""
        begun = self._begun.pop(form.text("state", 2048) or "", None)
        if begun is None or f"moneyer-demo={begun.browser}" not in _cookies(request):
            return self._page(
                400, fault="state does not belong to a sign-in that this browser began. Start again."
            )
        issuer = self._issuer(begun.institution_id)
        if form.text("iss", 2048) != issuer:
            return self._page(400, fault="iss is not the issuer that was asked (RFC 9207).")
        error = form.text("error", 128)
        if error is not None:
            said = form.text("error_description", 512) or ""
            return self._page(200, fault=f"The bank answered: {error}. {said}")
        sent = {
            "grant_type": "authorization_code",
            "code": form.text("code", 512) or "",
            "redirect_uri": f"{self._base_url}/demo/callback",
            "code_verifier": begun.verifier,
        }
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            answer = await http.post(f"{issuer}/oauth2/token", data=sent, auth=self._credentials)
            if answer.status_code != 200:
                return self._page(200, fault=f"The token endpoint answered: {answer.text}")
            tokens = answer.json()
            bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
            userinfo = await http.get(f"{issuer}/oauth2/userinfo", headers=bearer)
        claims = _payload(tokens["id_token"])
        if claims.get("nonce") != begun.nonce:
            return self._page(400, fault="nonce in the id_token is not the one that was sent.")
        sign_out = {
            "id_token_hint": tokens["id_token"],
            "post_logout_redirect_uri": f"{self._base_url}/demo",
        }
        return self._page(
            200,
            shown=[
                ("What was sent to the token endpoint", _pretty({**sent, "code_verifier": "…"})),
                ("What it answered", _pretty(tokens)),
                ("The id_token, decoded", _pretty(claims)),
                ("The access token, decoded", _pretty(_payload(tokens["access_token"]))),
                ("userinfo", _pretty(userinfo.json())),
            ],
            connected=f"{issuer}/account/applications",
            sign_out=f"{issuer}/oauth2/logout?{urlencode(sign_out)}",
        )

    def _issuer(self, institution_id: str) -> str:
        return f"{self._base_url}/i/{institution_id}"

    def _page(
        self,
        status: int,
        *,
        fault: str = "",
        shown: Sequence[tuple[str, str]] = (),
        connected: str = "",
        sign_out: str = "",
    ) -> Answer:
        body = self._template.render(
            path=self._path,
            institutions=self._institutions,
            fault=fault,
            shown=shown,
            connected=connected,
            sign_out=sign_out,
        )
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", _POLICY),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            *NO_STORE,
        ]
        return Answer(status, headers, body.encode())


def _cookies(request: Request) -> list[str]:
    sent = [value for name, value in request.headers if name.lower() == b"cookie"]
    return [pair.strip() for line in sent for pair in line.decode("latin-1").split(";")]


def _payload(token: str) -> dict[str, object]:
    """What a token of the bank says; it came over the back channel and is only shown."""
    decoded: dict[str, object] = msgspec.json.decode(base64url.decode(token.split(".")[1].encode()))
    return decoded


def _pretty(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
