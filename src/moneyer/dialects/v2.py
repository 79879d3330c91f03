"""The V2 dialect: scopes with commas, numbers as text, codes of the form CMN_9xxxx."""

import msgspec

from moneyer.applications.application import Application
from moneyer.dialects.words import Dialect, Words
from moneyer.grants.back_channel import IssuedCode
from moneyer.grants.mint import TokenResponse
from moneyer.protocol import failures
from moneyer.protocol.failures import BadParameter, BadRequest, Failure
from moneyer.protocol.form import Form
from moneyer.protocol.scopes import Scopes, split_scopes

MAX_SCOPES_BYTES = 2048


def _invalid(code: str, message: str, description: str, status: int = 400) -> Words:
    return Words(status, code, message, "invalid_request", description)


_SCOPES = Words(
    400, "CMN_90012", "Request is invalid", "invalid_scope", "scopes are malformed or not held"
)

_PARAMETERS: dict[str, Words] = {
    "grant_type": _invalid("CMN_90007", "Invalid grant type", "grant_type is missing or too long"),
    "scopes": _SCOPES,
    "scope": _SCOPES,
    "username": _invalid("CMN_90013", "Username is invalid", "username is missing or malformed"),
    "password": _invalid("CMN_90014", "Password is invalid", "password is missing or malformed"),
}

_FAILURES: dict[type[Failure], Words] = {
    failures.MethodNotAllowed: _invalid(
        "CMN_90011", "Request is invalid", "this resource does not have that method", 405
    ),
    failures.UnknownResource: _invalid(
        "CMN_90011", "Request is invalid", "nothing is served under this path", 404
    ),
    failures.InsecureTransport: _invalid(
        "CMN_90011", "Request is invalid", "this service is reached through TLS only"
    ),
    failures.BodyTooLarge: _invalid(
        "CMN_90011", "Request is invalid", "the body is larger than this resource reads", 413
    ),
    failures.BadTransactionId: _invalid(
        "CMN_90008", "Header transactionId is invalid", "transactionId must be one UUID"
    ),
    failures.BadInstitutionId: _invalid(
        "CMN_90005",
        "Header institutionId is invalid",
        "institutionId must stand once, as 1 to 32 letters and digits",
    ),
    failures.BadHeader: _invalid(
        "CMN_90010",
        "Header is invalid",
        "a header stands twice, is too long, or has another media type than "
        "application/x-www-form-urlencoded",
    ),
    failures.UnprintableParameter: _invalid(
        "CMN_90017",
        "Request contains non printable ASCII characters",
        "a parameter holds characters outside printable ASCII",
    ),
    failures.BadRequest: _invalid(
        "CMN_90011",
        "Request is invalid",
        "a parameter is missing, malformed, too long or stands twice",
    ),
    failures.BadClient: Words(
        401,
        "CMN_90004",
        "Invalid credentials",
        "invalid_client",
        "client authentication is missing or wrong",
    ),
    failures.NotPermitted: Words(
        401,
        "CMN_90001",
        "Client not authorized to access this resource",
        "unauthorized_client",
        "the application is disabled or may not use this grant",
    ),
    failures.AddressBlocked: Words(
        400,
        "CMN_90009",
        "Access blocked",
        "unauthorized_client",
        "the caller's address is not on the application's list",
    ),
    failures.NotEntitled: Words(
        403,
        "CMN_90006",
        "Not authorized to access this resource",
        "unauthorized_client",
        "the application is not entitled to this institution",
    ),
    failures.UnknownGrantType: Words(
        400,
        "CMN_90007",
        "Invalid grant type",
        "unsupported_grant_type",
        "this grant_type is not supported",
    ),
    failures.BadScope: _SCOPES,
    failures.BadCustomer: Words(
        401,
        "CMN_90015",
        "Invalid user credentials",
        "invalid_grant",
        "the customer could not be signed in",
    ),
    failures.MoreProofNeeded: Words(
        403,
        "CMN_90015",
        "Additional authentication required",
        "mfa_required",
        "the customer must prove a second factor: repeat with mfa_token and a code",
    ),
    failures.BadToken: Words(
        400,
        "CMN_90016",
        "Invalid token",
        "invalid_grant",
        "the code or refresh token is wrong, expired, used or revoked",
    ),
    failures.BadBearer: Words(
        400,
        "CMN_90018",
        "Invalid token",
        "invalid_token",
        "the access token is missing, wrong, expired or revoked",
    ),
    failures.SelfAuthorization: _invalid(
        "CMN_90020", "App cannot authorize itself", "client_id must be another application's"
    ),
    failures.BadTarget: _invalid(
        "CMN_90021",
        "Invalid client configuration",
        "the application with this client_id cannot receive codes here",
    ),
    failures.CannotSign: Words(
        500, "CMN_90019", "Error creating token", "server_error", "the token could not be made"
    ),
    failures.Throttled: Words(
        429,
        "CMN_90001",
        "Quota limit violation",
        "temporarily_unavailable",
        "too many failed attempts; wait as long as Retry-After says",
    ),
    failures.Unavailable: Words(
        503,
        "CMN_90002",
        "Spike limit violation",
        "temporarily_unavailable",
        "the service is busy; repeat the request when Retry-After has passed",
    ),
}

