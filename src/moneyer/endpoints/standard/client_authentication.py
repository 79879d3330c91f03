"""Proving who asks at the standard endpoints: each application by the one method it registered.

HTTP Basic and the body (RFC 6749 section 2.3.1), a signed assertion (RFC 7523, OpenID Connect Core
section 9), or none at all for public applications (RFC 6749 section 2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moneyer.applications.application import Application, require_active, require_address
from moneyer.applications.assertion import (
    ASSERTION_TYPE,
    Assertion,
    claimed_client_id,
    replay_name,
    verify_assertion,
)
from moneyer.applications.authenticate import Authenticated, authenticate
from moneyer.applications.client_keys import read_client_keys
from moneyer.protocol.basic import MAX_CLIENT_ID, MAX_CLIENT_SECRET, BasicCredentials
from moneyer.protocol.failures import BadClient, BadParameter, BadRequest
from moneyer.store.rows import RevokedToken, Rows

if TYPE_CHECKING:
    from moneyer.endpoints.standard.frame import StandardCall
    from moneyer.protocol.form import Form

MAX_ASSERTION = 16 * 1024


async def authenticate_client(call: StandardCall, form: Form) -> Authenticated:
    """The application, by whichever method it used, if that is the one it registered.

    Raises BadRequest for two methods at once, BadClient (counted against its source), NotPermitted,
    AddressBlocked, Throttled.
    """
    authorization = call.headers.get(b"authorization")
    has_secret = form.has_any(frozenset({"client_secret"}))
    has_assertion = form.has_any(frozenset({"client_assertion", "client_assertion_type"}))
    if (authorization is not None) + has_secret + has_assertion > 1:
        raise BadRequest("two-authentication-methods")
    named = form.text("client_id", MAX_CLIENT_ID)
    if authorization is not None:
        found = await call.service.authenticate(
            authorization, call.institution_id, call.trace, call.now
        )
    else:
        found = await _by_body(call, form, named or "")
        require_address(found.application, call.trace.source)
        await call.service.mint.note_secret_use(found.slot, call.now)
    if named not in (None, found.application.client_id):
        raise BadRequest("other-client-id")
    return found


async def _by_body(call: StandardCall, form: Form, named: str) -> Authenticated:
    assertion = form.printable("client_assertion", MAX_ASSERTION)
    service, snapshot = call.service, call.service.mint.snapshot
    client_id = named
    try:
        if assertion is not None or form.has_any(frozenset({"client_assertion_type"})):
            if form.printable("client_assertion_type", 128) != ASSERTION_TYPE or not assertion:
                raise BadClient("assertion-type")
            client_id = claimed_client_id(assertion)
            service.require_free(client_id, snapshot.application(client_id), call.trace, call.now)
            return await _by_assertion(call, assertion, client_id)
        service.require_free(client_id, snapshot.application(client_id), call.trace, call.now)
        secret = form.text("client_secret", MAX_CLIENT_SECRET)
        if secret is not None:
            presented = BasicCredentials(client_id, secret)
            key = service.mint.keys.client_secret
            return authenticate(presented, snapshot, key, call.now, "client_secret_post")
        return _public(snapshot.application(client_id))
    except BadParameter:
        raise BadClient("malformed-credentials") from None
    except BadClient as failure:
        await service.count_guess(client_id, call.institution_id, failure, call.trace, call.now)
        raise


def _public(application: Application | None) -> Authenticated:
    """Raises BadClient unless the application registered that it proves nothing."""
    if application is None:
        raise BadClient("no-credentials")
    if not application.is_public:
        raise BadClient("no-credentials")
    require_active(application)
    return Authenticated(application, None)


async def _by_assertion(call: StandardCall, assertion: str, client_id: str) -> Authenticated:
    """Raises BadClient, also for an assertion that was used before (RFC 7523 section 3, item 7)."""
    application = call.service.mint.snapshot.application(client_id)
    if application is None:
        raise BadClient("client-unknown")
    if application.auth_method != "private_key_jwt":
        raise BadClient("other-method-registered")
    keys = read_client_keys(application.jwks)
    verified = verify_assertion(assertion, client_id, keys, call.issuer, call.now)
    require_active(application)
    await call.service.mint.journal.perform(UseAssertion(call.institution_id, verified))
    return Authenticated(application, None)


class UseAssertion:
    """Remembers an assertion until it expires. Raises BadClient when it was used before."""

    def __init__(self, institution_id: str, assertion: Assertion) -> None:
        self.institution_id = institution_id
        self._name = replay_name(assertion.client_id, assertion.token_id)
        self._expires_at = assertion.expires_at

    def wants(self, rows: Rows) -> None:
        rows.revoked_tokens.want(self.institution_id, self._name)

    def decide(self, rows: Rows, now: int) -> None:
        if rows.revoked_tokens.get(self.institution_id, self._name) is not None:
            raise BadClient("assertion-replayed")
        rows.revoked_tokens.put(RevokedToken(self.institution_id, self._name, self._expires_at))
