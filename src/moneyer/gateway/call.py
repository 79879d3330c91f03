"""An API call as the guard sees it, and what it proves about it."""

from typing import NamedTuple

import msgspec

from moneyer.protocol.scopes import Scopes

RawHeaders = list[tuple[bytes, bytes]]
"""Names in lower case, in the order in which they came."""


def is_named(header: bytes, name: bytes) -> bool:
    """Whether somebody might read `header` as `name`, which is in lower case and without hyphens."""
    return header == name or header.lower().replace(b"_", b"").replace(b"-", b"") == name


class ApiCall(NamedTuple):
    """A call before anything is believed of it.

    `path` is decoded, `query` is not. `certificate` is the caller's TLS certificate in DER, from the
    connection itself or from a proxy that is trusted to say so; None where there is none. `url` is
    what the caller asked for, without query or fragment, as a DPoP proof has to name it.
    """

    method: str
    path: str
    query: bytes = b""
    headers: RawHeaders = []  # noqa: RUF012 - never changed
    certificate: bytes | None = None
    url: str = ""

    def __repr__(self) -> str:
        return f"ApiCall({self.method!r}, {self.path!r})"


class Identity(msgspec.Struct, frozen=True):
    """Who a customer is to the bank: the names that a call may use, and the businesses of a login."""

    institution_user_id: str
    login_id: str = ""
    host_user_id: str = ""
    institution_customer_ids: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Identity({self.institution_user_id!r})"


class Context(msgspec.Struct, frozen=True):
    """How a call names its customer (wire-v2, section 4): "" for what it does not say."""

    host_user_id: str = ""
    login_id: str = ""
    institution_customer_id: str = ""

    @property
    def names_someone(self) -> bool:
        return bool(self.host_user_id or self.login_id)

    def __repr__(self) -> str:
        return "Context(…)"


class Verified(msgspec.Struct, frozen=True):
    """What a service behind the guard may rely on.

    `customer_id` is the institutionUserId where the token is a customer's, and "" where it is an
    institution's; `context` is then who the call names, and otherwise at most what agrees with the
    token. `scopes` are all of the token's, `grant` is the one that began it. Times in whole seconds.
    """

    institution_id: str
    client_id: str
    scopes: Scopes
    subject: str
    token_id: str
    grant: str
    customer_id: str = ""
    context: Context = Context()
    acr: str = ""
    auth_time: int = 0

    def __repr__(self) -> str:
        return f"Verified({self.institution_id!r}, {self.client_id!r})"
