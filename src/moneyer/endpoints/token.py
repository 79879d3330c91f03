"""`POST /oauth2/v1/token`."""

from functools import partial

from moneyer.applications.application import (
    require_entitlement,
    require_grant,
    require_registered,
)
from moneyer.dialects import v2
from moneyer.endpoints.call import Call
from moneyer.endpoints.http import Answer
from moneyer.grants.mint import TokenRequest
from moneyer.grants.registry import GRANTS, Grant, find_grant
from moneyer.protocol.failures import BadInstitutionId, BadRequest, BadToken
from moneyer.protocol.form import EMPTY, Form
from moneyer.tokens.code import read_code
from moneyer.tokens.family import read_token

MAX_GRANT_TYPE = 128
_OTHER_CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})
_NAMING_THEIR_INSTITUTION = frozenset({"authorization_code", "refresh_token"})


async def token(call: Call) -> Answer:
    """The steps, in the order in which they may fail (wire-v2, section 1)."""
    call.open("POST")
    form, named, malformed = _read(call)
    if named not in _NAMING_THEIR_INSTITUTION:
        call.require_institution_id()
    mint = call.service.mint
    authenticated = await call.service.authenticate(
        call.headers.get(b"authorization"), call.institution_id, call.trace, call.now
    )
    application = call.application = authenticated.application
    if call.institution_id is not None:
        require_entitlement(application, mint.snapshot.institution(call.institution_id))
    if malformed is not None:
        raise malformed
    require_one_identity(form, application.client_id)
    grant = find_grant(named)
    institution_id = call.institution_id
    if institution_id is None:
        require_registered(application, grant.registered_as)
        if grant.name == "authorization_code" and application.code_needs_institution_header:
            raise BadInstitutionId("institution-id-missing")
        institution_id = _named_institution(grant, form, call)
    institution = require_entitlement(application, mint.snapshot.institution(institution_id))
    call.institution_id = institution_id
    require_grant(application, institution, grant.registered_as, call.now)
    response = await grant.handle(
        TokenRequest(
            application,
            institution,
            grant.name,
            form.only(grant.parameters),
            partial(v2.read_scopes, form),
            call.trace,
            call.now,
        ),
        mint,
    )
    return call.answer(200, v2.write_tokens(response))


def _read(call: Call) -> tuple[Form, str | None, BadRequest | None]:
    """The form and its grant type; or what it will be refused with once the application is known."""
    try:
        form = call.form()
        return form, form.printable("grant_type", MAX_GRANT_TYPE), None
    except BadRequest as failure:
        return EMPTY, None, failure


def require_one_identity(form: Form, client_id: str) -> None:
    """Raises BadRequest for a second way of saying who asks (RFC 6749 section 2.3)."""
    if form.has_any(_OTHER_CREDENTIALS):
        raise BadRequest("two-authentication-methods")
    if form.text("client_id", 512) not in (None, client_id):
        raise BadRequest("other-client-id")


def _named_institution(grant: Grant, form: Form, call: Call) -> str:
    """The institution that a code or refresh token names. Raises BadToken, and BadParameter.

    For a refresh token its tag vouches for the name; a code is found under its name or not at all.
    """
    if grant is GRANTS["refresh_token"]:
        text = form.require("refresh_token", 1024)
        institution_id = read_token(call.service.mint.ratchet, text).institution_id
    else:
        institution_id, _ = read_code(form.require("code", 1024))
    application = call.application
    if application is None or institution_id not in application.entitled:
        raise BadToken("other-institution")
    return institution_id
