"""The client credentials grant (RFC 6749 section 4.4): an application, no customer, no renewal."""

from moneyer.grants.mint import Mint, RecordEvent, TokenRequest, TokenResponse
from moneyer.protocol.scopes import join, narrow
from moneyer.tokens.access import application_subject, new_token_id

PARAMETERS: frozenset[str] = frozenset()


async def client_credentials(request: TokenRequest, mint: Mint) -> TokenResponse:
    """An institution-scoped token; each API call then names the customer.

    Raises BadScope; StoreUnavailable when the event could not be committed.
    """
    application = request.application
    scopes = narrow(request.read_scopes(), application.api_scopes)
    key = await mint.signing_key(request.institution, request.now)
    token_id = new_token_id()
    token, expires_in = mint.strike_access(
        request,
        key,
        subject=application_subject(application.client_id),
        token_id=token_id,
        issued_at=request.now,
        scopes=scopes,
        grant_type="client_credentials",
    )
    await mint.journal.perform(
        RecordEvent(
            request.event(
                "token:issued",
                grant_type="client_credentials",
                scope=join(scopes),
                token_id=token_id,
                key_id=key.kid,
            )
        )
    )
    return TokenResponse("client_credentials", token, expires_in, scopes)
