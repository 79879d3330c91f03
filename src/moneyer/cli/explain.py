"""What a token is, whose, until when, and whether and why it would be refused."""

import asyncio
from contextlib import aclosing
from typing import NamedTuple

from moneyer.app import reader_for
from moneyer.applications.application import Application, require_active, require_entitlement
from moneyer.cli.context import Office, in_words
from moneyer.grants.mint import Reader
from moneyer.grants.renewal import renewal_policy
from moneyer.institutions.institution import issuer_of
from moneyer.keys.ring import Ring
from moneyer.protocol.clock import SECOND, SystemClock
from moneyer.protocol.failures import BadBearer, BadToken, Failure
from moneyer.store.admin import AdminError
from moneyer.tokens import code as codes
from moneyer.tokens import family as ratchet
from moneyer.tokens.access import application_subject, legacy_audience
from moneyer.tokens.family import RatchetKeys
from moneyer.tokens.verify import check_signature, find_key, split_token


class Explanation(NamedTuple):
    """What is to be said about a token. `refusal` is None when it would be accepted now.

    Without `facts` the token's form alone is known, not that it was struck here.
    """

    kind: str
    facts: dict[str, str]
    refusal: str | None


_REASONS = {
    "family-unknown": "its family does not exist any more",
    "family-revoked": "its family was revoked",
    "family-expired": "its family has reached its absolute end",
    "family-legacy": "the legacy endpoint opened its family, and nothing renews those",
    "family-idle": "its family was not used for too long",
    "generation-unborn": "it claims a generation that was never reached",
    "digest-wrong": "its secret does not belong to the family",
    "refresh-malformed": "it does not have the form of a refresh token",
    "refresh-tag-wrong": "its tag is wrong: it was not struck here, or was damaged on the way",
    "code-malformed": "it does not have the form of a code",
    "token-malformed": "it does not have the form of a token of this service",
    "token-not-ours": "its header is not that of an access token under a key published here",
    "signature-wrong": "its signature is wrong",
    "other-institution": "its issuer is not the institution's",
    "application-disabled": "the application is disabled",
    "not-legacy": "the application may not use the legacy endpoint any more",
    "not-entitled": "the application is not entitled to the institution any more",
    "institution-disabled": "the institution is disabled",
}


def _words(failure: Failure) -> str:
    return _REASONS.get(failure.reason, failure.reason)


def explain(desk: Office, token: str) -> Explanation:
    """Everything that is known about `token`. Changes nothing."""
    return asyncio.run(_explain(desk, token))


async def _explain(desk: Office, token: str) -> Explanation:
    async with aclosing(reader_for(desk.settings.database)) as reader:
        if token.startswith(ratchet.PREFIX):
            return await _refresh_token(desk, reader, token)
        if token.startswith(codes.PREFIX):
            return await _code(desk, reader, token)
        return await _access_token(desk, reader, token)


async def _refresh_token(desk: Office, reader: Reader, token: str) -> Explanation:
    kind = "refresh token"
    keys = RatchetKeys(desk.keys.refresh_tag, desk.keys.ratchet)
    try:
        presented = ratchet.read_token(keys, token)
    except BadToken as failure:
        return Explanation(kind, {}, _words(failure))
    facts = {
        "institution": presented.institution_id,
        "family": presented.family_id.hex(),
        "generation": str(presented.generation),
    }
    family = await reader.family(presented.institution_id, presented.family_id)
    if family is None:
        return Explanation(kind, facts, _REASONS["family-unknown"])
    application = _application(desk, family.client_id)
    if application is None:
        return Explanation(kind, facts, "its application does not exist any more")
    policy = renewal_policy(application)
    facts |= {
        "application": f"{application.client_id} ({application.name})",
        "customer": family.customer_id,
        "scopes": " ".join(family.scopes),
        "signed in": in_words(family.auth_time),
        "last turned": in_words(family.turned_at),
        "present generation": str(family.generation),
        "ends": in_words(ratchet.idle_end(family, policy)),
    }
    refusal = _standing(desk, application, presented.institution_id)
    if refusal is None:
        now = SystemClock().now()
        verdict = ratchet.decide(keys, policy, presented, family, family.client_id, now)
        if verdict.outcome is ratchet.Outcome.RETRIED:
            facts["note"] = "already turned; within the retry window it gets the same answer again"
        elif verdict.outcome is ratchet.Outcome.REPLAYED:
            refusal = "it was already turned: presenting it would revoke the whole family"
        elif verdict.outcome is ratchet.Outcome.REFUSED:
            refusal = _REASONS.get(verdict.reason, verdict.reason)
    return Explanation(kind, facts, refusal)


