"""What the grants that open or turn a family have in common."""

import secrets

from moneyer.applications.application import Application
from moneyer.audit.events import Event
from moneyer.grants.mint import Mint, TokenRequest, TokenResponse
from moneyer.protocol.clock import seconds_left
from moneyer.protocol.scopes import Scopes, join
from moneyer.store.rows import Rows
from moneyer.tokens.family import (
    SECRET_BYTES,
    Family,
    RenewalPolicy,
    access_token_id,
    idle_end,
    start,
)


def renewal_policy(application: Application) -> RenewalPolicy:
    """How this application's families behave."""
    return RenewalPolicy(
        retry_window=application.retry_window,
        idle=application.lifetimes.refresh_idle,
        rotates=application.refresh_policy == "rotate",
    )


def open_family(
    rows: Rows,
    request: TokenRequest,
    mint: Mint,
    *,
    family_id: bytes,
    customer_id: str,
    scopes: Scopes,
    grant_type: str,
    auth_time: int,
    now: int,
    amr: tuple[str, ...] = (),
    claims: tuple[str, ...] = (),
) -> tuple[Family, str]:
    """A new family of the asking application, put among `rows`, and its first refresh token."""
    family, refresh_token = start(
        mint.ratchet,
        secrets.token_bytes(SECRET_BYTES),
        institution_id=request.institution.institution_id,
        family_id=family_id,
        client_id=request.application.client_id,
        customer_id=customer_id,
        scopes=scopes,
        grant_type=grant_type,
        auth_time=auth_time,
        lifetime=request.application.lifetimes.refresh_absolute,
        key_version=mint.keys.version,
        now=now,
        amr=amr,
        claims=claims,
    )
    rows.families.put(family)
    return family, refresh_token


def family_opened(request: TokenRequest, family: Family) -> Event:
    """The event of a sign-in with a password that opened `family`."""
    return request.event(
        "family:opened",
        grant_type=family.grant,
        customer_id=family.customer_id,
        scope=join(family.scopes),
        family_id=family.family_id.hex(),
        generation=0,
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
        grant_type=family.grant,
        family=family,
        auth_time=family.auth_time,
        amr=family.amr or (("pwd",) if family.grant == "password" else ()),
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
