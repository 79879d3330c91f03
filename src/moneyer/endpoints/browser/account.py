"""The customer's own pages: what is connected, and how they prove who they are."""

import msgspec

from moneyer.customers.customer import Customer
from moneyer.customers.factors import passkeys
from moneyer.customers.factors.factor import Factor, credential_id, passkey_id, totp_id
from moneyer.customers.session import Session
from moneyer.endpoints.browser.enrolment import (
    Added,
    add_factor,
    confirm_totp,
    enrol_page,
    factor_event,
    recovery_codes,
)
from moneyer.endpoints.browser.frame import ACCOUNT, PageCall
from moneyer.endpoints.browser.steps import (
    display_name,
    go_on,
    shown_identity,
    stands_too_low,
    token_request,
)
from moneyer.endpoints.browser.ticket import (
    MAX_TICKET,
    Purpose,
    Ticket,
    new_ticket,
    read_ticket,
    with_challenge,
    write_ticket,
)
from moneyer.endpoints.http import Answer
from moneyer.grants.authorize.connections import connections, disconnect
from moneyer.grants.factor_changes import AddFactors, RemoveFactor
from moneyer.grants.mint import event_of
from moneyer.grants.second_factor import live_factors, opened_factor
from moneyer.institutions.institution import Institution
from moneyer.pages.views import (
    Connected,
    ConnectedApplication,
    PasskeyLine,
    RecoveryCodes,
    Security,
)
from moneyer.protocol.failures import BadCustomer, BadRequest
from moneyer.protocol.form import Form
from moneyer.protocol.scopes import IDENTITY_SCOPES


async def applications(call: PageCall) -> Answer:
    """`GET` and `POST {issuer}/account/applications`: what has access, and taking it back."""
    institution = call.open_page("GET", "POST")
    session = await _signed_in(call, institution)
    if session is None:
        return await go_on(call, institution, new_ticket(call, "applications"))
    notice = ""
    if call.request.method == "POST":
        form, _ = _answered(call, "applications")
        if form.printable("action", 16) != "disconnect":
            raise BadRequest("action-unknown")
        client_id = form.require("client_id", 128)
        application = call.service.mint.snapshot.application(client_id) or ACCOUNT
        event = event_of(
            "consent:withdrawn",
            application,
            institution,
            call.trace,
            call.now,
            customer_id=session.customer_id,
        )
        await disconnect(
            call.service.mint, call.institution_id, session.customer_id, client_id, event, call.now
        )
        notice = "disconnected"
    return await _connected(call, session, notice)


async def security(call: PageCall) -> Answer:
    """`GET` and `POST {issuer}/account/security`: passkeys, authenticator app, recovery codes."""
    institution = call.open_page("GET", "POST")
    session = await _signed_in(call, institution)
    if session is None:
        return await go_on(call, institution, new_ticket(call, "security"))
    if call.request.method == "GET":
        return await _security(call, institution, session)
    form, ticket = _answered(call, "security")
    action = form.printable("action", 16)
    if action in {"cancel", "continue"}:
        return call.see_other(call.path("/account/security"))
    if action == "add-totp":
        return await enrol_page(call, institution, ticket, session)
    if action == "confirm":
        return await _confirm(call, institution, ticket, session, form)
    if action == "new-recovery":
        codes, factors = recovery_codes(call, session)
        event = factor_event(call, institution, session, "factor:added")
        await call.service.mint.journal.perform(AddFactors(call.institution_id, factors, event))
        return _codes(call, ticket, codes)
    if action == "add-passkey":
        return await _add_passkey(call, institution, ticket, session, form)
    if action == "remove":
        event = factor_event(call, institution, session, "factor:removed")
        factor_id = form.require("factor_id", 2048)
        await call.service.mint.journal.perform(
            RemoveFactor(call.institution_id, session.customer_id, factor_id, event)
        )
        return await _security(call, institution, session, "removed")
    raise BadRequest("action-unknown")


async def _signed_in(call: PageCall, institution: Institution) -> Session | None:
    """The session, if it stands as high as its customer's factors allow: who has a second factor proves
    it before anything is changed."""
    session = await call.session(institution)
    return None if session is None or await stands_too_low(call, session) else session


def _answered(call: PageCall, purpose: Purpose) -> tuple[Form, Ticket]:
    """The form and its ticket, if one of our pages sent it from this browser.

    Raises BadRequest, ShownHere.
    """
    call.require_same_origin()
    form = call.form()
    return form, read_ticket(call, form.printable("ticket", MAX_TICKET), purpose)


