"""Pushed authorization requests (RFC 9126): stored whole, found by a name nobody can guess."""

import secrets

import msgspec

from moneyer.applications.application import Application
from moneyer.audit.events import Event, Trace
from moneyer.grants.authorize.request import AuthorizationRequest
from moneyer.grants.mint import Mint, event_of
from moneyer.institutions.institution import Institution
from moneyer.protocol import base64url
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import ShownHere
from moneyer.store.rows import Rows, StoredRequest, request_digest

PREFIX = "urn:ietf:params:oauth:request_uri:"
LIFETIME = 90
"""Seconds (RFC 9126 section 2.2; under 600 by FAPI 2.0)."""


async def push(
    mint: Mint,
    institution: Institution,
    application: Application,
    request: AuthorizationRequest,
    trace: Trace,
) -> str:
    """Stores `request`; gives its `request_uri`. Raises StoreUnavailable."""
    request_uri = PREFIX + base64url.encode(secrets.token_bytes(32)).decode()
    now = mint.clock.now()
    stored = StoredRequest(
        institution.institution_id,
        request_digest("par", request_uri),
        "par",
        application.client_id,
        msgspec.json.encode(request),
        now + LIFETIME * SECOND,
    )
    event = event_of("request:pushed", application, institution, trace, now)
    await mint.journal.perform(Store(stored, event))
    return request_uri


async def find_pushed(
    mint: Mint, institution: Institution, application: Application, request_uri: str, now: int
) -> AuthorizationRequest:
    """The request behind `request_uri`. Raises ShownHere unless it is this application's, not used and
    not over; opening its page does not use it up."""
    digest = request_digest("par", request_uri)
    stored = await mint.reader.stored_request(institution.institution_id, digest)
    if stored is None or stored.kind != "par" or stored.client_id != application.client_id:
        raise ShownHere("expired", "request-uri-unknown")
    if stored.used_at is not None or now >= stored.expires_at:
        raise ShownHere("expired", "request-uri-over")
    request = msgspec.json.decode(stored.document, type=AuthorizationRequest)
    return msgspec.structs.replace(request, pushed=digest.hex())


class Store:
    """Writes a request with its event."""

    def __init__(self, stored: StoredRequest, event: Event) -> None:
        self.institution_id = stored.institution_id
        self._stored = stored
        self._event = event

    def wants(self, rows: Rows) -> None:
        rows.requests.want(self.institution_id, self._stored.digest)

    def decide(self, rows: Rows, now: int) -> None:
        rows.requests.put(self._stored)
        rows.record(self._event)
