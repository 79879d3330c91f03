"""An application (OAuth client), its registration and its entitlements."""

import ipaddress
from functools import cached_property, lru_cache
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from moneyer.institutions.institution import GrantType, Institution, Status
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import (
    AddressBlocked,
    GrantNotPermitted,
    NotEntitled,
    NotPermitted,
)
from moneyer.protocol.redirect_uri import LOOPBACK_HOSTS
from moneyer.protocol.scopes import IDENTITY_SCOPES, Scopes

LONGEST_LIFETIME = 366 * 86400
Seconds = Annotated[int, msgspec.Meta(ge=1, le=LONGEST_LIFETIME)]
AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
RetryWindow = Annotated[int, msgspec.Meta(ge=0, le=86400)]


class Lifetimes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long what this application receives lives, in seconds; `legacy_token` is for V1."""

    access_token: Seconds = 600
    legacy_token: Seconds = 1800
    code: Annotated[int, msgspec.Meta(ge=1, le=600)] = 60
    refresh_idle: Seconds = 14 * 86400
    refresh_absolute: Seconds = 90 * 86400


_NOBODYS_HOSTS = LOOPBACK_HOSTS | {"localhost"}


class Application(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, dict=True
):
    """A registration (RFC 7591 section 2), without its secrets.

    `password_until` is the instant until which the password grant is switched on; None means off.
    `allowed_addresses` are CIDR networks; empty means every address. `is_sign_in_page` marks a bank's
    own sign-in page, which may ask for codes on behalf of other applications. `profile` says how its
    id_tokens look; `auth_method` is the one way in which it proves who it is (RFC 7591 section 2), with
    `jwks` where that is a signature. `owner` is who runs it, `is_third_party` that it is not the bank.
    `is_resource_server` may look into every token of its institutions, and follow their revocations.
    `is_legacy` lets it use the V1 endpoint and, as a resource server, look into the tokens for the
    legacy APIs instead of the others. `longest_access_token` is the longest life that its access tokens
    had before, in seconds. Its scripts call from `origins`. `sector_identifier` is its sector, which
    stays from when it first was a third party: its customers keep their subjects wherever it moves.
    """

    client_id: str
    name: str
    grants: tuple[GrantType, ...]
    scopes: Scopes = ()
    institutions: tuple[str, ...] = ()
    redirect_uris: tuple[str, ...] = ()
    status: Status = "active"
    lifetimes: Lifetimes = Lifetimes()
    refresh_policy: Literal["rotate", "static"] = "rotate"
    retry_window: RetryWindow = 60
    password_until: int | None = None
    allowed_addresses: tuple[str, ...] = ()
    is_sign_in_page: bool = False
    code_needs_institution_header: bool = False
    consent_enabled: bool = False
    secondary_authentication_enabled: bool = False
    device_registration_enabled: bool = False
    profile: Literal["v2", "standard"] = "v2"
    auth_method: AuthMethod = "client_secret_basic"
    application_type: Literal["web", "native"] = "web"
    jwks: str = ""
    owner: str = ""
    is_third_party: bool = False
    is_resource_server: bool = False
    requires_pushed_requests: bool = False
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str = ""
    is_legacy: bool = False
    longest_access_token: Annotated[int, msgspec.Meta(ge=0, le=LONGEST_LIFETIME)] = 0
    origins: tuple[str, ...] = ()
    sector_identifier: str = ""

    @cached_property
    def entitled(self) -> frozenset[str]:
        """`institutions`, to be asked for one of them: there may be ten thousand."""
        return frozenset(self.institutions)

    @property
    def longest_life(self) -> int:
        """Seconds after which no access token that it ever received lives any more."""
        legacy = self.lifetimes.legacy_token if self.is_legacy else 0
        return max(self.longest_access_token, self.lifetimes.access_token, legacy)

    @property
    def is_public(self) -> bool:
        """Whether it cannot prove who it is (RFC 6749 section 2.1)."""
        return self.auth_method == "none"

    @property
    def sector(self) -> str:
        """Who shares its pairwise subjects: the host of its first redirect URI (OIDC Core, 8.1), now or
        when it was fixed; where that is nobody's in particular, it alone."""
        if self.sector_identifier:
            return self.sector_identifier
        host = urlsplit(self.redirect_uris[0]).hostname if self.redirect_uris else None
        return self.client_id if not host or host in _NOBODYS_HOSTS else host

    @property
    def api_scopes(self) -> Scopes:
        """The scopes that open an API, without those of OpenID Connect."""
        return _without_identity(self.scopes)


@lru_cache(maxsize=4096)
def _without_identity(scopes: Scopes) -> Scopes:
    return tuple(scope for scope in scopes if scope not in IDENTITY_SCOPES)


def require_active(application: Application) -> None:
    """Raises NotPermitted when the application is disabled."""
    if application.status != "active":
        raise NotPermitted("application-disabled")


def require_legacy(application: Application) -> None:
    """Raises NotPermitted unless the application may use the V1 endpoint and what its tokens open."""
    if not application.is_legacy:
        raise NotPermitted("not-legacy")


def require_address(application: Application, address: str) -> None:
    """Raises AddressBlocked unless `address` is in one of the allowed networks."""
    if application.allowed_addresses and not on_allow_list(application, address):
        raise AddressBlocked("address-not-allowed")


def on_allow_list(application: Application, address: str) -> bool:
    """Whether the application has an allow-list and `address` is on it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in ipaddress.ip_network(net) for net in application.allowed_addresses)


def require_entitlement(application: Application, institution: Institution | None) -> Institution:
    """The institution, if the application may act for it; raises NotEntitled.

    An institution that does not exist, one that is disabled and one that is another's are not told
    apart.
    """
    if institution is None:
        raise NotEntitled("institution-unknown")
    if institution.institution_id not in application.entitled:
        raise NotEntitled("not-entitled")
    if institution.status != "active":
        raise NotEntitled("institution-disabled")
    return institution


def require_registered(application: Application, grant: GrantType) -> None:
    """Raises GrantNotPermitted unless the application is registered for the grant."""
    if grant not in application.grants:
        raise GrantNotPermitted(grant, "grant-not-registered")


def require_grant(
    application: Application, institution: Institution, grant: GrantType, now: int
) -> None:
    """Raises GrantNotPermitted unless application, institution and calendar all allow the grant."""
    require_registered(application, grant)
    if grant not in institution.policy.grants:
        raise GrantNotPermitted(grant, "grant-off-at-institution")
    if grant == "password":
        if application.password_until is None:
            raise GrantNotPermitted(grant, "password-grant-off")
        if now >= application.password_until:
            raise GrantNotPermitted(grant, "password-grant-ended")


MAX_PASSWORD_GRANT_DAYS = 365


def password_grant_end(now: int, days: int) -> int:
    """The instant `days` from now; raises ValueError beyond a year (the grant is on its way out)."""
    if not 1 <= days <= MAX_PASSWORD_GRANT_DAYS:
        raise ValueError("the password grant is switched on for 1 to 365 days")
    return now + days * 86400 * SECOND
