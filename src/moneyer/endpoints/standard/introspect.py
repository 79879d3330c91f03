"""`POST {issuer}/oauth2/introspect` (RFC 7662), as JSON or signed (RFC 9701)."""

import msgspec

from moneyer.endpoints.http import NO_STORE, Answer
from moneyer.endpoints.standard.frame import StandardCall
from moneyer.grants.introspection import introspect as look_into
from moneyer.protocol.clock import SECOND
from moneyer.tokens.verify import MAX_TOKEN_LENGTH

SIGNED = b"application/token-introspection+jwt"


async def introspect(call: StandardCall) -> Answer:
    """What the token opens, for its own application and resource servers; else that it is inactive."""
    call.open("POST")
    form = call.form()
    authenticated = await call.authenticated(form)
    token = form.require("token", MAX_TOKEN_LENGTH)
    application, mint = authenticated.application, call.service.mint
    said = await look_into(mint, application, call.institution(), token, call.now)
    if SIGNED not in call.headers.get(b"accept", b""):
        return call.answer(200, msgspec.json.encode(said))
    key = await mint.signing_key(call.institution(), call.now)
    claims = {
        "iss": call.issuer,
        "aud": application.client_id,
        "iat": call.now // SECOND,
        "token_introspection": said,
    }
    body = key.compact(key.header("token-introspection+jwt"), msgspec.json.encode(claims))
    return Answer(200, [(b"content-type", SIGNED), *NO_STORE], body)
