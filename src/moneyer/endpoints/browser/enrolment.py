"""Setting up an authenticator app, and the recovery codes that go with the first factor."""

from typing import NamedTuple

import msgspec

from moneyer.audit.events import Event
from moneyer.customers.factors import recovery, totp
from moneyer.customers.factors.factor import Factor, FactorKind, recovery_id, totp_id
from moneyer.customers.session import Session
from moneyer.endpoints.browser.frame import ACCOUNT, PageCall
from moneyer.endpoints.browser.ticket import Ticket, write_ticket
from moneyer.endpoints.http import Answer
from moneyer.grants.authorize.sessions import EnrolSession
from moneyer.grants.factor_changes import AddFactors
from moneyer.grants.mint import TokenRequest, event_of
from moneyer.grants.second_factor import live_factors, sealed_factor
from moneyer.institutions.institution import Institution
from moneyer.pages.views import Enrol
from moneyer.protocol import base64url
from moneyer.protocol.failures import BadRequest


async def enrol_page(
    call: PageCall,
    institution: Institution,
    ticket: Ticket,
    session: Session,
    *,
    is_required: bool = False,
    error: str = "",
) -> Answer:
    """Shows a new secret, or the one that is still to be confirmed."""
    if not ticket.enrolment:
        secret = base64url.encode(totp.new_secret()).decode()
        ticket = msgspec.structs.replace(ticket, enrolment=secret)
    plain = base64url.decode(ticket.enrolment.encode())
    customer = await call.service.mint.reader.customer(call.institution_id, session.customer_id)
    account = customer.login_id if customer else ""
    uri = totp.provisioning_uri(plain, account, institution.name)
    view = Enrol(
        call.path("/sign-in" if ticket.purpose == "authorize" else "/account/security"),
        write_ticket(call, ticket),
        totp.qr_svg(uri, institution.name),
        totp.secret_text(plain),
        error,
        is_required,
    )
    return call.page(view, sends_to=ticket.ends_at)


class Added(NamedTuple):
    """The session, raised by the new factor, and recovery codes to show once, if they are new."""

    session: Session
    codes: tuple[str, ...]

    def __repr__(self) -> str:
        return "Added(…)"


async def confirm_totp(
    call: PageCall, request: TokenRequest, ticket: Ticket, session: Session, code: str
) -> Added | None:
    """Turns the authenticator on if `code` is its own; None when it is not.

    Raises BadRequest for a page that showed no secret.
    """
    if not ticket.enrolment:
        raise BadRequest("no-enrolment")
    plain = base64url.decode(ticket.enrolment.encode())
    step = totp.accepted_step(plain, code, call.now, -1)
    if step is None:
        return None
    return await add_factor(call, request, session, "totp", totp_id(session.customer_id), plain, step)


async def add_factor(
    call: PageCall,
    request: TokenRequest,
    session: Session,
    kind: FactorKind,
    factor_id: str,
    plain: bytes,
    counter: int,
    label: str = "",
) -> Added:
    """A factor that was just proven, `plain` sealed in it; recovery codes beside the first one."""
    mint, customer_id = call.service.mint, session.customer_id
    factor = Factor(call.institution_id, factor_id, customer_id, kind, label, b"", counter, call.now)
    factors = await live_factors(mint, call.institution_id, customer_id)
    has_codes = any(known.kind == "recovery" for known in factors)
    codes, kept = ((), ()) if has_codes else recovery_codes(call, session)
    added = (sealed_factor(mint, factor, plain), *kept)
    event = factor_event(call, request.institution, session, "factor:added")
    await mint.journal.perform(AddFactors(call.institution_id, added, event))
    opened = await mint.journal.perform(EnrolSession(request, session, kind))
    call.keep_session(opened)
    return Added(opened.session, codes)


def recovery_codes(call: PageCall, session: Session) -> tuple[tuple[str, ...], tuple[Factor, ...]]:
    """New recovery codes, and the factor that keeps their digests."""
    mint, customer_id = call.service.mint, session.customer_id
    codes = recovery.new_codes()
    digests = [recovery.digest(mint.keys.factors, customer_id, code) for code in codes]
    factor = Factor(
        call.institution_id,
        recovery_id(customer_id),
        customer_id,
        "recovery",
        "",
        b"",
        0,
        call.now,
    )
    return codes, (sealed_factor(mint, factor, msgspec.json.encode(digests)),)


def factor_event(call: PageCall, institution: Institution, session: Session, name: str) -> Event:
    return event_of(name, ACCOUNT, institution, call.trace, call.now, customer_id=session.customer_id)
