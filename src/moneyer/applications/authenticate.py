"""Proving that an application is who it says (RFC 6749 section 2.3.1)."""

from typing import NamedTuple, Protocol

from moneyer.applications.application import Application, AuthMethod, require_active
from moneyer.applications.secrets import SecretSlot, digest_secret, match
from moneyer.protocol.basic import BasicCredentials
from moneyer.protocol.failures import BadClient


class Registrations(Protocol):
    """Where applications and their secrets are looked up."""

    def application(self, client_id: str) -> Application | None: ...
    def secrets_of(self, client_id: str) -> tuple[SecretSlot, ...]: ...


class Authenticated(NamedTuple):
    """An application that proved who it is with this request; `slot` is the secret it used, if any.

    Of a public application it says only that the request claims to be its.
    """

    application: Application
    slot: SecretSlot | None


def authenticate(
    presented: BasicCredentials,
    registrations: Registrations,
    secret_key: bytes,
    now: int,
    method: AuthMethod = "client_secret_basic",
) -> Authenticated:
    """The application, and which of its secrets was used; `method` is how it was presented.

    Raises BadClient, after the same work, when the application is unknown, the secret is wrong or
    has expired; NotPermitted when the secret is right and the application disabled.
    """
    digest = digest_secret(secret_key, presented.client_secret)
    slot = match(digest, registrations.secrets_of(presented.client_id), now)
    application = registrations.application(presented.client_id)
    if application is None:
        raise BadClient("client-unknown")
    if slot is None:
        raise BadClient("secret-wrong")
    if application.auth_method != method:
        raise BadClient("other-method-registered")
    require_active(application)
    return Authenticated(application, slot)
