"""What applications are still to be told: that a session of theirs has ended."""

import msgspec

from moneyer.customers.session import Session
from moneyer.protocol.clock import SECOND

LIFETIME = 3600 * SECOND
"""An application that is away for longer is not told any more."""
LEASE = 120 * SECOND
"""For so long whoever began to tell is left alone: longer than its tries take."""


class LogoutNotice(msgspec.Struct, frozen=True):
    """One session, and the applications that have not heard yet. Written with the session's end, taken
    away when all have heard. Instants; `begun_at` is when somebody last began to tell them.
    """

    institution_id: str
    session_id: str
    customer_id: str
    clients: tuple[str, ...]
    begun_at: int
    expires_at: int

    def is_due(self, now: int) -> bool:
        """Whether it is for the next who looks: nobody is known to be at it any more."""
        return bool(self.clients) and self.begun_at + LEASE <= now < self.expires_at

    def __repr__(self) -> str:
        return f"LogoutNotice({self.institution_id!r})"


def notice_for_anyone(session: Session, now: int) -> LogoutNotice:
    """Of a session that ended while nobody had time to tell its applications: due at once, for
    whichever process looks next."""
    return LogoutNotice(
        session.institution_id,
        session.session_id,
        session.customer_id,
        session.clients,
        begun_at=now - LEASE,
        expires_at=now + LIFETIME,
    )
