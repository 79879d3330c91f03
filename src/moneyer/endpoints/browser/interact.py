"""`POST {issuer}/sign-in`: what the customer answered on one of the pages of a sign-in."""

from collections.abc import Awaitable, Callable

from moneyer.customers.customer import Customer
from moneyer.customers.factors.factor import FactorKind, passkey_id, recovery_id, totp_id
from moneyer.customers.factors.passkeys import MAX_RESPONSE, credential_id_of, user_handle_of
from moneyer.customers.login import MAX_BYTES as MAX_LOGIN
from moneyer.customers.passwords import MAX_BYTES as MAX_PASSWORD
from moneyer.customers.passwords import read_password
from moneyer.customers.session import Session
from moneyer.customers.verifiers import Verified
from moneyer.endpoints.browser.enrolment import confirm_totp, enrol_page
from moneyer.endpoints.browser.frame import ACCOUNT, PageCall
from moneyer.endpoints.browser.steps import go_on, refuse, sign_in_page, token_request
from moneyer.endpoints.browser.ticket import MAX_TICKET, Ticket, read_ticket, write_ticket
from moneyer.endpoints.http import Answer
from moneyer.grants.authorize.issue import once_name
from moneyer.grants.authorize.request import known_application
from moneyer.grants.authorize.sessions import Opened, OpenSession, RaiseSession
from moneyer.grants.mint import TokenRequest
from moneyer.grants.second_factor import FactorCheck, Proof
from moneyer.grants.sign_in import SignIn, check_password
from moneyer.institutions.institution import Institution
from moneyer.pages.views import RecoveryCodes
from moneyer.protocol.failures import (
    BadCustomer,
    BadParameter,
    BadRequest,
    SentBack,
    Throttled,
    Unavailable,
)
from moneyer.protocol.form import Form


class Way:
    """One answer of a customer: the form, and what it belongs to."""

    def __init__(self, call: PageCall, institution: Institution, form: Form, ticket: Ticket) -> None:
        self.call = call
        self.institution = institution
        self.form = form
        self.ticket = ticket
        self.application = ACCOUNT
        if ticket.request is not None:
            snapshot = call.service.mint.snapshot
            self.application = known_application(ticket.request.client_id, snapshot, institution)
            call.application = self.application
            call.ui_locales = ticket.request.ui_locales

    @property
    def request(self) -> TokenRequest:
        return token_request(self.call, self.institution, self.application)

    async def session(self) -> Session:
        """Raises BadRequest where nobody is signed in any more."""
        session = await self.call.session(self.institution)
        if session is None:
            raise BadRequest("not-signed-in")
        return session


async def interact(call: PageCall) -> Answer:
    """Does what the button says that was pressed, and shows what comes next."""
    institution = call.open_page("POST")
    call.require_same_origin()
    form = call.form()
    text = form.printable("ticket", MAX_TICKET)
    ticket = read_ticket(call, text, "authorize", "applications", "security")
    step = _STEPS.get(form.printable("action", 16) or "sign-in")
    if step is None:
        raise BadRequest("action-unknown")
    return await step(Way(call, institution, form, ticket))


async def _sign_in(way: Way) -> Answer:
    call, form, ticket = way.call, way.form, way.ticket
    try:
        login_id = form.text("username", MAX_LOGIN) or ""
        secret = read_password(form.text("password", MAX_PASSWORD))
        sign_in = SignIn(way.request, call.service.mint, login_id)
        verified = await check_password(sign_in, login_id, secret)
        before = await call.session(way.institution)
        opened = await call.service.mint.journal.perform(
            OpenSession(sign_in, way.request, verified, before)
        )
    except (BadCustomer, BadParameter, Throttled, Unavailable) as failure:
        name = login_hint(form)
        return await sign_in_page(call, ticket, way.application.name, name, error_of(failure))
    return await _opened(way, opened)


async def _opened(way: Way, opened: Opened) -> Answer:
    way.call.keep_session(opened)
    return await go_on(way.call, way.institution, way.ticket, session=opened.session)


def login_hint(form: Form) -> str:
    """What was typed as user ID, to be shown again."""
    try:
        return form.text("username", MAX_LOGIN) or ""
    except BadRequest:
        return ""


def error_of(failure: Exception) -> str:
    """The word for a page's own message."""
    if isinstance(failure, Throttled):
        return "throttled"
    if isinstance(failure, Unavailable):
        return "unavailable"
    if isinstance(failure, BadParameter) and failure.reason in {"missing", "length"}:
        return "missing"
    return "wrong"


