"""What a customer has allowed an application (OpenID Connect Core section 3.1.2.4)."""

import msgspec

from moneyer.protocol.scopes import Scopes


class Consent(msgspec.Struct, frozen=True):
    """One for each customer and application. `scopes` holds those of OpenID Connect as well.

    Withdrawn, it stays as a mark: nothing that was granted up to `withdrawn_at` opens anything.
    """

    institution_id: str
    consent_id: str
    customer_id: str
    client_id: str
    scopes: Scopes
    granted_at: int
    used_at: int
    withdrawn_at: int = 0

    @property
    def is_live(self) -> bool:
        return self.granted_at > self.withdrawn_at

    def covers(self, scopes: Scopes) -> bool:
        """Whether it is live and all of `scopes` were allowed."""
        return self.is_live and frozenset(scopes) <= frozenset(self.scopes)


def consent_id(customer_id: str, client_id: str) -> str:
    return f"{customer_id}.{client_id}"
