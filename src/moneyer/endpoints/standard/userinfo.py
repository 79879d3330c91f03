"""`GET` and `POST {issuer}/oauth2/userinfo` (OpenID Connect Core section 5.3)."""

import msgspec

from moneyer.endpoints.call import is_form
from moneyer.endpoints.http import Answer
from moneyer.endpoints.standard.frame import StandardCall
from moneyer.grants.bearer import token_of, verify_bearer
from moneyer.protocol.failures import BadBearer, BadRequest, LacksScope
from moneyer.tokens.id_token import CLAIMS_OF_SCOPE, customer_claims


async def userinfo(call: StandardCall) -> Answer:
    """Who the customer is, as far as they allowed the application to know.

    Raises BadBearer, LacksScope without `openid`, BadRequest for a second token in the body.
    """
    call.begin("GET", "POST")
    call.institution()
    if call.request.method == "POST" and call.request.body:
        if call.request.unread is not None:
            raise call.request.unread
        if is_form(call.headers.get(b"content-type")) and call.form().has_any(
            frozenset({"access_token"})
        ):
            raise BadRequest("token-in-body")
    mint = call.service.mint
    token = token_of(call.headers.get(b"authorization"))
    bearer = await verify_bearer(mint, call.institution_id, token, call.trace.source, call.now)
    scopes = bearer.claims.scope.split()
    if "openid" not in scopes or not bearer.customer_id:
        raise LacksScope("openid")
    customer = await mint.reader.customer(call.institution_id, bearer.customer_id)
    if customer is None:
        raise BadBearer("customer-disabled")
    names = [name for scope in scopes for name in CLAIMS_OF_SCOPE.get(scope, ())]
    names.extend(bearer.claims.claims or ())
    body = {"sub": bearer.claims.sub, **customer_claims(customer, dict.fromkeys(names))}
    return call.answer(200, msgspec.json.encode(body))
