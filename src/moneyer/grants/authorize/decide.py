"""What is still missing before a code may be issued. Pure."""

from enum import Enum

import msgspec

from moneyer.applications.application import Application
from moneyer.customers.consent import Consent
from moneyer.customers.factors.policy import ACR_MFA, ACR_PHR, acr_of, satisfies
from moneyer.customers.session import Session
from moneyer.grants.authorize.request import AuthorizationRequest
from moneyer.institutions.institution import Policy
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import SentBack
from moneyer.protocol.redirect_uri import is_claimed_https
from moneyer.protocol.scopes import Scopes


class Step(Enum):
    """The next page, or the end."""

    SIGN_IN = "sign-in"
    SECOND_FACTOR = "second-factor"
    CONSENT = "consent"
    GRANT = "grant"


class Known(msgspec.Struct, frozen=True):
    """What is known of the customer in this browser. Instants.

    `begun_at` is when this request came in; `subject` is the session's customer as the application
    knows them; `allowed_now` says that the customer has just agreed.
    """

    begun_at: int
    session: Session | None = None
    subject: str = ""
    consent: Consent | None = None
    allowed_now: bool = False
    wanted_subject: str = ""

    def __repr__(self) -> str:
        return "Known(…)"


def next_step(
    request: AuthorizationRequest, application: Application, policy: Policy, known: Known, now: int
) -> Step:
    """The first of sign-in, second factor and consent that is missing, or GRANT.

    Raises SentBack where nothing may be asked (`prompt=none`) or nothing would help.
    """
    is_silent = "none" in request.prompt
    wanted = wanted_acr(request, policy)
    session = known.session
    if session is None or _must_sign_in(request, session, known, now):
        if is_silent:
            raise SentBack("login_required", "not-signed-in", "the customer has to sign in")
        return Step.SIGN_IN
    if not satisfies(acr_of(session.amr), wanted):
        if is_silent:
            raise SentBack("login_required", "acr-too-low", "a second factor has to be proven")
        return Step.SECOND_FACTOR
    if not known.allowed_now and _must_consent(request, application, known):
        if is_silent:
            raise SentBack("consent_required", "no-consent", "the customer has to agree")
        return Step.CONSENT
    return Step.GRANT


def wanted_acr(request: AuthorizationRequest, policy: Policy) -> tuple[str, ...]:
    """The authentication contexts of which one is needed; () where any will do.

    The bank's own policy cannot be talked down by the request. Raises SentBack where a context is
    demanded that nobody here can reach (RFC 9470 section 5).
    """
    reachable = tuple(acr for acr in request.acr_values if satisfies(ACR_PHR, (acr,)))
    if request.acr_is_essential and not reachable:
        raise SentBack(
            "unmet_authentication_requirements", "acr-unknown", "no such acr can be reached here"
        )
    if policy.needs_second_factor(request.scopes):
        strong = tuple(acr for acr in reachable if satisfies(acr, (ACR_MFA,)))
        return strong or (ACR_MFA,)
    return reachable


def _must_sign_in(request: AuthorizationRequest, session: Session, known: Known, now: int) -> bool:
    is_older = session.auth_time < known.begun_at
    if is_older and not {"login", "select_account"}.isdisjoint(request.prompt):
        return True
    age = now - session.auth_time
    # max_age=0 is prompt=login (OpenID Connect Core section 3.1.2.1).
    if is_older and request.max_age is not None and age >= request.max_age * SECOND:
        return True
    return bool(known.wanted_subject) and known.wanted_subject != known.subject


def _must_consent(request: AuthorizationRequest, application: Application, known: Known) -> bool:
    if "consent" in request.prompt:
        return True
    # Whoever runs on the customer's own machine could be anyone (RFC 8252 section 8.6).
    if application.is_public and not is_claimed_https(request.redirect_uri):
        return True
    asks = (
        application.is_third_party
        or application.consent_enabled
        or "offline_access" in request.identity
    )
    return asks and not (known.consent is not None and known.consent.covers(all_scopes(request)))


def all_scopes(request: AuthorizationRequest) -> Scopes:
    """Everything the customer is asked to allow, claims that were asked for by name included."""
    return (*request.scopes, *request.identity, *request.claims)