_NOT_COMMITTED = Words(
    503,
    "CMN_90002",
    "Service temporarily unavailable",
    "temporarily_unavailable",
    "the outcome could not be stored; repeat the request when Retry-After has passed",
)

INTERNAL = Words(
    500, "CMN_90000", "Internal server error", "server_error", "the request could not be handled"
)


def words_for(failure: Exception) -> Words:
    """What the caller is told about a failure: its own row, or that of its nearest ancestor."""
    if type(failure) is BadParameter and failure.parameter in _PARAMETERS:
        return _PARAMETERS[failure.parameter]
    if isinstance(failure, failures.StoreUnavailable | failures.CoreBankUnavailable):
        return _NOT_COMMITTED
    for kind in type(failure).__mro__:
        if words := _FAILURES.get(kind):
            return words
    return INTERNAL


def write_failure(words: Words, more: dict[str, str]) -> bytes:
    """The body of an error; `more` are members that go with it."""
    return msgspec.json.encode(
        {
            "code": words.code,
            "message": words.message,
            "error": words.error,
            "error_description": words.description,
            **more,
        }
    )


V2 = Dialect(words_for, write_failure)


def read_scopes(form: Form) -> Scopes | None:
    """`scopes` (comma separated), or RFC 6749's `scope`; None when neither is there.

    Raises BadRequest when both are, BadScope when malformed.
    """
    scopes = form.printable("scopes", MAX_SCOPES_BYTES)
    scope = form.printable("scope", MAX_SCOPES_BYTES)
    if scopes is not None and scope is not None:
        raise BadRequest("scope-and-scopes")
    if scopes is not None:
        return split_scopes(scopes, ",")
    if scope is not None:
        return split_scopes(scope, " ")
    return None


_encode = msgspec.json.Encoder().encode


def write_tokens(response: TokenResponse) -> bytes:
    """A successful answer: the members and their order are the grant's, every value is text."""
    token, expires_in = response.access_token, str(response.expires_in)
    if response.grant_type == "client_credentials":
        return _encode({"access_token": token, "expires_in": expires_in, "token_type": "Bearer"})
    if response.grant_type == "authorization_code":
        body = {"access_token": token}
        if response.refresh_token is not None:
            body["refresh_token"] = response.refresh_token
        body |= {"token_type": "Bearer", "expires_in": expires_in}
        if response.id_token is not None:
            body["id_token"] = response.id_token
        return _encode(body)
    return _encode(
        {
            "access_token": token,
            "expires_in": expires_in,
            "refresh_token": response.refresh_token,
            "refresh_token_expires_in": str(response.refresh_token_expires_in),
            "token_type": "Bearer",
        }
    )


def write_client_authorization(target: Application) -> bytes:
    """What a sign-in page is told about the application it will ask a code for."""
    return msgspec.json.encode(
        {
            "scopes": ",".join(target.api_scopes),
            "appId": target.client_id,
            "additional_info": {
                "secondary_authentication_enabled": target.secondary_authentication_enabled,
                "consent_enabled": target.consent_enabled,
                "device_registration_enabled": target.device_registration_enabled,
            },
        }
    )


def write_code(issued: IssuedCode) -> bytes:
    """A code and where to take it."""
    return msgspec.json.encode({"redirect_uri": issued.redirect_uri, "code": issued.code})


STOPPING = _NOT_COMMITTED._replace(description="the service is starting or stopping")
