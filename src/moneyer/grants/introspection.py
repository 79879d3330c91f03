"""Looking into a token (RFC 7662 section 2.2)."""

from functools import partial

from moneyer.applications.application import Application
from moneyer.customers.factors.policy import acr_of
from moneyer.grants.bearer import Bearer, verify_bearer
from moneyer.grants.mint import Mint
from moneyer.grants.renewal import renewal_policy
from moneyer.institutions.institution import Institution
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadBearer, BadToken
from moneyer.protocol.scopes import Scopes, join
from moneyer.tokens import family as ratchet
from moneyer.tokens.access import legacy_audience
from moneyer.tokens.family import idle_end
from moneyer.tokens.verify import VerifiedClaims

INACTIVE: dict[str, object] = {"active": False}


async def introspect(
    mint: Mint, asking: Application, institution: Institution, token: str, now: int
) -> dict[str, object]:
    """The members of the answer; INACTIVE, and nothing besides, for everything that opens nothing or
    is not for the caller to see. Raises StoreUnavailable."""
    if token.startswith(ratchet.PREFIX):
        return await _refresh_token(mint, asking, institution, token, now)
    try:
        bearer = await _verified(mint, institution.institution_id, token, now)
    except BadBearer:
        return INACTIVE
    claims = bearer.claims
    if claims.client_id != asking.client_id and not _is_for(asking, claims):
        return INACTIVE
    scopes = tuple(claims.scope.split())
    if asking.is_resource_server and asking.client_id != claims.client_id and asking.scopes:
        scopes = tuple(scope for scope in scopes if scope in asking.scopes)
    said: dict[str, object] = {
        "active": True,
        "token_type": "Bearer",
        "scope": join(scopes),
        "client_id": claims.client_id,
        "iss": claims.iss,
        "sub": claims.sub,
        "aud": claims.aud,
        "exp": claims.exp,
        "iat": claims.iat,
        "jti": claims.jti,
        "institution_id": claims.institution_id,
        "acr": claims.acr,
        "amr": claims.amr,
        "auth_time": claims.auth_time,
    }
    if asking.is_resource_server and bearer.customer_id:
        said |= await _identity(mint, claims.institution_id, bearer.customer_id)
    return {name: value for name, value in said.items() if value is not None}


async def _identity(mint: Mint, institution_id: str, customer_id: str) -> dict[str, object]:
    """Who the customer is to the bank, for the bank's own APIs alone: no token says so."""
    customer = await mint.reader.customer(institution_id, customer_id)
    if customer is None:
        return {}
    return {
        "username": customer.login_id,
        "institution_user_id": customer.customer_id,
        "host_user_id": customer.host_user_id,
        "institution_customer_ids": customer.businesses,
    }


async def _verified(mint: Mint, institution_id: str, token: str, now: int) -> Bearer:
    """Who is behind a token for the current APIs or for the legacy ones. Raises BadBearer."""
    verify = partial(verify_bearer, mint, institution_id, token, "", now, anywhere=True)
    try:
        return await verify()
    except BadBearer as failure:
        if failure.reason != "other-audience":
            raise
    return await verify(audience=legacy_audience)


def _is_for(asking: Application, claims: VerifiedClaims) -> bool:
    """Whether `asking` serves what the token opens: a token is active where it opens something."""
    is_legacy = claims.aud == legacy_audience(claims.iss)
    return asking.is_resource_server and asking.is_legacy == is_legacy


async def _refresh_token(
    mint: Mint, asking: Application, institution: Institution, token: str, now: int
) -> dict[str, object]:
    """A refresh token, for its own application alone; only that of the present generation is active."""
    try:
        presented = ratchet.read_token(mint.ratchet, token)
    except BadToken:
        return INACTIVE
    if presented.institution_id != institution.institution_id:
        return INACTIVE
    family = await mint.reader.family(institution.institution_id, presented.family_id)
    if family is None or family.client_id != asking.client_id or family.status != "live":
        return INACTIVE
    if not family.is_renewable:
        return INACTIVE
    end = idle_end(family, renewal_policy(asking))
    if now >= end or family.generation != presented.generation:
        return INACTIVE
    if not ratchet.belongs(mint.ratchet, presented, family):
        return INACTIVE
    customer = await mint.reader.customer(institution.institution_id, family.customer_id)
    if customer is None or customer.status != "active":
        return INACTIVE
    held: Scopes = tuple(scope for scope in family.scopes if scope in asking.scopes)
    said: dict[str, object] = {
        "active": True,
        "scope": join(held),
        "client_id": family.client_id,
        "iss": mint.issuer(institution.institution_id),
        "sub": mint.subject(asking, institution.institution_id, family.customer_id),
        "exp": end // SECOND,
        "iat": family.turned_at // SECOND,
        "auth_time": family.auth_time // SECOND,
    }
    if family.amr:
        said |= {"acr": acr_of(family.amr), "amr": family.amr}
    return said
