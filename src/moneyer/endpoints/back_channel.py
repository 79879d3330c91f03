"""`POST /v1/client-authorization` and `POST /v1/auth-code`: codes over the back channel."""

from moneyer.applications.application import Application
from moneyer.dialects import v2
from moneyer.endpoints.call import Call
from moneyer.endpoints.http import Answer
from moneyer.grants.back_channel import find_target, issue_code
from moneyer.grants.bearer import Bearer, token_of, verify_bearer
from moneyer.protocol.form import Form


async def client_authorization(call: Call) -> Answer:
    """What a sign-in page may ask for on behalf of the application `client_id`."""
    _, target, _ = await _open(call)
    return call.answer(200, v2.write_client_authorization(target))


async def auth_code(call: Call) -> Answer:
    """A code for the application `client_id` and the customer the sign-in page has authenticated."""
    bearer, target, form = await _open(call)
    issued = await issue_code(bearer, target, form, call.service.mint, call.trace, call.now)
    return call.answer(200, v2.write_code(issued))


async def _open(call: Call) -> tuple[Bearer, Application, Form]:
    """Who asks, for which application, and with what form."""
    call.open("POST")
    institution_id = call.require_institution_id()
    mint = call.service.mint
    bearer = await verify_bearer(
        mint,
        institution_id,
        token_of(call.headers.get(b"authorization")),
        call.trace.source,
        call.now,
    )
    call.application = bearer.application
    form = call.form()
    target = find_target(bearer, form.require("client_id", 128), mint, call.now)
    return bearer, target, form
