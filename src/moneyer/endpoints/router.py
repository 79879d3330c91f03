"""From path to endpoint."""

import re
from collections.abc import Awaitable, Callable

from moneyer.endpoints import cors, public
from moneyer.endpoints.back_channel import auth_code, client_authorization
from moneyer.endpoints.browser import assets
from moneyer.endpoints.browser.account import applications, security
from moneyer.endpoints.browser.authorize import authorize
from moneyer.endpoints.browser.frame import PageCall
from moneyer.endpoints.browser.interact import interact
from moneyer.endpoints.browser.logout import logout
from moneyer.endpoints.call import Call, answer_call
from moneyer.endpoints.http import Answer, Request
from moneyer.endpoints.revocations import revocations
from moneyer.endpoints.revoke import revoke
from moneyer.endpoints.service import Service
from moneyer.endpoints.standard.frame import StandardCall
from moneyer.endpoints.standard.introspect import introspect
from moneyer.endpoints.standard.par import par
from moneyer.endpoints.standard.revoke import revoke as standard_revoke
from moneyer.endpoints.standard.token import token as standard_token
from moneyer.endpoints.standard.userinfo import userinfo
from moneyer.endpoints.token import token
from moneyer.endpoints.v1.frame import LegacyCall
from moneyer.endpoints.v1.token import token as legacy_token
from moneyer.protocol.failures import UnknownResource

V2_ENDPOINTS: dict[str, Callable[[Call], Awaitable[Answer]]] = {
    "/oauth2/v1/token": token,
    "/oauth2/v1/revoke": revoke,
    "/oauth2/v1/revocations": revocations,
    "/v1/client-authorization": client_authorization,
    "/v1/auth-code": auth_code,
}

V1_ENDPOINTS: dict[str, Callable[[LegacyCall], Awaitable[Answer]]] = {
    "/v1/oauth/token": legacy_token,
}

HEALTH: dict[str, Callable[[Request, Service], Awaitable[Answer]]] = {
    "/health/live": public.live,
    "/health/ready": public.ready,
}

INSTITUTION_ENDPOINTS: dict[str, Callable[[Request, Service, str], Awaitable[Answer]]] = {
    "/oauth2/jwks": public.jwks,
    "/.well-known/openid-configuration": public.metadata,
    "/.well-known/oauth-authorization-server": public.metadata,
}

STANDARD_ENDPOINTS: dict[str, Callable[[StandardCall], Awaitable[Answer]]] = {
    "/oauth2/token": standard_token,
    "/oauth2/par": par,
    "/oauth2/introspect": introspect,
    "/oauth2/revoke": standard_revoke,
    "/oauth2/userinfo": userinfo,
}

PAGES: dict[str, Callable[[PageCall], Awaitable[Answer]]] = {
    "/oauth2/authorize": authorize,
    "/oauth2/logout": logout,
    "/sign-in": interact,
    "/account/applications": applications,
    "/account/security": security,
    "/pages/brand.css": assets.brand,
    "/pages/logo.svg": assets.logo,
}

Guest = Callable[[Request], Awaitable[Answer | None]]
"""Another program under the same address; None says that the path is not its own."""

_INSTITUTION = re.compile(r"/i/([A-Za-z0-9]{1,32})(/.+)")
_INSERTED = "/.well-known/oauth-authorization-server"
"""RFC 8414 section 3.1 puts the well-known path between the host and the issuer's own path."""


class Router:
    """Hands each request to its endpoint. `handle` always answers, whatever happens behind it."""

    def __init__(self, service: Service, guest: Guest | None = None) -> None:
        self._service = service
        self._guest = guest
        self._base = service.settings.base_path
        self._inserted = re.compile(re.escape(f"{_INSERTED}{self._base}/i/") + "([A-Za-z0-9]{1,32})")

    @property
    def service(self) -> Service:
        """What the endpoints work with."""
        return self._service

    @property
    def base_path(self) -> str:
        """What precedes every path of the service: "", or the path in its base URL."""
        return self._base

    def look_elsewhere(self) -> None:
        """Tells load balancers that this is no place to go; whoever comes nevertheless is answered."""
        self._service.is_draining = True

    def hold_nobody(self) -> None:
        """Answers those who wait for news, so that a server that stops need not wait for them."""
        self._service.feed.log.hold_nobody()

    async def handle(self, request: Request) -> Answer:
        """The answer to `request`. Never raises."""
        service, path = self._service, request.path
        if path.startswith(self._base):
            own = path[len(self._base) :]
            if steps := V2_ENDPOINTS.get(own):
                return await answer_call(Call(request, service), steps)
            if legacy := V1_ENDPOINTS.get(own):
                return await answer_call(LegacyCall(request, service), legacy)
            if found := _INSTITUTION.fullmatch(own):
                return await self._under_issuer(request, *found.groups())
        if found := self._inserted.fullmatch(path):
            return await self._under_issuer(request, found[1], _INSERTED)
        return await answer_call(Call(request, service), self._public)

    async def _under_issuer(self, request: Request, institution_id: str, rest: str) -> Answer:
        service = self._service
        if page := PAGES.get(rest):
            return await answer_call(PageCall(request, service, institution_id), page)
        snapshot = service.mint.snapshot
        is_open = rest in cors.OPEN
        origin = cors.origin_let_in(request, snapshot, institution_id) if is_open else ""
        if origin and request.method == "OPTIONS":
            return cors.preflight(origin)
        if standard := STANDARD_ENDPOINTS.get(rest):
            call = StandardCall(request, service, institution_id)
            answer = await answer_call(call, standard)
            return cors.readable(answer, origin, call.application) if is_open else answer
        answer = await answer_call(Call(request, service), self._public)
        return cors.readable(answer, origin) if is_open else answer

    async def _public(self, call: Call) -> Answer:
        """Raises UnknownResource."""
        request = call.request
        path = request.path
        if health := HEALTH.get(path.removeprefix(self._base)):
            return await health(request, self._service)
        inserted = f"{_INSERTED}{self._base}/i/"
        if path.startswith(inserted):
            path = f"{self._base}/i/{path[len(inserted) :]}{_INSERTED}"
        if path.startswith(f"{self._base}/pages/"):
            found_asset = assets.asset(request, path.rpartition("/")[2])
            if found_asset is not None:
                return found_asset
        if self._guest is not None and (answer := await self._guest(request)):
            return answer
        if path.startswith(self._base):
            found = _INSTITUTION.fullmatch(path[len(self._base) :])
            endpoint = INSTITUTION_ENDPOINTS.get(found[2]) if found else None
            if found and endpoint:
                return await endpoint(request, self._service, found[1])
        raise UnknownResource("path-unknown")
