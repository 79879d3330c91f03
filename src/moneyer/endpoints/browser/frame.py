"""The frame around the pages: cookies, headers, language, and how a failure looks to a customer."""

import hashlib
import ipaddress
import re
import secrets
from urllib.parse import urlsplit

from moneyer.applications.application import Application
from moneyer.customers.session import SECRET_BYTES, Session
from moneyer.dialects.standard import STANDARD
from moneyer.endpoints.call import Call, failure_headers
from moneyer.endpoints.http import NO_STORE, Answer, Request
from moneyer.endpoints.service import Service
from moneyer.endpoints.standard.frame import active_institution
from moneyer.grants.authorize.sessions import Opened, find_session
from moneyer.institutions.institution import Institution
from moneyer.pages.render import Pages
from moneyer.pages.translations import pick_language
from moneyer.pages.views import Frame, Problem, View
from moneyer.protocol import base64url
from moneyer.protocol.failures import (
    BadRequest,
    ShownHere,
    Throttled,
    Unavailable,
    UnknownResource,
)

PAGES = Pages()

ACCOUNT = Application("account.moneyer", "", grants=())
"""The bank's own pages, where a customer looks at what is connected. Registered nowhere."""

_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")
_CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'{}"
)
_HEADERS = (
    (b"content-type", b"text/html; charset=utf-8"),
    *NO_STORE,
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"publickey-credentials-get=(self), publickey-credentials-create=(self)"),
)


