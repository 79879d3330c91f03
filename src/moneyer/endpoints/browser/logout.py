"""`GET` and `POST {issuer}/oauth2/logout` (OpenID Connect RP-Initiated Logout 1.0)."""

import msgspec

from moneyer.applications.application import Application
from moneyer.customers.session import Session
from moneyer.endpoints.browser.answers import with_query
from moneyer.endpoints.browser.frame import ACCOUNT, PageCall
from moneyer.endpoints.browser.steps import token_request
from moneyer.endpoints.browser.ticket import (
    MAX_TICKET,
    Ticket,
    new_ticket,
    read_ticket,
    write_ticket,
)
from moneyer.endpoints.http import Answer
from moneyer.grants.authorize.hints import Hint, read_hint
from moneyer.grants.authorize.request import MAX_STATE
from moneyer.grants.authorize.sign_out import EndSession
from moneyer.grants.back_channel_logout import tell_applications
from moneyer.institutions.institution import Institution
from moneyer.pages.views import SignedOut, SignOut
from moneyer.protocol.failures import ShownHere
from moneyer.protocol.form import Form, read_form
from moneyer.protocol.redirect_uri import MAX_BYTES as MAX_URI


async def logout(call: PageCall) -> Answer:
    """Signs out: at once when the application proves by an id_token whose session it means, else after
    the customer was asked. The browser is sent on only to an address registered for that."""
    institution = call.open_page("GET", "POST")
    form = call.form() if call.request.method == "POST" else read_form(call.request.query)
    call.ui_locales = form.printable("ui_locales", 256) or ""
    if form.printable("action", 16):
        return await _answered(call, institution, form)
    hint = _hint(call, institution, form)
    ticket = _ticket(call, form, hint)
    session = await call.session(institution)
    if session is None:
        return _done(call, ticket)
    if hint is not None and hint.sid == session.session_id:
        return await _sign_out(call, institution, session, ticket)
    view = SignOut(call.path("/oauth2/logout"), write_ticket(call, ticket))
    return call.page(view, sends_to=ticket.back_to)


async def _answered(call: PageCall, institution: Institution, form: Form) -> Answer:
    """The customer was asked, and answered."""
    call.require_same_origin()
    ticket = read_ticket(call, form.printable("ticket", MAX_TICKET), "logout")
    if form.printable("action", 16) != "sign-out":
        return call.see_other(call.path("/account/applications"))
    session = await call.session(institution)
    if session is None:
        return _done(call, ticket)
    return await _sign_out(call, institution, session, ticket)


def _hint(call: PageCall, institution: Institution, form: Form) -> Hint | None:
    """The id_token in the request. Raises ShownHere for one that this issuer did not make."""
    text = form.printable("id_token_hint", 8192)
    if text is None:
        return None
    hint = read_hint(call.service.mint, institution, text)
    if hint is None:
        raise ShownHere("bad-request", "hint-not-ours")
    return hint


def _ticket(call: PageCall, form: Form, hint: Hint | None) -> Ticket:
    """Where the sign-out ends. Raises ShownHere for an address that its application has not registered,
    or that nobody vouches for (section 3)."""
    ticket = new_ticket(call, "logout")
    client_id = form.printable("client_id", 128)
    if hint is not None and client_id is not None and not hint.is_for(client_id):
        raise ShownHere("bad-request", "hint-of-another-application")
    application = _application(call, hint, client_id)
    back_to = form.printable("post_logout_redirect_uri", MAX_URI)
    if back_to is None:
        return ticket
    if application is None or back_to not in application.post_logout_redirect_uris:
        raise ShownHere("bad-redirect", "post-logout-redirect-uri")
    return msgspec.structs.replace(ticket, back_to=back_to, state=form.text("state", MAX_STATE))


def _application(call: PageCall, hint: Hint | None, client_id: str | None) -> Application | None:
    """The application that asks: as the id_token says, or as it says itself."""
    if client_id is None and hint is not None:
        client_id = hint.aud if isinstance(hint.aud, str) else hint.aud[0]
    found = call.service.mint.snapshot.application(client_id or "")
    if found is None or call.institution_id not in found.entitled:
        return None
    return found


async def _sign_out(
    call: PageCall, institution: Institution, session: Session, ticket: Ticket
) -> Answer:
    mint, request = call.service.mint, token_request(call, institution, ACCOUNT)

    def hears(client_id: str) -> bool:
        application = mint.snapshot.application(client_id)
        return application is not None and bool(application.backchannel_logout_uri)

    notice = await mint.journal.perform(EndSession(session, request, hears))
    call.drop_session()
    if notice is not None:
        await tell_applications(mint, notice)
    return _done(call, ticket)


def _done(call: PageCall, ticket: Ticket) -> Answer:
    if not ticket.back_to:
        return call.page(SignedOut())
    if ticket.state is None:
        return call.see_other(ticket.back_to)
    return call.see_other(with_query(ticket.back_to, {"state": ticket.state}))