async def _customer(call: PageCall, session: Session) -> Customer | None:
    return await call.service.mint.reader.customer(call.institution_id, session.customer_id)


async def _connected(call: PageCall, session: Session, notice: str) -> Answer:
    mint = call.service.mint
    found = await connections(mint, call.institution_id, session.customer_id, call.now)
    lines = []
    for connection in found:
        application = mint.snapshot.application(connection.client_id)
        names = connection.scopes
        api = tuple(n for n in names if n not in IDENTITY_SCOPES and not n.startswith(_BY_NAME))
        lines.append(
            ConnectedApplication(
                connection.client_id,
                application.name if application else connection.client_id,
                application.owner if application else "",
                api,
                shown_identity(tuple(name for name in names if name not in api)),
                connection.since,
                connection.last_used,
                connection.expires,
                application.is_third_party if application else True,
            )
        )
    view = Connected(
        call.path("/account/applications"),
        write_ticket(call, new_ticket(call, "applications")),
        tuple(lines),
        call.path("/account/security"),
        call.path("/oauth2/logout"),
        notice,
    )
    return call.page(view, customer=display_name(await _customer(call, session)))


_BY_NAME = ("userinfo:", "id_token:")


async def _security(
    call: PageCall, institution: Institution, session: Session, notice: str = ""
) -> Answer:
    mint = call.service.mint
    factors = await live_factors(mint, call.institution_id, session.customer_id)
    customer = await _customer(call, session)
    own = [factor for factor in factors if factor.kind == "passkey"]
    ticket = with_challenge(new_ticket(call, "security"))
    options = passkeys.registration_options(
        call.rp_id,
        institution.name,
        session.customer_id,
        customer.login_id if customer else "",
        display_name(customer),
        tuple(credential_id(factor) for factor in own),
        ticket.to_sign,
    )
    if not call.takes_passkeys:
        options = ""
    view = Security(
        call.path("/account/security"),
        write_ticket(call, ticket),
        any(factor.kind == "totp" for factor in factors),
        totp_id(session.customer_id),
        tuple(PasskeyLine(f.factor_id, f.label, f.created_at, f.last_used_at) for f in own),
        _recovery_left(call, factors),
        options,
        call.path("/account/applications"),
        call.path("/oauth2/logout"),
        notice,
    )
    return call.page(view, customer=display_name(customer))


def _recovery_left(call: PageCall, factors: list[Factor]) -> int:
    codes = [factor for factor in factors if factor.kind == "recovery"]
    plain = opened_factor(call.service.mint, codes[0]) if codes else b"[]"
    return len(msgspec.json.decode(plain, type=tuple[bytes, ...]))


def _codes(call: PageCall, ticket: Ticket, codes: tuple[str, ...]) -> Answer:
    action = call.path("/account/security")
    return call.page(RecoveryCodes(action, write_ticket(call, ticket), codes))


async def _confirm(
    call: PageCall, institution: Institution, ticket: Ticket, session: Session, form: Form
) -> Answer:
    code = form.printable("otp", 16) or ""
    request = token_request(call, institution, ACCOUNT)
    added = await confirm_totp(call, request, ticket, session, code)
    if added is None:
        return await enrol_page(call, institution, ticket, session, error="wrong")
    return await _added(call, institution, ticket, added, "totp-added")


async def _add_passkey(
    call: PageCall, institution: Institution, ticket: Ticket, session: Session, form: Form
) -> Answer:
    try:
        response = form.text("passkey", passkeys.MAX_RESPONSE) or ""
        passkey = passkeys.verify_registration(response, ticket.to_sign, call.rp_id, call.origin)
    except BadCustomer:
        return await _security(call, institution, session, "wrong")
    added = await add_factor(
        call,
        token_request(call, institution, ACCOUNT),
        session,
        "passkey",
        passkey_id(passkey.credential_id),
        passkeys.encode(passkey),
        passkey.sign_count,
        (form.text("label", 240) or "").strip()[:60] or "Passkey",
    )
    return await _added(call, institution, ticket, added, "passkey-added")


async def _added(
    call: PageCall, institution: Institution, ticket: Ticket, added: Added, notice: str
) -> Answer:
    if added.codes:
        return _codes(call, ticket, added.codes)
    return await _security(call, institution, added.session, notice)
