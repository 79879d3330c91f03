"""From one page to the next, and at last back to the application."""

from moneyer.applications.application import Application
from moneyer.customers.consent import consent_id
from moneyer.customers.customer import Customer
from moneyer.customers.factors import passkeys
from moneyer.customers.session import Session
from moneyer.endpoints.browser.answers import answer_application, send_back
from moneyer.endpoints.browser.enrolment import enrol_page
from moneyer.endpoints.browser.frame import PageCall
from moneyer.endpoints.browser.ticket import Ticket, with_challenge, write_ticket
from moneyer.endpoints.http import Answer
from moneyer.grants.authorize.decide import Known, Step, next_step
from moneyer.grants.authorize.hints import subject_of_hint
from moneyer.grants.authorize.issue import IssueCode
from moneyer.grants.authorize.request import AuthorizationRequest
from moneyer.grants.mint import TokenRequest
from moneyer.grants.second_factor import kinds_of, live_factors
from moneyer.institutions.institution import Institution
from moneyer.pages.views import Consent, SecondFactor, SignIn
from moneyer.protocol import base64url
from moneyer.protocol.failures import SentBack, ShownHere
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
    application = application_of(call, institution, ticket.request)
    request = ticket.request
    try:
        known = await _known(call, institution, ticket, application, session, allowed_now)
        step = next_step(request, application, institution.policy, known, call.now)
        if step is Step.SIGN_IN or session is None:
            return await sign_in_page(call, ticket, application.name, request.login_hint, error)
        if step is Step.SECOND_FACTOR:
            return await second_factor_page(call, institution, ticket, session, error)
        if step is Step.CONSENT:
            return await _consent_page(call, ticket, application, session)
        issued = await call.service.mint.journal.perform(
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
    fields = {"code": issued.code}
    if request.state is not None:
        fields["state"] = request.state
    return answer_application(call, request.redirect_uri, request.response_mode, fields)


async def refuse(
    call: PageCall, institution: Institution, request: AuthorizationRequest, failure: SentBack
) -> Answer:
    """The request ends with an error at its application."""
    mode = request.response_mode
    return await send_back(call, institution, request.redirect_uri, request.state, mode, failure)


def application_of(
    call: PageCall, institution: Institution, request: AuthorizationRequest
) -> Application:
    """The application as it is registered now. Raises ShownHere where it may not act any more."""
    application = call.service.mint.snapshot.application(request.client_id)
    if application is None or application.status != "active":
        raise ShownHere("unknown-application", "client-unknown")
    if institution.institution_id not in application.entitled:
        raise ShownHere("unknown-application", "not-entitled")
    call.application = application
    return application


def token_request(call: PageCall, institution: Institution, application: Application) -> TokenRequest:
    """This page's request as the grants' operations know requests."""
    return TokenRequest(application, institution, "browser", EMPTY, lambda: None, call.trace, call.now)


async def _to_account(
    call: PageCall, institution: Institution, ticket: Ticket, session: Session | None, error: str
) -> Answer:
    """The customer's own pages: a sign-in, the factors that they have, and on."""
    if session is None:
        return await sign_in_page(call, ticket, "", "", error)
    factors = await live_factors(call.service.mint, call.institution_id, session.customer_id)
    if kinds_of(factors) and session.amr == ("pwd",):
        return await second_factor_page(call, institution, ticket, session, error)
    return call.see_other(call.path(f"/account/{ticket.purpose}"))


async def _known(
    call: PageCall,
    institution: Institution,
    ticket: Ticket,
    application: Application,
    session: Session | None,
    allowed_now: bool,
) -> Known:
    mint, request = call.service.mint, ticket.request
    wanted = request.subject if request else ""
    if request and request.id_token_hint:
        hint = subject_of_hint(mint, institution, request.id_token_hint, application.client_id)
        wanted = hint.sub
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
    challenge = base64url.decode(ticket.challenge.encode())
    view = SignIn(
        call.path("/sign-in"),
        write_ticket(call, ticket),
        application_name,
        login_hint,
        error,
        passkeys.authentication_options(call.rp_id, challenge) if call.takes_passkeys else "",
    )
    return call.page(view, sends_to=_end_of(ticket))


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
    challenge = base64url.decode(ticket.challenge.encode())
    allowed = tuple(
        base64url.decode(f.factor_id.removeprefix("pk:").encode())
        for f in factors
        if f.kind == "passkey"
    )
    name = call.application.name if call.application else ""
    view = SecondFactor(
        call.path("/sign-in"),
        write_ticket(call, ticket),
        name,
        methods,
        error,
        passkeys.authentication_options(call.rp_id, challenge, allowed) if allowed else "",
    )
    return call.page(view, sends_to=_end_of(ticket))


async def _consent_page(
    call: PageCall, ticket: Ticket, application: Application, session: Session
) -> Answer:
    request = ticket.request
    if request is None:
        raise ShownHere("expired", "no-request")
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


def _end_of(ticket: Ticket) -> str:
    return ticket.request.redirect_uri if ticket.request else ""
