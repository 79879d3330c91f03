"""The standard dialect: RFC 6749 and its family, scopes with blanks, numbers as numbers."""

import msgspec

from moneyer.dialects.v2 import INTERNAL, MAX_SCOPES_BYTES
from moneyer.dialects.words import Dialect, Words
from moneyer.grants.mint import TokenResponse
from moneyer.protocol import failures
from moneyer.protocol.failures import BadParameter, Failure
from moneyer.protocol.form import Form
from moneyer.protocol.scopes import Scopes, join, split_scopes


def _words(status: int, error: str, description: str) -> Words:
    return Words(status, "", "", error, description)


_FAILURES: dict[type[Failure], Words] = {
    failures.MethodNotAllowed: _words(405, "invalid_request", "this resource lacks that method"),
    failures.UnknownResource: _words(404, "invalid_request", "nothing is served under this path"),
    failures.InsecureTransport: _words(
        400, "invalid_request", "this service is reached through TLS only"
    ),
    failures.BodyTooLarge: _words(
        413, "invalid_request", "the body is larger than this resource reads"
    ),
    failures.BadHeader: _words(
        400,
        "invalid_request",
        "a header stands twice, is too long, or has another media type than "
        "application/x-www-form-urlencoded",
    ),
    failures.BadRequest: _words(
        400, "invalid_request", "a parameter is missing, malformed, too long or stands twice"
    ),
    failures.BadClient: _words(
        401, "invalid_client", "client authentication is missing, wrong, or of another method"
    ),
    failures.NotPermitted: _words(
        400, "unauthorized_client", "the application is disabled or may not do this"
    ),
    failures.AddressBlocked: _words(
        400, "unauthorized_client", "the caller's address is not on the application's list"
    ),
    failures.NotEntitled: _words(
        400, "unauthorized_client", "the application is not entitled to this institution"
    ),
    failures.UnknownGrantType: _words(
        400, "unsupported_grant_type", "this grant_type is not supported"
    ),
    failures.BadScope: _words(400, "invalid_scope", "scope is malformed or not held"),
    failures.BadCustomer: _words(400, "invalid_grant", "the customer could not be signed in"),
    failures.MoreProofNeeded: _words(
        403,
        "mfa_required",
        "the customer must prove a second factor: repeat with mfa_token and a code",
    ),
    failures.BadToken: _words(
        400, "invalid_grant", "the code or token is wrong, expired, used or revoked"
    ),
    failures.ShownHere: _words(
        400, "invalid_request", "the request cannot be answered at its application"
    ),
    failures.BadBearer: _words(
        401, "invalid_token", "the access token is missing, wrong, expired or revoked"
    ),
    failures.LacksScope: _words(403, "insufficient_scope", "the access token lacks a scope"),
    failures.CannotSign: _words(500, "server_error", "the token could not be made"),
    failures.Throttled: _words(
        429, "temporarily_unavailable", "too many failed attempts; wait as long as Retry-After says"
    ),
    failures.Unavailable: _words(
        503,
        "temporarily_unavailable",
        "the service is busy; repeat the request when Retry-After has passed",
    ),
}


def words_for(failure: Exception) -> Words:
    """What the caller is told about a failure: its own row, or that of its nearest ancestor."""
    if isinstance(failure, failures.SentBack):
        return _words(400, failure.error, failure.description)
    if type(failure) is BadParameter:
        return _words(400, "invalid_request", f"{failure.parameter} is missing or malformed")
    for kind in type(failure).__mro__:
        if words := _FAILURES.get(kind):
            return words
    return INTERNAL


def write_failure(words: Words, more: dict[str, str]) -> bytes:
    """The body of an error (RFC 6749 section 5.2); `more` are members that go with it."""
    return msgspec.json.encode({"error": words.error, "error_description": words.description, **more})


STANDARD = Dialect(words_for, write_failure)


def read_scopes(form: Form) -> Scopes | None:
    """`scope`; None when it is not there. Raises BadScope when malformed."""
    scope = form.printable("scope", MAX_SCOPES_BYTES)
    return None if scope is None else split_scopes(scope, " ")


def write_tokens(response: TokenResponse) -> bytes:
    """A successful answer (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3)."""
    body: dict[str, object] = {
        "access_token": response.access_token,
        "token_type": "Bearer",
        "expires_in": response.expires_in,
        "scope": join(response.scopes),
    }
    if response.refresh_token is not None:
        body["refresh_token"] = response.refresh_token
    if response.id_token is not None:
        body["id_token"] = response.id_token
    return msgspec.json.encode(body)
