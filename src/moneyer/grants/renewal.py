"""What the grants that open or turn a family have in common."""

from moneyer.applications.application import Application
from moneyer.grants.mint import Mint, TokenRequest, TokenResponse
from moneyer.protocol.clock import seconds_left
from moneyer.protocol.scopes import Scopes
from moneyer.tokens.family import Family, RenewalPolicy, access_token_id, idle_end


def renewal_policy(application: Application) -> RenewalPolicy:
    """How this application's families behave."""
    return RenewalPolicy(
        retry_window=application.retry_window,
        idle=application.lifetimes.refresh_idle,
        rotates=application.refresh_policy == "rotate",
    )


async def answer_from_family(
    request: TokenRequest, mint: Mint, family: Family, refresh_token: str, scopes: Scopes
) -> TokenResponse:
    """The answer that belongs to the family's present turn: the same, bytes and all, on a retry."""
    key = await mint.signing_key(request.institution, family.turned_at)
    token, expires_in = mint.strike_access(
        request,
        key,
        subject=mint.subject(request.application, family.institution_id, family.customer_id),
        token_id=access_token_id(mint.ratchet, family, scopes),
        issued_at=family.turned_at,
        scopes=scopes,
        grant_type=family.grant_type,
        family=family,
        auth_time=family.auth_time,
        amr=family.amr or (("pwd",) if family.grant_type == "password" else ()),
        claims=family.claims,
    )
    end = idle_end(family, renewal_policy(request.application))
    return TokenResponse(
        request.grant_type,
        token,
        expires_in,
        scopes,
        refresh_token=refresh_token,
        refresh_token_expires_in=seconds_left(end, mint.clock.now()),
    )