class PageCall(Call):
    """One request of a customer's browser to an institution's pages."""

    dialect = STANDARD
    transaction_id_is = "optional"

    def __init__(self, request: Request, service: Service, institution_id: str) -> None:
        super().__init__(request, service)
        self.institution_id: str = institution_id
        self.issuer = service.mint.issuer(institution_id)
        self.ui_locales = ""
        self._set_cookies: list[tuple[bytes, bytes]] = []

    def open_page(self, *methods: str) -> Institution:
        """Checks method, transport and headers. Raises BadRequest and its kinds, UnknownResource."""
        self.begin(*methods, form=self.request.method == "POST")
        return active_institution(self.service, self.institution_id)

    # ---- addresses

    @property
    def is_secure(self) -> bool:
        return self.service.mint.base_url.startswith("https://")

    @property
    def origin(self) -> str:
        parts = urlsplit(self.service.mint.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def rp_id(self) -> str:
        """What passkeys are bound to: the host (WebAuthn section 5.1.3)."""
        return urlsplit(self.service.mint.base_url).hostname or ""

    @property
    def takes_passkeys(self) -> bool:
        """Whether a passkey can be bound to this host: to a name, never to an address."""
        try:
            ipaddress.ip_address(self.rp_id)
        except ValueError:
            return True
        return False

    @property
    def issuer_path(self) -> str:
        return urlsplit(self.issuer).path

    def path(self, rest: str) -> str:
        """The path of one of this institution's pages."""
        return f"{self.issuer_path}{rest}"

    # ---- cookies

    def _cookie_name(self, kind: str) -> str:
        prefix = "__Host-" if self.is_secure else ""
        return f"{prefix}moneyer-{kind}-{self.institution_id}"

    def _cookie(self, kind: str) -> bytes | None:
        """The secret in a cookie of ours; None for anything that we never set."""
        wanted = self._cookie_name(kind)
        for pair in self.headers.get(b"cookie", b"").decode("latin-1").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == wanted and _COOKIE.fullmatch(value):
                try:
                    return base64url.decode(value.encode())
                except ValueError:
                    return None
        return None

    def _set_cookie(self, kind: str, value: str, *, lasting: bool = True) -> None:
        attributes = ["Path=/", "HttpOnly", "SameSite=Lax"]
        if self.is_secure:
            attributes.append("Secure")
        if not lasting:
            attributes.append("Max-Age=0")
        cookie = "; ".join((f"{self._cookie_name(kind)}={value}", *attributes))
        self._set_cookies.append((b"set-cookie", cookie.encode()))

    def browser(self) -> bytes | None:
        """The digest of the secret that this browser was given; None at its first visit."""
        secret = self._cookie("browser")
        return None if secret is None else hashlib.sha256(secret).digest()

    def known_browser(self) -> bytes:
        """As `browser`; a browser that has no secret is given one with this answer."""
        found = self.browser()
        if found is not None:
            return found
        secret = secrets.token_bytes(SECRET_BYTES)
        self._set_cookie("browser", base64url.encode(secret).decode())
        return hashlib.sha256(secret).digest()

    async def session(self, institution: Institution) -> Session | None:
        """Who is signed in here."""
        mint = self.service.mint
        return await find_session(mint, institution, self._cookie("session"), self.now)

    def keep_session(self, opened: Opened) -> None:
        """Gives the browser the new secret in the place of whatever it had."""
        self._set_cookie("session", base64url.encode(opened.secret).decode())

    def drop_session(self) -> None:
        self._set_cookie("session", "", lasting=False)

    def require_same_origin(self) -> None:
        """Raises BadRequest for a form that another site's page sent (beside the ticket in it)."""
        site = self.headers.get(b"sec-fetch-site")
        origin = self.headers.get(b"origin")
        if site is not None and site not in {b"same-origin", b"none"}:
            raise BadRequest("form-from-elsewhere")
        if origin is not None and origin not in {self.origin.encode(), b"null"}:
            raise BadRequest("form-from-elsewhere")

    # ---- answers

    def page(self, view: View, *, status: int = 200, customer: str = "", sends_to: str = "") -> Answer:
        """A page. `sends_to` is the redirect URI that its form may end at."""
        institution = active_institution(self.service, self.institution_id)
        language = pick_language(
            self.ui_locales, self.headers.get(b"accept-language", b"").decode("latin-1")
        )
        frame = Frame(
            institution.name,
            institution.brand,
            language,
            self.service.settings.base_path,
            self.issuer_path,
            customer,
        )
        return self._html(status, PAGES.render(view, frame), sends_to)

    def see_other(self, location: str) -> Answer:
        """303: the browser goes on with a GET, and takes no credential along (RFC 9700, 4.12)."""
        headers = [(b"location", location.encode("ascii")), *_HEADERS[1:], *self._policy("")]
        return Answer(303, [*headers, *self._set_cookies])

    def _html(self, status: int, body: bytes, sends_to: str) -> Answer:
        return Answer(status, [*_HEADERS, *self._policy(sends_to), *self._set_cookies], body)

    def _policy(self, sends_to: str) -> list[tuple[bytes, bytes]]:
        policy = _CONTENT_POLICY.format(f" {source_of(sends_to)}" if sends_to else "")
        headers = [(b"content-security-policy", policy.encode())]
        if self.is_secure:
            headers.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
        return headers

    def failed(self, failure: Exception) -> Answer:
        """A page that says what happened, with the status that fits."""
        headers = failure_headers(self, failure)
        problem = Problem(kind_of(failure), self.trace.transaction_id)
        try:
            answer = self.page(problem, status=self.dialect.words_for(failure).status)
        except UnknownResource:
            body = b"There is no such institution here."
            answer = Answer(404, [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS[1:]], body)
        return answer._replace(headers=[*answer.headers, *headers])


def kind_of(failure: Exception) -> str:
    """The kind of `pages.views.Problem` that a failure is told as."""
    if isinstance(failure, ShownHere):
        return failure.kind
    if isinstance(failure, UnknownResource):
        return "not-found"
    if isinstance(failure, Throttled):
        return "too-many"
    if isinstance(failure, Unavailable):
        return "unavailable"
    return "bad-request" if isinstance(failure, BadRequest) else "server"


def source_of(uri: str) -> str:
    """What a content policy calls the place that `uri` leads to: its origin, or its scheme."""
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"}:
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"
