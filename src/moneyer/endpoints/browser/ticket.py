"""The ticket in every form: what the customer is in the middle of, sealed, and bound to the browser.

Nothing is stored for a page that is merely opened, so that opening pages fills no table.
"""

import secrets
from typing import Literal

import msgspec

from moneyer.endpoints.browser.frame import PageCall
from moneyer.grants.authorize.request import AuthorizationRequest
from moneyer.keys.sealing import seal, unseal_bytes
from moneyer.protocol import base64url
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadRequest, ShownHere

LIFETIME = 900 * SECOND
MAX_TICKET = 24 * 1024

Purpose = Literal["authorize", "applications", "security", "logout"]


class Ticket(msgspec.Struct, frozen=True, omit_defaults=True):
    """A customer's way through the pages. Instants; bytes as base64url.

    `challenge` is what a passkey signs on this page; `enrolment` an authenticator's secret that is not
    yet confirmed. `back_to` and `state` are where a sign-out ends.
    """

    ticket_id: str
    browser: str
    begun_at: int
    purpose: Purpose
    request: AuthorizationRequest | None = None
    challenge: str = ""
    enrolment: str = ""
    back_to: str = ""
    state: str | None = None

    @property
    def to_sign(self) -> bytes:
        """The challenge of the page that this ticket was written for."""
        return base64url.decode(self.challenge.encode())

    @property
    def ends_at(self) -> str:
        """The redirect URI that its forms may end at, or ""."""
        return self.request.redirect_uri if self.request else ""

    def __repr__(self) -> str:
        return f"Ticket({self.purpose!r})"


def new_ticket(call: PageCall, purpose: Purpose, request: AuthorizationRequest | None = None) -> Ticket:
    """A new way, for this browser, which is given a cookie if it has none."""
    return Ticket(secrets.token_hex(16), call.known_browser().hex(), call.now, purpose, request=request)


def with_challenge(ticket: Ticket) -> Ticket:
    """The ticket for the next page, with a challenge that no page before had."""
    challenge = base64url.encode(secrets.token_bytes(32)).decode()
    return msgspec.structs.replace(ticket, challenge=challenge)


def write_ticket(call: PageCall, ticket: Ticket) -> str:
    key = call.service.mint.keys.browser
    sealed = seal(key, msgspec.json.encode(ticket), _binding(call))
    return base64url.encode(sealed).decode()


def read_ticket(call: PageCall, text: str | None, *purposes: Purpose) -> Ticket:
    """What the form's ticket says. Raises ShownHere when it is over, another page's or browser's."""
    if text is None:
        raise BadRequest("ticket-missing")
    try:
        sealed = base64url.decode(text.encode("ascii"))
        plain = unseal_bytes(call.service.mint.keys.browser, sealed, _binding(call))
        ticket = msgspec.json.decode(plain, type=Ticket)
    except ValueError:
        raise BadRequest("ticket-malformed") from None
    browser = call.browser()
    if browser is None or not secrets.compare_digest(browser.hex(), ticket.browser):
        raise ShownHere("other-browser", "ticket-of-another-browser")
    if ticket.purpose not in purposes:
        raise BadRequest("ticket-for-another-page")
    if call.now >= ticket.begun_at + LIFETIME:
        raise ShownHere("expired", "ticket-over")
    return ticket


def _binding(call: PageCall) -> bytes:
    return b"moneyer/ticket\x00" + call.institution_id.encode()
