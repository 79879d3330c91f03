"""What stands under a path: in which words it fails, and by which credentials it opens."""

import re
from collections.abc import Callable
from typing import Literal, NamedTuple

from moneyer.endpoints.browser.frame import PageCall
from moneyer.endpoints.call import Call
from moneyer.endpoints.http import Request
from moneyer.endpoints.router import PAGES, STANDARD_ENDPOINTS, V1_ENDPOINTS, V2_ENDPOINTS
from moneyer.endpoints.service import Service
from moneyer.endpoints.standard.frame import StandardCall
from moneyer.endpoints.v1.frame import LegacyCall
from moneyer.sandbox.faults.apis import Api, api_of

Kind = Literal["token", "bearer", "service", "api", "other"]
"""A token endpoint; an endpoint of the service that an access token opens; one that an application
opens; an API of the bank; anything else."""

_ISSUER = re.compile(r"/i/([A-Za-z0-9]{1,32})(/.+)")
_TOKEN = frozenset({"/oauth2/v1/token", "/oauth2/token"})
_BEARER = frozenset({"/v1/client-authorization", "/v1/auth-code", "/oauth2/userinfo"})


class Place(NamedTuple):
    """`frame` makes the call in whose words the service fails here; an API has its `api`.

    `institution_id` is the one that the path names, or "".
    """

    kind: Kind
    frame: Callable[[Request, Service], Call] = Call
    api: Api | None = None
    institution_id: str = ""

    def __repr__(self) -> str:
        return f"Place({self.institution_id!r})"


def place_of(request: Request, base_path: str) -> Place:
    """What a request is for, where every path of the service begins with `base_path`."""
    own = request.path.removeprefix(base_path)
    if own in V2_ENDPOINTS:
        return Place(_kind(own))
    if own in V1_ENDPOINTS:
        return Place("token", LegacyCall)
    if found := _ISSUER.fullmatch(own):
        institution_id, rest = found.groups()
        return _under_issuer(institution_id, rest)
    if api := api_of(request.method, own):
        return Place("api", api=api)
    return Place("other")


def _kind(own: str) -> Kind:
    if own in _TOKEN:
        return "token"
    return "bearer" if own in _BEARER else "service"


def _under_issuer(institution_id: str, rest: str) -> Place:
    def standard(request: Request, service: Service) -> Call:
        return StandardCall(request, service, institution_id)

    def page(request: Request, service: Service) -> Call:
        return PageCall(request, service, institution_id)

    if rest in STANDARD_ENDPOINTS:
        return Place(_kind(rest), standard, institution_id=institution_id)
    return Place("other", page if rest in PAGES else Call, institution_id=institution_id)
