"""`POST {issuer}/oauth2/par`: pushed authorization requests (RFC 9126)."""

import msgspec

from moneyer.endpoints.http import Answer
from moneyer.endpoints.standard.frame import StandardCall
from moneyer.grants.authorize.pushed import LIFETIME, push
from moneyer.grants.authorize.request import find_redirect_uri, read_request
from moneyer.protocol.failures import BadRequest, SentBack, ShownHere


async def par(call: StandardCall) -> Answer:
    """201 with a `request_uri` that its own application may use once, within a minute and a half.

    What is wrong with the request is told here, to the application (RFC 9126 section 2.3).
    """
    call.open("POST")
    form = call.form()
    authenticated = await call.authenticated(form, public=True)
    if form.has_any(frozenset({"request_uri"})):
        raise BadRequest("request-uri-inside")
    application, institution = authenticated.application, call.institution()
    try:
        redirect_uri = find_redirect_uri(form, application)
    except ShownHere as failure:
        raise SentBack(
            "invalid_request", failure.reason, "redirect_uri is missing or not registered"
        ) from None
    request = read_request(form, application, institution, redirect_uri, call.now)
    request_uri = await push(call.service.mint, institution, application, request, call.trace)
    body = {"request_uri": request_uri, "expires_in": LIFETIME}
    return call.answer(201, msgspec.json.encode(body))
