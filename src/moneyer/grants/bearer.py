"""Opening our own resources with an access token (RFC 6750, RFC 9068 section 4)."""

from collections.abc import Callable
from typing import NamedTuple

from moneyer.applications.application import (
    Application,
    on_allow_list,
    require_active,
    require_entitlement,
    require_legacy,
)
from moneyer.customers.consent import consent_id
from moneyer.grants.mint import Mint
from moneyer.institutions.institution import Institution
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadBearer, Failure
from moneyer.tokens.access import api_audience, application_subject, legacy_audience
from moneyer.tokens.subject import customer_of
from moneyer.tokens.verify import (
    VerifiedClaims,
    check_signature,
    check_time_and_audience,
    find_key,
    split_token,
)


class Bearer(NamedTuple):
    """Who presented a token that holds."""

    application: Application
    institution: Institution
    claims: VerifiedClaims
    customer_id: str = ""


def token_of(header: bytes | None) -> str:
    """The token in an `Authorization: Bearer` header (RFC 6750 section 2.1). Raises BadBearer."""
    scheme, _, token = (header or b"").partition(b" ")
    if scheme.lower() != b"bearer" or not token or b"," in token:
        raise BadBearer("no-bearer-token")
    return token.strip(b" ").decode("latin-1")


async def verify_bearer(
    mint: Mint,
    institution_id: str,
    token: str,
    source: str,
    now: int,
    *,
    anywhere: bool = False,
    audience: Callable[[str], str] = api_audience,
) -> Bearer:
    """The application behind `token` at this institution.

    `anywhere` leaves out where the token comes from: another is asking about it. `audience` says
    which tokens of an issuer open what is asked for: those for its current APIs or for its legacy ones.

    Raises BadBearer when the token is not ours, is another institution's, has expired or was revoked,
    or when its application may no longer act; StoreUnavailable when that cannot be known.
    """
    ring = mint.snapshot.ring(institution_id)
    parts = split_token(token)
    rings = [(institution_id, ring)] if ring else []
    _, key = find_key(parts, rings, now)
    issuer = mint.issuer(institution_id)
    signed = check_signature(parts, key, institution_id, issuer)
    claims = check_time_and_audience(signed, audience(issuer), now)
    application = mint.snapshot.application(claims.client_id)
    if application is None:
        raise BadBearer("application-unknown")
    try:
        require_active(application)
        if audience is legacy_audience:
            require_legacy(application)
        institution = require_entitlement(application, mint.snapshot.institution(institution_id))
    except Failure as failure:
        raise BadBearer(failure.reason) from None
    if application.allowed_addresses and not (anywhere or on_allow_list(application, source)):
        raise BadBearer("address-not-allowed")
    customer_id = await require_not_revoked(mint, claims, application)
    return Bearer(application, institution, claims, customer_id)


async def require_not_revoked(mint: Mint, claims: VerifiedClaims, application: Application) -> str:
    """The customer the token is about, or "".

    Raises BadBearer when the token, its family, its consent, or everything of its customer was revoked.
    """
    institution_id = claims.institution_id
    if await mint.reader.token_is_revoked(institution_id, claims.jti):
        raise BadBearer("token-revoked")
    if claims.sid is not None:
        family = await mint.reader.family(institution_id, bytes.fromhex(claims.sid))
        if family is None or family.status != "live":
            raise BadBearer("family-revoked")
    if claims.sub == application_subject(claims.client_id):
        return ""
    customer_id = customer_of(mint.keys.pairwise, application, institution_id, claims.sub)
    customer = await mint.reader.customer(institution_id, customer_id)
    if customer is None or customer.status != "active":
        raise BadBearer("customer-disabled")
    # A family ended with its customer's sign-out. Without one `iat` decides, which is rounded down:
    # a token from within the second of the sign-out is taken for an older one.
    if claims.sid is None:
        if claims.iat * SECOND < customer.tokens_not_before:
            raise BadBearer("customer-signed-out")
        name = consent_id(customer_id, claims.client_id)
        consent = await mint.reader.consent(institution_id, name)
        if consent is not None and claims.iat * SECOND < consent.withdrawn_at:
            raise BadBearer("consent-withdrawn")
    return customer_id
