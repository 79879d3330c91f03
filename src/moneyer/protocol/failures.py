"""Everything that can go wrong with a request, as one closed set.

    Failure
    ├── BadRequest                 the request cannot be read
    │   ├── MethodNotAllowed
    │   ├── UnknownResource
    │   ├── InsecureTransport
    │   ├── BadHeader
    │   │   ├── BadTransactionId
    │   │   ├── BadInstitutionId
    │   │   └── BadOriginatingIp
    │   ├── BodyTooLarge
    │   └── BadParameter           one named parameter is missing or malformed
    │       └── UnprintableParameter
    ├── BadClient                  who asks is not proven
    ├── NotPermitted               proven, but disabled or not allowed this
    │   └── GrantNotPermitted      not allowed one named grant
    ├── AddressBlocked
    ├── NotEntitled                the institution is not the application's
    ├── UnknownGrantType
    ├── BadScope
    ├── BadCustomer                unknown, wrong, locked, disabled: never told apart
    ├── MoreProofNeeded            a second factor has to follow the password
    ├── BadToken                   a code or refresh token that opens nothing
    ├── BadBearer                  an access token that opens nothing
    ├── LacksScope                 an access token that opens other things
    ├── ShownHere                  an authorization request whose sender is not known: never redirected
    ├── SentBack                   an authorization request that ends with an error at the application
    ├── SelfAuthorization
    ├── BadTarget                  the application to be authorized cannot be
    ├── Throttled                  too many failures; carries the wait in seconds
    ├── CannotSign                 nothing is wrong with the request, but no token can be made
    └── Unavailable                nothing is wrong with the request; try again
        ├── Overloaded
        ├── StoreUnavailable
        └── CoreBankUnavailable

A failure says two things: its class, which a dialect turns into a status and words for the caller,
and its `reason`, a short code for the audit log that the caller never sees. Neither ever holds
anything the caller sent.
"""


class Failure(Exception):
    """A request ends here. `reason` is for the audit log alone."""

    recorded = False
    """True once an audit event for this failure has been committed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BadRequest(Failure):
    """The request cannot be read (RFC 6749 section 5.2, invalid_request)."""


class MethodNotAllowed(BadRequest):
    """`allowed` lists the methods this resource has, for the `Allow` header (RFC 9110, 15.5.6)."""

    def __init__(self, *allowed: str) -> None:
        super().__init__("method")
        self.allowed = allowed


class UnknownResource(BadRequest):
    """Nothing is served under this path."""


class InsecureTransport(BadRequest):
    """Plain HTTP where TLS is required; refused, never redirected (RFC 6749 section 3.2)."""


class BadHeader(BadRequest):
    """A header stands twice, is too long, or is not what this resource takes."""


class BadTransactionId(BadHeader):
    """`transactionId` is no UUID, or is missing where it is demanded."""


class BadInstitutionId(BadHeader):
    """`institutionId` is missing or malformed."""


class BadOriginatingIp(BadHeader):
    """`originating_ip` is no IP address."""


class BodyTooLarge(BadRequest):
    """The body is longer than this resource reads."""


class BadParameter(BadRequest):
    """The parameter called `parameter` (one of ours, never the caller's text) is unusable."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(reason)
        self.parameter = parameter


class UnprintableParameter(BadParameter):
    """Characters outside printable ASCII where only those are allowed (RFC 6749 appendix A)."""


class BadClient(Failure):
    """Missing, malformed, unknown or wrong client credentials: never told apart."""


class NotPermitted(Failure):
    """The application is disabled, or may not do this."""


class GrantNotPermitted(NotPermitted):
    """The application may not use `grant`, which is one of ours and never the caller's text."""

    def __init__(self, grant: str, reason: str) -> None:
        super().__init__(reason)
        self.grant = grant


class AddressBlocked(Failure):
    """The caller's address is not on the application's allow-list."""


class MoreProofNeeded(Failure):
    """The password was right and is not enough: `request_token` names what to go on with, once."""

    def __init__(self, request_token: str) -> None:
        super().__init__("second-factor-needed")
        self.request_token = request_token


class NotEntitled(Failure):
    """The application has no entitlement to this institution."""


class UnknownGrantType(Failure):
    """`grant_type` is not one of ours."""


class BadScope(Failure):
    """A scope is malformed, unknown, or more than the application or the grant holds."""


class BadCustomer(Failure):
    """Unknown login, wrong password, locked or disabled: the caller cannot tell which."""


class BadToken(Failure):
    """A code or refresh token that is unknown, expired, spent, revoked or another's."""


class BadBearer(Failure):
    """The access token in `Authorization: Bearer` does not open this resource."""


class ShownHere(Failure):
    """Told to the customer on a page of ours, never sent on (RFC 6749 section 4.1.2.1).

    `kind` is the kind of page, of `pages.views.Problem`.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


class SentBack(Failure):
    """The answer to an authorization request: `error` is a registered code (RFC 6749 section 4.1.2.1,
    OpenID Connect Core section 3.1.2.6), `description` a sentence for who builds the application."""

    def __init__(self, error: str, reason: str, description: str) -> None:
        super().__init__(reason)
        self.error = error
        self.description = description


class LacksScope(Failure):
    """The access token holds, but not for this. `scope` is what it lacks (RFC 6750 section 3.1)."""

    def __init__(self, scope: str) -> None:
        super().__init__("scope-lacking")
        self.scope = scope


class SelfAuthorization(Failure):
    """An application asks for a code for itself."""


class BadTarget(Failure):
    """The application that a code is asked for cannot receive one."""


class Throttled(Failure):
    """Too many failed attempts. `retry_after` is in whole seconds."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class CannotSign(Failure):
    """The institution's signing key cannot be used; an operator has to help."""


class Unavailable(Failure):
    """Nothing is wrong with the request. `retry_after` is in whole seconds."""

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Overloaded(Unavailable):
    """A bounded queue is full."""


class StoreUnavailable(Unavailable):
    """The store did not commit, or it is not known whether it did."""


class CoreBankUnavailable(Unavailable):
    """The bank's core, which checks passwords, does not answer."""
