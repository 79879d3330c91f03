"""The answer to an authorization request: back to the application, with `iss` (RFC 9207)."""

from typing import Literal
from urllib.parse import urlencode, urlsplit

from moneyer.endpoints.browser.frame import PageCall
from moneyer.endpoints.http import Answer
from moneyer.grants.mint import RecordEvent, event_of
from moneyer.institutions.institution import Institution
from moneyer.pages.views import FormPost, Problem
from moneyer.protocol.failures import SentBack

_AFTER_A_QUESTION = frozenset({"access_denied", "consent_required", "login_required"})
"""The customer has answered, or the application asked that they are not (`prompt=none`)."""


def answer_application(
    call: PageCall,
    redirect_uri: str,
    mode: Literal["query", "form_post"],
    fields: dict[str, str],
) -> Answer:
    """Takes the browser to the application with `fields`; what its URI holds already is kept."""
    fields = {**fields, "iss": call.issuer}
    if mode == "form_post":
        name = call.application.name if call.application else ""
        view = FormPost(redirect_uri, tuple(fields.items()), name)
        return call.page(view, sends_to=redirect_uri)
    return call.see_other(with_query(redirect_uri, fields))


def with_query(uri: str, fields: dict[str, str]) -> str:
    """`uri` with `fields` behind whatever its query holds already (RFC 6749 section 3.1.2)."""
    joint = "&" if "?" in uri else "?"
    return f"{uri}{'' if uri.endswith(('?', '&')) else joint}{urlencode(fields)}"


async def send_back(
    call: PageCall,
    institution: Institution,
    redirect_uri: str,
    state: str | None,
    mode: Literal["query", "form_post"],
    failure: SentBack,
) -> Answer:
    """Tells the application that its request ended with an error, once that is on record."""
    if call.application is not None:
        event = event_of(
            "authorization:refused",
            call.application,
            institution,
            call.trace,
            call.now,
            reason=failure.reason,
        )
        await call.service.mint.journal.perform(RecordEvent(event))
    fields = {"error": failure.error, "error_description": failure.description}
    if state is not None:
        fields["state"] = state
    if await _is_a_lure(call, institution, failure):
        return _with_a_page_between(call, redirect_uri, fields)
    return answer_application(call, redirect_uri, mode, fields)


async def _is_a_lure(call: PageCall, institution: Institution, failure: SentBack) -> bool:
    """Whether a link to this bank would take somebody to a third party without a word from either.

    Nobody is signed in, and the request is wrong in a way that its sender chose (RFC 9700, 4.11.2).
    """
    is_third_party = call.application is not None and call.application.is_third_party
    if not is_third_party or failure.error in _AFTER_A_QUESTION:
        return False
    return await call.session(institution) is None


def _with_a_page_between(call: PageCall, redirect_uri: str, fields: dict[str, str]) -> Answer:
    """Leaves the way back to the customer; there is no code in it that a query would give away."""
    back = with_query(redirect_uri, {**fields, "iss": call.issuer})
    name = call.application.name if call.application else ""
    problem = Problem("refused", call.trace.transaction_id, back, name, urlsplit(back).netloc)
    return call.page(problem, status=400)
