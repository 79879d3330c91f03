"""What anyone may read: key sets, metadata, health."""

import msgspec

from moneyer.dialects import v2
from moneyer.endpoints.http import JSON, Answer, Request, json_answer
from moneyer.endpoints.metadata import metadata_of
from moneyer.endpoints.service import Service
from moneyer.institutions.institution import Institution
from moneyer.keys.lifecycle import JWKS_MAX_AGE
from moneyer.protocol.failures import MethodNotAllowed, UnknownResource

STOPPING = json_answer(503, v2.write_failure(v2.STOPPING, {}), (b"retry-after", b"1"))

_CACHED = (b"cache-control", f"public, max-age={JWKS_MAX_AGE}".encode())
_NOSNIFF = (b"x-content-type-options", b"nosniff")


async def jwks(request: Request, service: Service, institution_id: str) -> Answer:
    """The institution's key set (RFC 7517 section 5). Its first keys are made if there are none yet."""
    _require_read(request)
    institution = _institution(service, institution_id)
    mint = service.mint
    now = mint.clock.now()
    await mint.signing_key(institution, now)
    ring = mint.snapshot.ring(institution_id)
    keys = ring.jwks(now) if ring else {"keys": []}
    headers = [(b"content-type", b"application/jwk-set+json"), _CACHED, _NOSNIFF]
    return Answer(200, headers, msgspec.json.encode(keys))


async def metadata(request: Request, service: Service, institution_id: str) -> Answer:
    """The institution's metadata (RFC 8414; OpenID Connect Discovery 1.0): what works, nothing else."""
    _require_read(request)
    institution = _institution(service, institution_id)
    issuer = service.mint.issuer(institution_id)
    scopes = {
        scope
        for application in service.mint.snapshot.applications()
        if institution_id in application.entitled and application.status == "active"
        for scope in application.scopes
    }
    document = metadata_of(issuer, institution, scopes)
    return Answer(200, [JSON, _CACHED, _NOSNIFF], msgspec.json.encode(document))


async def live(request: Request, _service: Service) -> Answer:
    """200 while the process answers at all."""
    _require_read(request)
    return json_answer(200, b'{"status":"live"}')


async def ready(request: Request, service: Service) -> Answer:
    """200 when the store answers; 503 tells a load balancer to look elsewhere."""
    if service.is_draining:
        return STOPPING
    _require_read(request)
    await service.mint.directory.refresh()
    return json_answer(200, b'{"status":"ready"}')


def _require_read(request: Request) -> None:
    if request.method not in {"GET", "HEAD"}:
        raise MethodNotAllowed("GET", "HEAD")


def _institution(service: Service, institution_id: str) -> Institution:
    institution = service.mint.snapshot.institution(institution_id)
    if institution is None or institution.status != "active":
        raise UnknownResource("institution-unknown")
    return institution
