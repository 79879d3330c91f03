"""Why a call does not get through.

    Refused
    ├── NoRoute             nothing is guarded under this path, so nothing is let through
    ├── TokenMissing        401: no token, or none where one belongs
    ├── TokenInvalid        401: expired, revoked, forged, another issuer's or another API's
    │   └── ProofInvalid    401: bound to a key, and the proof of it missing, wrong or used before
    ├── StepUp              401: the customer has to sign in again, or more strongly
    ├── ScopeMissing        403: the token opens other things
    ├── InstitutionMismatch 403: the call names another institution than its token
    ├── ContextMalformed    400: the customer is named not at all, twice, or in no way there is
    ├── ContextMismatch     403: the customer named is not the token's
    └── CannotTell          503: who the customer is, or which keys hold, cannot be known at present

`reason` is for the log of the gateway alone; it never holds anything the caller sent.
"""


class Refused(Exception):
    """A call ends here. `status` is the HTTP status, `words` what the caller is told."""

    status = 403
    words = "The authentication provided does not authorize this request"
    error = ""
    """The code of RFC 6750 section 3.1, where it has one."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoRoute(Refused):
    """Nothing is guarded under this path."""

    status = 404
    words = "Nothing is served under this path"


class TokenMissing(Refused):
    """RFC 6750 section 3.1: no error code where nothing was presented."""

    status = 401
    words = "Full authentication was not provided in the request"


class TokenInvalid(Refused):
    """The token opens nothing here; why is not told apart."""

    status = 401
    words = "The authentication token that was sent in the request is invalid"
    error = "invalid_token"


class ProofInvalid(TokenInvalid):
    """The proof that a token bound to a key needs (RFC 9449 section 7.1)."""

    words = "The proof that belongs to the authentication token is missing or invalid"
    error = "invalid_dpop_proof"


class StepUp(Refused):
    """RFC 9470 section 3. `acrs`: one of these is enough; `max_age`: seconds since the sign-in."""

    status = 401
    words = "The request needs a newer or stronger sign-in of the customer"
    error = "insufficient_user_authentication"

    def __init__(self, acrs: tuple[str, ...], max_age: int | None) -> None:
        super().__init__("step-up")
        self.acrs = acrs
        self.max_age = max_age


class ScopeMissing(Refused):
    """`scopes`: one of these would have been enough."""

    error = "insufficient_scope"

    def __init__(self, scopes: tuple[str, ...]) -> None:
        super().__init__("scope-missing")
        self.scopes = scopes


class InstitutionMismatch(Refused):
    """The header `institutionId` names another institution than the token."""


class ContextMalformed(Refused):
    """`hostUserId` or `loginId`, never both; `institutionCustomerId` only beside `loginId`."""

    status = 400
    words = "Customer context is missing or malformed: name hostUserId or loginId, never both"


class ContextMismatch(Refused):
    """A parameter disagrees with the customer in the token."""

    words = "The customer named in the request is not the customer of the token"


class CannotTell(Refused):
    """Nothing is wrong with the call: try again. `retry_after` in whole seconds."""

    status = 503
    words = "The request cannot be judged at present; repeat it when Retry-After has passed"

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
