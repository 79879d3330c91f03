"""What a token is asked for with (RFC 6749 sections 4.1.3, 4.3.2, 4.4.2 and 6)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Grant:
    """The members of the form beside the scopes, and whether they may be sent twice."""

    grant_type: ClassVar[str]
    takes_scopes: ClassVar[bool] = False
    single_use: ClassVar[bool] = False
    """A code that may have arrived is spent: only where no connection was made it is sent again."""

    def parameters(self) -> dict[str, str]:
        """In the order in which they are sent; every value but the login id is a secret."""
        return {}


@dataclass(frozen=True, slots=True)
class ClientCredentials(Grant):
    """The application for itself."""

    grant_type: ClassVar[str] = "client_credentials"
    takes_scopes: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Password(Grant):
    """A customer who told a first-party application login id and password."""

    grant_type: ClassVar[str] = "password"
    takes_scopes: ClassVar[bool] = True
    username: str
    password: str = field(repr=False)

    def parameters(self) -> dict[str, str]:
        return {"username": self.username, "password": self.password}


@dataclass(frozen=True, slots=True)
class SecondFactor(Grant):
    """What MoreProofNeeded asked for: a one-time code, or a recovery code."""

    grant_type: ClassVar[str] = "urn:moneyer:grant-type:mfa-otp"
    single_use: ClassVar[bool] = True
    mfa_token: str = field(repr=False)
    otp: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)

    def parameters(self) -> dict[str, str]:
        more = {"otp": self.otp, "recovery_code": self.recovery_code}
        return {"mfa_token": self.mfa_token, **_given(more)}


@dataclass(frozen=True, slots=True)
class AuthorizationCode(Grant):
    """A code that came back from the authorization endpoint, or over the back channel."""

    grant_type: ClassVar[str] = "authorization_code"
    single_use: ClassVar[bool] = True
    code: str = field(repr=False)
    redirect_uri: str | None = None
    code_verifier: str | None = field(default=None, repr=False)

    def parameters(self) -> dict[str, str]:
        more = {"redirect_uri": self.redirect_uri, "code_verifier": self.code_verifier}
        return {"code": self.code, **_given(more)}


@dataclass(frozen=True, slots=True)
class RefreshToken(Grant):
    """A refresh token from elsewhere; one in the store is presented without being asked for."""

    grant_type: ClassVar[str] = "refresh_token"
    refresh_token: str = field(repr=False)

    def parameters(self) -> dict[str, str]:
        return {"refresh_token": self.refresh_token}


def _given(members: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in members.items() if value is not None}
