"""`GET` and `POST {issuer}/oauth2/authorize` (RFC 6749, 3.1; OpenID Connect Core, 3.1.2)."""

from moneyer.applications.application import Application
from moneyer.endpoints.browser.answers import send_back
from moneyer.endpoints.browser.frame import PageCall
from moneyer.endpoints.browser.steps import go_on
from moneyer.endpoints.browser.ticket import new_ticket
from moneyer.endpoints.http import MAX_QUERY_BYTES, Answer
from moneyer.grants.authorize.pushed import PREFIX, find_pushed
from moneyer.grants.authorize.request import (
    AuthorizationRequest,
    answer_shape,
    find_application,
    find_redirect_uri,
    read_request,
)
from moneyer.institutions.institution import Institution
from moneyer.protocol.failures import BadRequest, SentBack, ShownHere
from moneyer.protocol.form import Form, read_form


async def authorize(call: PageCall) -> Answer:
    """The first page that is needed, or the answer to the application at once.

    Until application and redirect URI are known to be good, everything that is wrong is shown here.
    """
    institution = call.open_page("GET", "POST")
    if call.request.method == "POST":
        return _as_get(call)
    form = _read(call.request.query)
    application = find_application(form, call.service.mint.snapshot, institution)
    call.application = application
    request_uri = form.printable("request_uri", 512) or ""
    if request_uri.startswith(PREFIX):
        request = await find_pushed(call.service.mint, institution, application, request_uri, call.now)
    else:
        redirect_uri = find_redirect_uri(form, application)
        try:
            request = _read_request(call, form, application, institution, redirect_uri)
        except SentBack as failure:
            return await send_back(call, institution, redirect_uri, *answer_shape(form), failure)
    call.ui_locales = request.ui_locales
    return await go_on(call, institution, new_ticket(call, "authorize", request))


def _read_request(
    call: PageCall,
    form: Form,
    application: Application,
    institution: Institution,
    redirect_uri: str,
) -> AuthorizationRequest:
    """Raises SentBack."""
    if application.requires_pushed_requests:
        raise SentBack(
            "invalid_request", "not-pushed", "this application pushes its requests (RFC 9126)"
        )
    return read_request(form, application, institution, redirect_uri, call.now)


def _as_get(call: PageCall) -> Answer:
    """The same request as a GET: a form from another site brings none of our cookies along."""
    query = call.request.body
    if len(query) > MAX_QUERY_BYTES:
        raise BadRequest("request-too-long")
    _read(query)
    return call.see_other(f"{call.issuer}/oauth2/authorize?{query.decode('ascii')}")


def _read(query: bytes) -> Form:
    """Raises ShownHere: who asks is not known while this cannot be read."""
    if not query.isascii():
        raise ShownHere("bad-request", "query-not-ascii")
    try:
        return read_form(query)
    except BadRequest as failure:
        raise ShownHere("bad-request", failure.reason) from None
