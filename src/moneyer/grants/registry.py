"""The grants that the token endpoint knows, by the name they have on the wire."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from moneyer.grants import (
    authorization_code,
    client_credentials,
    legacy_password,
    mfa,
    password,
    refresh_token,
)
from moneyer.grants.mint import Mint, TokenRequest, TokenResponse
from moneyer.institutions.institution import GrantType
from moneyer.protocol.failures import BadParameter, UnknownGrantType


class Grant(NamedTuple):
    """A grant. `registered_as` is the grant that an application needs for it; `parameters` are those it
    reads, no other reaches it."""

    name: str
    registered_as: GrantType
    parameters: frozenset[str]
    handle: Callable[[TokenRequest, Mint], Awaitable[TokenResponse]]


GRANTS: dict[str, Grant] = {
    grant.name: grant
    for grant in (
        Grant(
            "client_credentials",
            "client_credentials",
            client_credentials.PARAMETERS,
            client_credentials.client_credentials,
        ),
        Grant("password", "password", password.PARAMETERS, password.password),
        Grant(mfa.GRANT_TYPE, "password", mfa.PARAMETERS, mfa.mfa),
        Grant(
            "authorization_code",
            "authorization_code",
            authorization_code.PARAMETERS,
            authorization_code.authorization_code,
        ),
        Grant("refresh_token", "refresh_token", refresh_token.PARAMETERS, refresh_token.refresh_token),
    )
}


LEGACY_GRANTS: dict[str, Grant] = {
    "client_credentials": GRANTS["client_credentials"],
    "password": Grant("password", "password", password.PARAMETERS, legacy_password.legacy_password),
}
"""Those of the V1 endpoint."""


def find_grant(name: str | None, grants: Mapping[str, Grant] = GRANTS) -> Grant:
    """Raises BadParameter for a missing name, UnknownGrantType for an unknown one."""
    if name is None:
        raise BadParameter("grant_type", "missing")
    grant = grants.get(name)
    if grant is None:
        raise UnknownGrantType("grant-type-unknown")
    return grant
