"""`POST {issuer}/oauth2/revoke` (RFC 7009)."""

from moneyer.endpoints.http import NO_STORE, Answer
from moneyer.endpoints.standard.frame import StandardCall
from moneyer.grants.revocation import revoke as revoke_token
from moneyer.tokens.verify import MAX_TOKEN_LENGTH


async def revoke(call: StandardCall) -> Answer:
    """200 whether or not there was something to revoke; `token_type_hint` is not needed and ignored."""
    call.open("POST")
    form = call.form()
    authenticated = await call.authenticated(form, public=True)
    token = form.require("token", MAX_TOKEN_LENGTH)
    mint = call.service.mint
    await revoke_token(authenticated, call.institution_id, token, mint, call.trace)
    return Answer(200, [*NO_STORE])
