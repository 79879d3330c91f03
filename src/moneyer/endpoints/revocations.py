"""`GET /oauth2/v1/revocations`: what has ended, for those who guard APIs (ADR 0010)."""

import msgspec

from moneyer.applications.application import Application, require_active
from moneyer.endpoints.call import Call
from moneyer.endpoints.http import Answer
from moneyer.feed.cursor import read_cursor
from moneyer.protocol.failures import BadParameter, NotPermitted
from moneyer.protocol.form import read_form

LONGEST_WAIT = 20
"""Seconds for which an answer may be held back until there is news."""
_MAX_CURSOR = 128


async def revocations(call: Call) -> Answer:
    """What a resource server does not know yet of its institutions, as signed bulletins.

    `after` is the cursor of its last answer, `wait` for how many seconds to wait for news. Raises
    NotPermitted unless the application is a resource server, StoreUnavailable where this process
    has not read the store for a while: that there is nothing new is more than it knows.
    """
    call.begin("GET")
    authenticated = await call.service.authenticate(
        call.headers.get(b"authorization"), None, call.trace, call.now
    )
    follower = call.application = authenticated.application
    _require_resource_server(follower)
    query = read_form(call.request.query)
    text = query.printable("after", _MAX_CURSOR)
    cursor = read_cursor(text) if text is not None else None
    feed = call.service.feed
    feed.log.require_in_step()
    if cursor == feed.log.here:
        await feed.log.news(_seconds(query.printable("wait", 8)))
        # It may have changed itself meanwhile.
        _require_resource_server(call.service.mint.snapshot.application(follower.client_id))
        feed.log.require_in_step()
    news = await feed.after(cursor, follower.client_id)
    body: dict[str, object] = {"cursor": str(news.cursor), "institutions": news.bulletins}
    if news.serves is not None:
        body["serves"] = news.serves
    if news.silent:
        body["silent"] = news.silent
    return call.answer(200, msgspec.json.encode(body))


def _require_resource_server(application: Application | None) -> None:
    """Raises NotPermitted for what follows nothing, or does so no longer."""
    if application is None or not application.is_resource_server:
        raise NotPermitted("not-a-resource-server")
    require_active(application)


def _seconds(text: str | None) -> int:
    """Raises BadParameter for anything but whole seconds."""
    if text is not None and not (text.isascii() and text.isdigit()):
        raise BadParameter("wait", "wait-malformed")
    return min(int(text or 0), LONGEST_WAIT)
