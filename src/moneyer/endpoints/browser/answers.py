"""The answer to an authorization request: back to the application, with `iss` (RFC 9207)."""

from typing import Literal
from urllib.parse import urlencode

from moneyer.endpoints.browser.frame import PageCall
from moneyer.endpoints.http import Answer
from moneyer.grants.mint import RecordEvent, event_of
from moneyer.institutions.institution import Institution
from moneyer.pages.views import FormPost
from moneyer.protocol.failures import SentBack


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
    return answer_application(call, redirect_uri, mode, fields)
