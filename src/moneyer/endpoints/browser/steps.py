"""From one page to the next, and at last back to the application."""

from moneyer.applications.application import Application
from moneyer.customers.consent import consent_id
from moneyer.customers.customer import Customer
from moneyer.customers.factors import passkeys
from moneyer.customers.factors.factor import credential_id
from moneyer.customers.session import Session
from moneyer.endpoints.browser.answers import answer_application, send_back
from moneyer.endpoints.browser.enrolment import enrol_page
from moneyer.endpoints.browser.frame import PageCall
from moneyer.endpoints.browser.ticket import Ticket, with_challenge, write_ticket
from moneyer.endpoints.http import Answer
from moneyer.grants.authorize.decide import Known, Step, next_step
from moneyer.grants.authorize.hints import subject_of_hint
from moneyer.grants.authorize.issue import IssueCode
from moneyer.grants.authorize.request import AuthorizationRequest, known_application
from moneyer.grants.mint import TokenRequest
from moneyer.grants.second_factor import kinds_of, live_factors
from moneyer.institutions.institution import Institution
from moneyer.pages.views import Consent, SecondFactor, SignIn
from moneyer.protocol.failures import SentBack
from moneyer.protocol.form import EMPTY


async def go_on(
    call: PageCall,
    institution: Institution,
    ticket: Ticket,
    *,
    session: Session | None = None,
    allowed_now: bool = False,
    error: str = "",
) -> Answer:
    """The next page of `ticket`, or its end. `session` is the one that was just opened or raised;
    `error` is what the page before is shown again with."""
    session = session or await call.session(institution)
    if ticket.request is None:
        return await _to_account(call, institution, ticket, session, error)
    request = ticket.request
    application = known_application(request.client_id, call.service.mint.snapshot, institution)
    call.application = application
    try:
        known = await _known(call, institution, ticket, request, application, session, allowed_now)
        step = next_step(request, application, institution.policy, known, call.now)
        if step is Step.SIGN_IN or session is None:
            return await sign_in_page(call, ticket, application.name, request.login_hint, error)
        if step is Step.SECOND_FACTOR:
            return await second_factor_page(call, institution, ticket, session, error)
        if step is Step.CONSENT:
            return await _consent_page(call, ticket, request, application, session)
        code = await call.service.mint.journal.perform(
            IssueCode(
                token_request(call, institution, application),
                request,
                session,
                ticket.ticket_id,
                allowed_now=allowed_now,
            )
        )
    except SentBack as failure:
        return await refuse(call, institution, request, failure)
    fields = {"code": code}
    if request.state is not None:
        fields["state"] = request.state
    return answer_application(call, request.redirect_uri, request.response_mode, fields)


async def refuse(
    call: PageCall, institution: Institution, request: AuthorizationRequest, failure: SentBack
) -> Answer:
    """The request ends with an error at its application."""
    mode = request.response_mode
    return await send_back(call, institution, request.redirect_uri, request.state, mode, failure)


def token_request(call: PageCall, institution: Institution, application: Application) -> TokenRequest:
    """This page's request as the grants' operations know requests."""
    return TokenRequest(application, institution, "browser", EMPTY, lambda: None, call.trace, call.now)


async def _to_account(
    call: PageCall, institution: Institution, ticket: Ticket, session: Session | None, error: str
) -> Answer:
    """The customer's own pages: a sign-in, the factors that they have, and on."""
    if session is None:
        return await sign_in_page(call, ticket, "", "", error)
    if await stands_too_low(call, session):
        return await second_factor_page(call, institution, ticket, session, error)
    return call.see_other(call.path(f"/account/{ticket.purpose}"))


async def stands_too_low(call: PageCall, session: Session) -> bool:
    """Whether a customer who has a second factor has proven a password alone."""
    factors = await live_factors(call.service.mint, call.institution_id, session.customer_id)
    return bool(kinds_of(factors)) and session.amr == ("pwd",)


async def _known(
    call: PageCall,
    institution: Institution,
    ticket: Ticket,
    request: AuthorizationRequest,
    application: Application,
    session: Session | None,
    allowed_now: bool,
) -> Known:
    """Raises SentBack for a hint that is not the application's own."""
    mint, wanted = call.service.mint, request.subject
    if request.id_token_hint:
        wanted = subject_of_hint(mint, institution, request.id_token_hint, application.client_id)
    if session is None:
        return Known(ticket.begun_at, wanted_subject=wanted)
    name = consent_id(session.customer_id, application.client_id)
    return Known(
        ticket.begun_at,
        session,
        mint.subject(application, call.institution_id, session.customer_id),
        await mint.reader.consent(call.institution_id, name),
        allowed_now,
        wanted,
    )


# ---- the pages


async def sign_in_page(
    call: PageCall, ticket: Ticket, application_name: str, login_hint: str, error: str = ""
) -> Answer:
    """Asks for user ID and password, or a passkey."""
    ticket = with_challenge(ticket)
    view = SignIn(
        call.path("/sign-in"),
        write_ticket(call, ticket),
        application_name,
        login_hint,
        error,
        passkeys.authentication_options(call.rp_id, ticket.to_sign) if call.takes_passkeys else "",
    )
    return call.page(view, sends_to=ticket.ends_at)


async def second_factor_page(
    call: PageCall, institution: Institution, ticket: Ticket, session: Session, error: str = ""
) -> Answer:
    """Asks for one of the customer's factors; without any, has them set one up."""
    mint = call.service.mint
    factors = await live_factors(mint, call.institution_id, session.customer_id)
    methods = kinds_of(factors)
    if not methods:
        return await enrol_page(call, institution, ticket, session, is_required=True)
    ticket = with_challenge(ticket)
    allowed = tuple(credential_id(f) for f in factors if f.kind == "passkey")
    name = call.application.name if call.application else ""
    view = SecondFactor(
        call.path("/sign-in"),
        write_ticket(call, ticket),
        name,
        methods,
        error,
        passkeys.authentication_options(call.rp_id, ticket.to_sign, allowed) if allowed else "",
    )
    return call.page(view, sends_to=ticket.ends_at)


async def _consent_page(
    call: PageCall,
    ticket: Ticket,
    request: AuthorizationRequest,
    application: Application,
    session: Session,
) -> Answer:
    customer = await call.service.mint.reader.customer(call.institution_id, session.customer_id)
    lifetimes = application.lifetimes
    is_offline = "offline_access" in request.identity
    view = Consent(
        call.path("/sign-in"),
        write_ticket(call, ticket),
        application.name,
        application.owner,
        request.scopes,
        shown_identity((*request.identity, *request.claims)),
        is_offline,
        lifetimes.refresh_absolute if is_offline else lifetimes.access_token,
        application.is_third_party,
    )
    return call.page(view, customer=display_name(customer), sends_to=request.redirect_uri)


def shown_identity(identity: tuple[str, ...]) -> tuple[str, ...]:
    """What of it says something about the customer, each once."""
    names = (
        name.rpartition(":")[2] if name.startswith(("id_token:", "userinfo:")) else name
        for name in identity
    )
    return tuple(dict.fromkeys(n for n in names if n not in {"openid", "offline_access"}))


def display_name(customer: Customer | None) -> str:
    """How a page calls the customer."""
    if customer is None:
        return ""
    return f"{customer.person.given_name} {customer.person.family_name}".strip() or customer.login_id
