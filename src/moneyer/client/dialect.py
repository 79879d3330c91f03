"""The two ways of speaking to a token service."""

from typing import Literal, NamedTuple


class Dialect(NamedTuple):
    """What differs between V2 and the standard. Either way numbers are read as numbers or as text."""

    token_path: str
    """Below `base_url`; `{institution_id}` is filled in."""
    revocation_path: str
    revocation_method: Literal["DELETE", "POST"]
    scope_parameter: str
    scope_separator: str
    has_headers: bool
    """Whether token requests carry `institutionId` and `transactionId`."""


V2 = Dialect("/oauth2/v1/token", "/oauth2/v1/revoke", "DELETE", "scopes", ",", has_headers=True)
"""`/oauth2/v1/token`: the institution in a header, scopes with commas, DELETE with a body."""

STANDARD = Dialect(
    "/i/{institution_id}/oauth2/token",
    "/i/{institution_id}/oauth2/revoke",
    "POST",
    "scope",
    " ",
    has_headers=False,
)
"""RFC 6749 and RFC 7009 under the issuer of an institution."""
