"""From path to endpoint."""

import re
from collections.abc import Awaitable, Callable

from moneyer.endpoints import public
from moneyer.endpoints.back_channel import auth_code, client_authorization
from moneyer.endpoints.call import Call, answer_call
from moneyer.endpoints.http import Answer, Request
from moneyer.endpoints.revoke import revoke
from moneyer.endpoints.service import Service
from moneyer.endpoints.token import token
from moneyer.protocol.failures import UnknownResource

V2_ENDPOINTS: dict[str, Callable[[Call], Awaitable[Answer]]] = {
    "/oauth2/v1/token": token,
    "/oauth2/v1/revoke": revoke,
    "/v1/client-authorization": client_authorization,
    "/v1/auth-code": auth_code,
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

_INSTITUTION = re.compile(r"/i/([A-Za-z0-9]{1,32})(/.+)")
_INSERTED = "/.well-known/oauth-authorization-server"
"""RFC 8414 section 3.1 puts the well-known path between the host and the issuer's own path."""


class Router:
    """Hands each request to its endpoint. `handle` always answers, whatever happens behind it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._base = service.settings.base_path

    @property
    def base_path(self) -> str:
        """What precedes every path of the service: "", or the path in its base URL."""
        return self._base

    def look_elsewhere(self) -> None:
        """Tells load balancers that this is no place to go; whoever comes nevertheless is answered."""
        self._service.is_draining = True

    async def handle(self, request: Request) -> Answer:
        """The answer to `request`. Never raises."""
        steps = self._v2(request.path)
        return await answer_call(request, self._service, self._public if steps is None else steps)

    def _v2(self, path: str) -> Callable[[Call], Awaitable[Answer]] | None:
        if not path.startswith(self._base):
            return None
        return V2_ENDPOINTS.get(path[len(self._base) :])

    async def _public(self, call: Call) -> Answer:
        """Raises UnknownResource."""
        request = call.request
        path = request.path
        if health := HEALTH.get(path.removeprefix(self._base)):
            return await health(request, self._service)
        inserted = f"{_INSERTED}{self._base}/i/"
        if path.startswith(inserted):
            path = f"{self._base}/i/{path[len(inserted) :]}{_INSERTED}"
        if path.startswith(self._base):
            found = _INSTITUTION.fullmatch(path[len(self._base) :])
            endpoint = INSTITUTION_ENDPOINTS.get(found[2]) if found else None
            if found and endpoint:
                return await endpoint(request, self._service, found[1])
        raise UnknownResource("path-unknown")
