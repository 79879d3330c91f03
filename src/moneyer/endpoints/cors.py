"""Scripts of other origins (Fetch, section 3.2): let in where an application registered its origin, at
what such an application calls. Pages and everything else stay closed (RFC 9700 section 2.6).
"""

from moneyer.applications.application import Application
from moneyer.endpoints.http import Answer, Request
from moneyer.store.snapshot import Snapshot

OPEN = frozenset(
    {
        "/oauth2/token",
        "/oauth2/revoke",
        "/oauth2/userinfo",
        "/oauth2/jwks",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    }
)
"""What an application in a browser calls of its issuer."""

_PREFLIGHT = (
    (b"access-control-allow-methods", b"GET, POST"),
    (b"access-control-allow-headers", b"authorization, content-type"),
    (b"access-control-max-age", b"600"),
)


_VARY = (b"vary", b"origin")


def origin_let_in(request: Request, snapshot: Snapshot, institution_id: str) -> str:
    """The origin whose script asks, if an application of this institution registered it; else ""."""
    given = [value for name, value in request.headers if name.lower() == b"origin"]
    if len(given) != 1:
        return ""
    origin = given[0].decode("latin-1")
    at_work = (
        application.status == "active" and institution_id in application.entitled
        for application in snapshot.by_origin.get(origin, ())
    )
    return origin if any(at_work) else ""


def preflight(origin: str) -> Answer:
    """What a browser wants to know before it sends a script's request."""
    return readable(Answer(204, list(_PREFLIGHT)), origin)


def readable(answer: Answer, origin: str, application: Application | None = None) -> Answer:
    """The answer as a script at `origin` may read it, unless it was another application that asked.

    Also where `origin` is "": whoever keeps the answer must not give it to a script that is let in
    (Fetch, section 3.2.5).
    """
    if not origin or (application is not None and origin not in application.origins):
        return answer._replace(headers=[*answer.headers, _VARY])
    headers = [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", b"www-authenticate"),
    ]
    return answer._replace(headers=[*answer.headers, *headers, _VARY])
