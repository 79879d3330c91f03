"""An institution and its policy."""

from typing import Annotated, Literal

import msgspec

from moneyer.protocol.scopes import Scopes

Status = Literal["active", "disabled"]
GrantType = Literal["client_credentials", "password", "authorization_code", "refresh_token"]
Algorithm = Literal["ES256", "Ed25519", "RS256"]
Verifier = Literal["built-in", "core-bank"]

GRANT_TYPES: tuple[GrantType, ...] = (
    "client_credentials",
    "password",
    "authorization_code",
    "refresh_token",
)


class Brand(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How an institution's pages look. `logo` is an SVG document; empty means a monogram."""

    accent: Annotated[str, msgspec.Meta(pattern="^#[0-9a-f]{6}$")] = "#1d4e89"
    logo: Annotated[str, msgspec.Meta(max_length=65536)] = ""


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an institution allows, whatever an application's registration says.

    `second_factor` says when a password is not enough: never, for `strong_scopes`, always. A session
    ends after `session_idle` seconds without use, and `session_absolute` after its beginning.
    """

    grants: tuple[GrantType, ...] = GRANT_TYPES
    algorithm: Algorithm = "ES256"
    verifier: Verifier = "built-in"
    second_factor: Literal["off", "strong-scopes", "always"] = "off"
    strong_scopes: Scopes = ("transfers:write", "recipients:write", "recipients:delete")
    session_idle: Annotated[int, msgspec.Meta(ge=60, le=86400)] = 3600
    session_absolute: Annotated[int, msgspec.Meta(ge=60, le=30 * 86400)] = 43200

    def needs_second_factor(self, scopes: Scopes) -> bool:
        """Whether a password alone is too little for `scopes` (FFIEC, August 2021)."""
        if self.second_factor == "strong-scopes":
            return not frozenset(self.strong_scopes).isdisjoint(scopes)
        return self.second_factor == "always"


class Institution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bank. `institution_id` is opaque text, 1 to 32 letters and digits."""

    institution_id: str
    name: str
    status: Status = "active"
    policy: Policy = Policy()
    brand: Brand = Brand()


def issuer_of(base_url: str, institution_id: str) -> str:
    """The issuer identifier of an institution (RFC 8414 section 2)."""
    return f"{base_url}/i/{institution_id}"
