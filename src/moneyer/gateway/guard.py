"""The decision about a call, in the order in which it may fail."""

from typing import Protocol

from moneyer.gateway.call import ApiCall, Context, Verified, is_named
from moneyer.gateway.context import read_context, require_agreement, require_named
from moneyer.gateway.identities import Identities
from moneyer.gateway.keys import PublicKey
from moneyer.gateway.refusals import CannotTell, InstitutionMismatch, ScopeMissing, StepUp, TokenInvalid
from moneyer.gateway.route import Route
from moneyer.gateway.sender import SenderProof
from moneyer.gateway.standing import Standing
from moneyer.gateway.token import Claims, SignatureCache, Signed, presented_token, require_claims
from moneyer.protocol.clock import SECOND, Clock
from moneyer.protocol.identifiers import is_customer_id, is_institution_id
from moneyer.tokens.access import application_subject

FRESH = 5 * SECOND
"""A token younger than this may be from an application that is not heard of here yet."""


class Institutions(Protocol):
    """Where it is known how each institution stands."""

    async def standing(self, institution_id: str) -> Standing:
        """Raises TokenInvalid for an institution that is not guarded here, CannotTell."""
        ...

    async def seek_key(self, standing: Standing, header: bytes) -> None:
        """Looks for the key under which tokens begin so, unless that was done a moment ago."""
        ...

    async def hear_of(self, standing: Standing, claims: Claims) -> None:
        """Waits until it is heard that the token's application may act, a moment at most."""
        ...


class Guard:
    """Decides about calls: what `moneyer.gateway.checks.Checks` asks for."""

    def __init__(self, institutions: Institutions, identities: Identities, clock: Clock) -> None:
        self._institutions = institutions
        self._identities = identities
        self._clock = clock
        self._signatures = SignatureCache()
        self._sender = SenderProof()

    async def check(self, call: ApiCall, route: Route) -> Verified:
        """What is proven about `call`, which `route` fits. Raises Refused."""
        presented = presented_token(call.headers)
        token = self._signatures.read(presented.text)
        institution_id = token.claims.institution_id
        if not is_institution_id(institution_id):
            raise TokenInvalid("institution-malformed")
        standing = await self._institutions.standing(institution_id)
        key = await self._key(token, standing)
        claims = self._signatures.verify(presented.text, token, key)
        now = self._clock.now()
        require_claims(claims, standing, route.audience, now)
        if not standing.knows(claims) and now - claims.iat * SECOND < FRESH:
            await self._institutions.hear_of(standing, claims)
        standing.require_live(claims)
        self._sender.require(claims, presented, call, now)
        _require_institution(call, route, claims)
        scopes = tuple(claims.scope.split())
        if route.scopes and frozenset(route.scopes).isdisjoint(scopes):
            raise ScopeMissing(route.scopes)
        _require_sign_in(claims, route, now)
        customer_id, context = await self._customer(call, route, claims, presented.text)
        standing.require_live(claims)  # it may have ended while it was asked whose it is
        return Verified(
            claims.institution_id,
            claims.client_id,
            scopes,
            claims.sub,
            claims.jti,
            claims.gty,
            customer_id,
            context,
            claims.acr or "",
            claims.auth_time or 0,
        )

    async def _key(self, token: Signed, standing: Standing) -> PublicKey:
        """The key under which tokens begin as this one does. Raises TokenInvalid, CannotTell.

        Headers are compared as bytes: no other algorithm, type, `crit`, `jku` or spelling exists
        (RFC 8725 section 3).
        """
        key = standing.key_of(token.header)
        if key is None:
            await self._institutions.seek_key(standing, token.header)
            key = standing.key_of(token.header)
        if key is None and standing.awaits_word_of(token.header):
            raise CannotTell("key-not-told-of-yet")
        if key is None:
            raise TokenInvalid("key-unknown")
        return key

    async def _customer(
        self, call: ApiCall, route: Route, claims: Claims, token: str
    ) -> tuple[str, Context]:
        """Whose the token is, and whom the call names."""
        context = read_context(call, route)
        if claims.sub == application_subject(claims.client_id):
            return "", require_named(context, route)
        if is_customer_id(claims.sub) and context == Context():
            return claims.sub, context
        identity = await self._identities.identify(claims, token)
        require_agreement(context, identity)
        return identity.institution_user_id, context


def _require_sign_in(claims: Claims, route: Route, now: int) -> None:
    """Raises StepUp where a customer has not signed in as strongly or as lately as the route needs."""
    if not route.acrs and route.max_age is None:
        return
    if claims.sub == application_subject(claims.client_id):
        return
    signed_in = (claims.auth_time or 0) * SECOND
    too_old = route.max_age is not None and now - signed_in > route.max_age * SECOND
    if too_old or (route.acrs and claims.acr not in route.acrs):
        raise StepUp(route.acrs, route.max_age)


def _require_institution(call: ApiCall, route: Route, claims: Claims) -> None:
    """Raises InstitutionMismatch where path or header `institutionId`, if they name one, name another.

    Whoever folds `-` and `_` behind us may read it in any of these spellings.
    """
    sent = [value for name, value in call.headers if is_named(name, b"institutionid")]
    named = len(sent)
    if route.institution_in_path:
        found = route.pattern.fullmatch(call.path)
        sent.append(found[route.institution_in_path].encode() if found else b"")
    if any(value != claims.institution_id.encode() for value in sent) or named > 1:
        raise InstitutionMismatch("other-institution")
