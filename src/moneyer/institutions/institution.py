"""An institution and its policy."""

from typing import Literal

import msgspec

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


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an institution allows, whatever an application's registration says."""

    grants: tuple[GrantType, ...] = GRANT_TYPES
    algorithm: Algorithm = "ES256"
    verifier: Verifier = "built-in"


class Institution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A bank. `institution_id` is opaque text, 1 to 32 letters and digits."""

    institution_id: str
    name: str
    status: Status = "active"
    policy: Policy = Policy()


def issuer_of(base_url: str, institution_id: str) -> str:
    """The issuer identifier of an institution (RFC 8414 section 2)."""
    return f"{base_url}/i/{institution_id}"