async def _code(desk: Office, reader: Reader, token: str) -> Explanation:
    kind = "authorization code"
    try:
        institution_id, digest = codes.read_code(token)
    except BadToken as failure:
        return Explanation(kind, {}, _words(failure))
    code = await reader.code(institution_id, digest)
    if code is None:
        return Explanation(kind, {"institution": institution_id}, "there is no such code here")
    facts = {
        "institution": institution_id,
        "application": code.client_id,
        "customer": code.customer_id,
        "scopes": " ".join((*code.scopes, *code.identity)),
        "redirect URI": code.redirect_uri,
        "ends": in_words(code.expires_at),
    }
    if code.taken_at is not None:
        return Explanation(kind, facts, f"it was used at {in_words(code.taken_at)}")
    if SystemClock().now() >= code.expires_at:
        return Explanation(kind, facts, "it has expired")
    application = _application(desk, code.client_id)
    if application is None:
        return Explanation(kind, facts, "its application does not exist any more")
    return Explanation(kind, facts, _standing(desk, application, institution_id))


async def _access_token(desk: Office, reader: Reader, token: str) -> Explanation:
    kind = "access token"
    now = SystemClock().now()
    try:
        parts = split_token(token)
    except BadBearer as failure:
        return Explanation("unknown", {}, _words(failure))
    rings = [
        (i.institution_id, Ring(desk.admin.institutions.keys(i.institution_id), desk.keys.sealing))
        for i in desk.admin.institutions.all()
    ]
    try:
        institution_id, key = find_key(parts, rings, now)
        issuer = issuer_of(desk.settings.base_url, institution_id)
        claims = check_signature(parts, key, institution_id, issuer)
    except BadBearer as failure:
        return Explanation(kind, {}, _words(failure))
    is_legacy = claims.aud == legacy_audience(claims.iss)
    is_customers = claims.sub != application_subject(claims.client_id)
    facts = {
        "institution": institution_id,
        "application": claims.client_id,
        "customer": claims.sub if is_customers else "none: institution-scoped",
        "grant": claims.gty,
        "scopes": claims.scope,
        "opens": "the legacy APIs" if is_legacy else "the current APIs",
        "struck": in_words(claims.iat * SECOND),
        "ends": in_words(claims.exp * SECOND),
        "token id": claims.jti,
        "signed by": key.kid,
    }
    if now >= claims.exp * SECOND:
        return Explanation(kind, facts, "it has expired")
    if await reader.token_is_revoked(institution_id, claims.jti):
        return Explanation(kind, facts, "it was revoked")
    if claims.sid is not None:
        family = await reader.family(institution_id, bytes.fromhex(claims.sid))
        facts["family"] = claims.sid
        if family is None or family.status != "live":
            return Explanation(kind, facts, _REASONS["family-revoked"])
    if is_customers:
        customer = await reader.customer(institution_id, claims.sub)
        if customer is None or customer.status != "active":
            return Explanation(kind, facts, "the customer is disabled")
        if (claims.iat + 1) * SECOND <= customer.tokens_not_before:
            return Explanation(kind, facts, "everything of this customer was ended since")
    application = _application(desk, claims.client_id)
    if application is None:
        return Explanation(kind, facts, "its application does not exist any more")
    if is_legacy and not application.is_legacy:
        return Explanation(kind, facts, _REASONS["not-legacy"])
    return Explanation(kind, facts, _standing(desk, application, institution_id))


def _application(desk: Office, client_id: str) -> Application | None:
    try:
        return desk.admin.applications.get(client_id)
    except AdminError:
        return None


def _standing(desk: Office, application: Application, institution_id: str) -> str | None:
    """Why the application may not act for the institution at present; None when it may."""
    try:
        require_active(application)
        require_entitlement(application, desk.admin.institutions.get(institution_id))
    except Failure as failure:
        return _words(failure)
    return None
