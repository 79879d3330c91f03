"""Everything that can go wrong for a client of the token service.

    ClientError
    ├── TokenRefused              the service has read the request and said no
    │   ├── SignInNeeded          what was presented opens nothing any more: sign in anew
    │   └── MoreProofNeeded       the password was right; a second factor has to follow
    ├── ServiceUnavailable        nothing is wrong with the request; carries the wait, if one was named
    │   └── Unreachable           no connection, or no answer
    ├── ProtocolError             an answer that is none of a token service
    ├── StoreFailed               the refresh token could not be kept, or read back
    └── InsecureAddress           plain HTTP to another machine

No message holds a secret: what a service says is searched for what was sent to it.
"""


class ClientError(Exception):
    """The application has no token, or its call was not sent."""


class TokenRefused(ClientError):
    """A 4xx of the token service. `code` and `message` are V2's, `error` and `description` those of
    RFC 6749 section 5.2; either pair may be empty. `status` is 0 where nobody was asked."""

    def __init__(
        self, status: int = 0, code: str = "", message: str = "", error: str = "", description: str = ""
    ) -> None:
        super().__init__(status, code, message, error, description)
        self.status = status
        self.code = code
        self.message = message
        self.error = error
        self.description = description

    def __str__(self) -> str:
        said = (str(self.status or ""), self.code, self.message, self.error, self.description)
        return " ".join(filter(None, said))


class SignInNeeded(TokenRefused):
    """A refresh token, code or password opens nothing (`invalid_grant`), or none is there."""

    def __str__(self) -> str:
        return super().__str__() or "nobody is signed in, and no credentials were given"


class MoreProofNeeded(TokenRefused):
    """`mfa_required`: go on with `SecondFactor(mfa_token, …)`, within minutes and once."""

    mfa_token = ""


class ServiceUnavailable(ClientError):
    """Too busy, throttled, or broken. `retry_after` is in seconds; None where none was named."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason, retry_after)
        self.reason = reason
        self.retry_after = retry_after

    def __str__(self) -> str:
        wait = "" if self.retry_after is None else f"; try again in {self.retry_after:g} s"
        return self.reason + wait


class Unreachable(ServiceUnavailable):
    """Nobody answered. `sent` says whether the request may have arrived all the same."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent

    def __reduce__(self) -> tuple[object, ...]:
        return _unreachable, (self.reason, self.sent)


class ProtocolError(ClientError):
    """A redirect, HTML, JSON that is cut off, a member of another type, or far too much of it.

    `status` is that of the answer. After a 200 the service may have done what was asked.
    """

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason, status)
        self.reason = reason
        self.status = status

    def __str__(self) -> str:
        return f"{self.reason} ({self.status})" if self.status else self.reason


class StoreFailed(ClientError):
    """The store of the refresh token cannot be read or written; what it held is not lost."""


class InsecureAddress(ClientError, ValueError):
    """Secrets go to https alone, or to this machine."""


def _unreachable(reason: str, sent: bool) -> Unreachable:
    """For pickle, which knows no names of arguments."""
    return Unreachable(reason, sent=sent)
