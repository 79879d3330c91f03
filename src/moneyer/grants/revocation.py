"""Revocation (RFC 7009): of a refresh token with everything made from it, or of one access token."""

from moneyer.applications.application import Application
from moneyer.applications.authenticate import Authenticated
from moneyer.audit.events import Event, Trace
from moneyer.grants.mint import Mint
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadBearer, BadToken
from moneyer.store.rows import RevokedToken, Rows
from moneyer.tokens import family as ratchet
from moneyer.tokens.family import Presented, RatchetKeys
from moneyer.tokens.verify import SignedClaims, check_signature, find_key, split_token


async def revoke(
    authenticated: Authenticated, institution_id: str | None, token: str, mint: Mint, trace: Trace
) -> None:
    """Revokes `token` if it is this application's, at an institution it is entitled to.

    An unknown token, another application's and, where `institution_id` is given, another institution's
    change nothing and are no error (RFC 7009 section 2.2). Raises StoreUnavailable: the token must
    then be presumed to live. When this returns, no token of a revoked family opens anything.
    """
    application = authenticated.application
    institutions = [
        entitled
        for entitled in application.institutions
        if institution_id is None or entitled == institution_id
    ]
    if token.startswith(ratchet.PREFIX):
        try:
            presented = ratchet.read_token(mint.ratchet, token)
        except BadToken:
            return
        if presented.institution_id in institutions:
            await mint.journal.perform(RevokeFamily(mint.ratchet, presented, application, trace))
        return
    now = mint.clock.now()
    rings = [(name, ring) for name in institutions if (ring := mint.snapshot.ring(name))]
    try:
        parts = split_token(token)
        found, key = find_key(parts, rings, now)
        claims = check_signature(parts, key, found, mint.issuer(found))
    except BadBearer:
        return
    if claims.client_id == application.client_id and now < claims.exp * SECOND:
        await mint.journal.perform(RevokeToken(claims, trace))


class RevokeFamily:
    """Revokes the family that the presented token is of; any generation will do, a forgery will not."""

    def __init__(
        self,
        keys: RatchetKeys,
        presented: Presented,
        application: Application,
        trace: Trace,
    ) -> None:
        self._keys = keys
        self._presented = presented
        self.institution_id = presented.institution_id
        self._client_id = application.client_id
        self._trace = trace

    def wants(self, rows: Rows) -> None:
        rows.families.want(self._presented.institution_id, self._presented.family_id)

    def decide(self, rows: Rows, now: int) -> None:
        presented = self._presented
        family = rows.families.get(presented.institution_id, presented.family_id)
        if family is None or family.client_id != self._client_id or family.status != "live":
            return
        if not ratchet.belongs(self._keys, presented, family):
            return
        rows.families.put(ratchet.revoked(family, now))
        rows.record(
            Event(
                "family:revoked",
                now,
                family.institution_id,
                client_id=family.client_id,
                customer_id=family.customer_id,
                family_id=family.family_id.hex(),
                generation=family.generation,
                source=self._trace.source,
                transaction_id=self._trace.transaction_id,
            )
        )


class RevokeToken:
    """Revokes one access token until it would have expired."""

    def __init__(self, claims: SignedClaims, trace: Trace) -> None:
        self._claims = claims
        self.institution_id = claims.institution_id
        self._trace = trace

    def wants(self, rows: Rows) -> None:
        rows.revoked_tokens.want(self._claims.institution_id, self._claims.jti)

    def decide(self, rows: Rows, now: int) -> None:
        claims = self._claims
        if rows.revoked_tokens.get(claims.institution_id, claims.jti) is not None:
            return
        expires_at = (claims.exp + 1) * SECOND
        rows.revoked_tokens.put(RevokedToken(claims.institution_id, claims.jti, expires_at, now))
        rows.record(
            Event(
                "token:revoked",
                now,
                claims.institution_id,
                client_id=claims.client_id,
                token_id=claims.jti,
                source=self._trace.source,
                transaction_id=self._trace.transaction_id,
            )
        )