async def _passkey(way: Way) -> Answer:
    """A passkey instead of a password, or after it."""
    call, mint = way.call, way.call.service.mint
    try:
        response = way.form.text("passkey", MAX_RESPONSE) or ""
        factor_id = passkey_id(credential_id_of(response))
        session = await call.session(way.institution)
        if session is not None and not _must_sign_in_anew(way, session):
            return await _raise(way, session, "passkey", factor_id, response)
        customer = await _customer_of(way, response, factor_id)
        check = FactorCheck(
            mint, call.institution_id, customer.customer_id, _proof(way, factor_id, response)
        )
        opened = await mint.journal.perform(
            OpenSession(None, way.request, Verified(customer), session, check, _once(way))
        )
    except BadCustomer:
        return await go_on(call, way.institution, way.ticket, error="passkey")
    return await _opened(way, opened)


def _must_sign_in_anew(way: Way, session: Session) -> bool:
    """Whether the page was the sign-in's own, though a session is there already."""
    request = way.ticket.request
    if request is None or session.auth_time >= way.ticket.begun_at:
        return False
    return bool({"login", "select_account"} & set(request.prompt)) or request.max_age is not None


async def _customer_of(way: Way, response: str, factor_id: str) -> Customer:
    """Whose passkey it says it is. Raises BadCustomer."""
    mint, institution_id = way.call.service.mint, way.call.institution_id
    factor = await mint.reader.factor(institution_id, factor_id)
    handle = user_handle_of(response)
    if factor is None or (handle is not None and handle.hex().upper() != factor.customer_id):
        raise BadCustomer("passkey-unknown")
    customer = await mint.reader.customer(institution_id, factor.customer_id)
    if customer is None:
        raise BadCustomer("customer-unknown")
    return customer


def _proof(way: Way, factor_id: str, response: str) -> Proof:
    call, challenge = way.call, way.ticket.to_sign
    return Proof("passkey", factor_id, response, challenge, call.rp_id, call.origin)


def _once(way: Way) -> str:
    """A page's challenge is good once."""
    return once_name(way.ticket.challenge)


async def _totp(way: Way) -> Answer:
    session = await way.session()
    code = way.form.printable("otp", 16) or ""
    return await _raise(way, session, "totp", totp_id(session.customer_id), code)


async def _recovery(way: Way) -> Answer:
    session = await way.session()
    code = way.form.printable("recovery_code", 64) or ""
    return await _raise(way, session, "recovery", recovery_id(session.customer_id), code)


async def _raise(
    way: Way, session: Session, kind: FactorKind, factor_id: str, presented: str
) -> Answer:
    """A second factor: the session stands higher, or the page is shown again."""
    call, mint = way.call, way.call.service.mint
    proof = (
        _proof(way, factor_id, presented) if kind == "passkey" else Proof(kind, factor_id, presented)
    )
    check = FactorCheck(mint, call.institution_id, session.customer_id, proof)
    try:
        opened = await mint.journal.perform(RaiseSession(way.request, session, check, _once(way)))
    except BadCustomer as failure:
        if failure.reason == "factor-locked":
            error = "throttled"
        else:
            error = {"totp": "wrong", "recovery": "wrong-recovery", "passkey": "passkey"}[kind]
        return await go_on(call, way.institution, way.ticket, error=error)
    return await _opened(way, opened)


async def _confirm(way: Way) -> Answer:
    """An authenticator app that the bank's policy asked for is set up, and counts at once."""
    call, session = way.call, await way.session()
    code = way.form.printable("otp", 16) or ""
    added = await confirm_totp(call, way.request, way.ticket, session, code)
    if added is None:
        return await enrol_page(
            call, way.institution, way.ticket, session, is_required=True, error="wrong"
        )
    if added.codes:
        view = RecoveryCodes(call.path("/sign-in"), write_ticket(call, way.ticket), added.codes)
        return call.page(view, sends_to=way.ticket.ends_at)
    return await go_on(call, way.institution, way.ticket, session=added.session)


async def _continue(way: Way) -> Answer:
    return await go_on(way.call, way.institution, way.ticket)


async def _allow(way: Way) -> Answer:
    return await go_on(way.call, way.institution, way.ticket, allowed_now=True)


async def _deny(way: Way) -> Answer:
    if way.ticket.request is None:
        return way.call.see_other(way.call.path("/account/applications"))
    failure = SentBack("access_denied", "customer-refused", "the customer did not agree")
    return await refuse(way.call, way.institution, way.ticket.request, failure)


_STEPS: dict[str, Callable[[Way], Awaitable[Answer]]] = {
    "sign-in": _sign_in,
    "passkey": _passkey,
    "totp": _totp,
    "recovery": _recovery,
    "confirm": _confirm,
    "continue": _continue,
    "allow": _allow,
    "deny": _deny,
    "cancel": _deny,
}
