"""Tokens in an answer that are struck again, by the service's own key, with other times."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import msgspec

from moneyer.applications.authenticate import Authenticated
from moneyer.audit.events import Trace
from moneyer.endpoints.http import Answer
from moneyer.gateway.refusals import TokenInvalid
from moneyer.grants.revocation import revoke
from moneyer.keys.ring import Ring, SigningKey
from moneyer.protocol import base64url
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadBearer
from moneyer.protocol.identifiers import new_transaction_id
from moneyer.sandbox.faults.fault import Scene
from moneyer.sandbox.faults.whose import bearer_of, claims_of
from moneyer.sandbox.faults.words import REASON, failed
from moneyer.tokens.verify import MAX_SKEW

_JWT = re.compile(rb"eyJ[\w-]+\.[\w-]+\.[\w-]+")
_EXPIRES_IN = re.compile(rb'((?:"expires_in":"?)|<expires_in>)[0-9]+')

Claims = dict[str, Any]


async def refuse_token(scene: Scene, _argument: int) -> Answer | None:
    """A call is answered as one with a token that has expired or was revoked; other requests go on."""
    if scene.place.api is not None:
        return scene.place.api.refused(scene.request, TokenInvalid(REASON))
    if scene.place.kind == "bearer":
        return failed(scene, BadBearer(REASON))
    return None


async def expire(scene: Scene, answer: Answer, seconds: int) -> Answer:
    """The new access token lives for so many seconds, and says so."""
    if scene.place.kind != "token" or answer.status != 200:
        return answer
    end = scene.service.mint.clock.now() // SECOND + seconds

    def change(claims: Claims) -> None:
        if "client_id" in claims:
            claims["exp"] = end

    body = _strike_again(scene, answer.body, change)
    return answer._replace(body=_EXPIRES_IN.sub(rb"\g<1>%d" % seconds, body))


async def revoke_new(scene: Scene, answer: Answer, _argument: int) -> Answer:
    """The new access token is revoked as if its application had asked for it, before it is sent."""
    mint = scene.service.mint
    for token in _JWT.findall(answer.body) if scene.place.kind == "token" else ():
        application = mint.snapshot.application(str(claims_of(token).get("client_id", "")))
        if application is not None:
            trace = Trace(scene.request.source, new_transaction_id())
            asking = Authenticated(application, None)
            await revoke(asking, None, token.decode(), mint, trace)
    return answer


async def judge_skewed(scene: Scene, seconds: int) -> Answer | None:
    """Sets the clock; a token that does not hold by it is refused."""
    scene.shift = seconds
    claims = claims_of(bearer_of(scene.request))
    there = scene.service.mint.clock.now() + seconds * SECOND
    begins, ends = claims.get("iat"), claims.get("exp")
    if not (isinstance(begins, int) and isinstance(ends, int)):
        return None
    if there < ends * SECOND and begins * SECOND <= there + MAX_SKEW:
        return None
    return await refuse_token(scene, 0)


async def date_skewed(scene: Scene, answer: Answer, seconds: int) -> Answer:
    """New tokens have the times that a clock says which is so many seconds ahead, or behind."""
    if scene.place.kind != "token" or answer.status != 200:
        return answer

    def change(claims: Claims) -> None:
        for name in ("iat", "exp", "nbf", "auth_time"):
            if name in claims:
                claims[name] += seconds

    return answer._replace(body=_strike_again(scene, answer.body, change))


def _strike_again(scene: Scene, body: bytes, change: Callable[[Claims], None]) -> bytes:
    """`body` with every token of ours in it changed; an id_token keeps to its access token."""
    tokens = _JWT.findall(body)
    institutions = [str(claims_of(token).get("institution_id", "")) for token in tokens]
    ring = scene.service.mint.snapshot.ring(next(filter(None, institutions), ""))
    struck = b""
    for token in tokens:
        header, claims = token.partition(b".")[0], claims_of(token)
        if ring is None or (key := _key(ring, header)) is None:
            continue
        change(claims)
        if "at_hash" in claims:
            half = hashlib.sha256(struck).digest()[:16]
            claims["at_hash"] = base64url.encode(half).decode()
        renewed = key.compact(header, msgspec.json.encode(claims))
        struck = struck or renewed
        body = body.replace(token, renewed)
    return body


def _key(ring: Ring, header: bytes) -> SigningKey | None:
    """The key whose tokens begin like this."""
    for key in ring.keys:
        if header in {key.access_header, key.id_token_header}:
            return key
    return None
