"""`POST /v1/oauth/token`."""

from moneyer.applications.application import require_entitlement, require_grant, require_legacy
from moneyer.dialects import v1
from moneyer.endpoints.http import Answer
from moneyer.endpoints.token import MAX_GRANT_TYPE, require_one_identity
from moneyer.endpoints.v1.frame import LegacyCall
from moneyer.grants.mint import TokenRequest
from moneyer.grants.registry import LEGACY_GRANTS, find_grant


async def token(call: LegacyCall) -> Answer:
    """The steps, in the order in which they may fail: that of V2."""
    call.open("POST")
    institution_id = call.require_institution_id()
    mint = call.service.mint
    authenticated = await call.service.authenticate(
        call.headers.get(b"authorization"), institution_id, call.trace, call.now
    )
    application = call.application = authenticated.application
    require_legacy(application)
    institution = require_entitlement(application, mint.snapshot.institution(institution_id))
    form = call.form()
    require_one_identity(form, application.client_id)
    grant = find_grant(form.printable("grant_type", MAX_GRANT_TYPE), LEGACY_GRANTS)
    require_grant(application, institution, grant.registered_as, call.now)
    response = await grant.handle(
        TokenRequest(
            application,
            institution,
            grant.name,
            form.only(grant.parameters),
            v1.read_scopes,
            call.trace,
            call.now,
            is_legacy=True,
        ),
        mint,
    )
    return call.answer(200, v1.write_tokens(institution_id, response))
