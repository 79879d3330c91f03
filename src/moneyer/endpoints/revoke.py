"""`DELETE /oauth2/v1/revoke`, and `POST` (RFC 7009). The DELETE has a body, which is read."""

from moneyer.applications.application import require_entitlement
from moneyer.endpoints.call import Call
from moneyer.endpoints.http import NO_STORE, Answer
from moneyer.endpoints.token import require_one_identity
from moneyer.grants.revocation import revoke as revoke_token
from moneyer.tokens.verify import MAX_TOKEN_LENGTH


async def revoke(call: Call) -> Answer:
    """204 whether or not there was something to revoke; 503 when the token must be presumed alive."""
    call.open("DELETE", "POST")
    authenticated = await call.service.authenticate(
        call.headers.get(b"authorization"), call.institution_id, call.trace, call.now
    )
    application = call.application = authenticated.application
    mint = call.service.mint
    if call.institution_id is not None:
        require_entitlement(application, mint.snapshot.institution(call.institution_id))
    form = call.form()
    require_one_identity(form, application.client_id)
    token = form.require("token", MAX_TOKEN_LENGTH)
    await revoke_token(authenticated, call.institution_id, token, mint, call.trace)
    return Answer(204, [*NO_STORE, (b"transactionid", call.trace.transaction_id.encode())])
