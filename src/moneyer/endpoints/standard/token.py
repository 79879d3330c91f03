"""`POST {issuer}/oauth2/token` (RFC 6749 section 3.2)."""

from functools import partial

from moneyer.applications.application import require_grant
from moneyer.dialects import standard
from moneyer.endpoints.http import Answer
from moneyer.endpoints.standard.frame import StandardCall
from moneyer.grants.mint import TokenRequest
from moneyer.grants.registry import find_grant
from moneyer.protocol.failures import BadClient, NotPermitted

MAX_GRANT_TYPE = 128
_OPEN_TO_PUBLIC = frozenset({"authorization_code", "refresh_token"})


async def token(call: StandardCall) -> Answer:
    """A token for any of the grants that the application and the institution allow."""
    call.open("POST")
    form = call.form()
    authenticated = await call.authenticated(form, public=True)
    application, institution = authenticated.application, call.institution()
    grant = find_grant(form.printable("grant_type", MAX_GRANT_TYPE))
    if application.is_public and grant.name not in _OPEN_TO_PUBLIC:
        raise BadClient("public-application")
    require_grant(application, institution, grant.registered_as, call.now)
    if application.is_public and application.refresh_policy != "rotate":
        raise NotPermitted("public-application-must-rotate")
    response = await grant.handle(
        TokenRequest(
            application,
            institution,
            grant.name,
            form.only(grant.parameters),
            partial(standard.read_scopes, form),
            call.trace,
            call.now,
            is_strict=True,
        ),
        call.service.mint,
    )
    return call.answer(200, standard.write_tokens(response))
