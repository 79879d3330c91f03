"""Signing out: the session's end, and with it, in one commit, who is still to be told."""

from collections.abc import Callable

import msgspec

from moneyer.customers.notice import LIFETIME, LogoutNotice
from moneyer.customers.session import Session
from moneyer.grants.mint import TokenRequest
from moneyer.store.rows import Rows


class EndSession:
    """A customer signs out. Gives whom that is to be told; None when nobody wants to hear, or when the
    session had ended already.

    `hears` says of an application whether it wants to.
    """

    def __init__(self, session: Session, request: TokenRequest, hears: Callable[[str], bool]) -> None:
        self.institution_id = session.institution_id
        self._digest = session.digest
        self._session_id = session.session_id
        self._request = request
        self._hears = hears

    def wants(self, rows: Rows) -> None:
        rows.sessions.want(self.institution_id, self._digest)
        rows.notices.want(self.institution_id, self._session_id)

    def decide(self, rows: Rows, now: int) -> LogoutNotice | None:
        session = rows.sessions.get(self.institution_id, self._digest)
        if session is None or session.status != "live":
            return None
        rows.sessions.put(msgspec.structs.replace(session, status="ended"))
        rows.record(
            self._request.event(
                "session:ended",
                customer_id=session.customer_id,
                detail=f"session:{session.session_id}",
            )
        )
        clients = tuple(filter(self._hears, session.clients))
        if not clients:
            return None
        notice = LogoutNotice(
            self.institution_id,
            session.session_id,
            session.customer_id,
            clients,
            begun_at=now,
            expires_at=now + LIFETIME,
        )
        rows.notices.put(notice)
        return notice


class TakeUpNotice:
    """Goes on with a notice that somebody left behind. Gives it, or None when another was faster."""

    def __init__(self, notice: LogoutNotice) -> None:
        self.institution_id = notice.institution_id
        self._session_id = notice.session_id

    def wants(self, rows: Rows) -> None:
        rows.notices.want(self.institution_id, self._session_id)

    def decide(self, rows: Rows, now: int) -> LogoutNotice | None:
        notice = rows.notices.get(self.institution_id, self._session_id)
        if notice is None or not notice.is_due(now):
            return None
        taken = msgspec.structs.replace(notice, begun_at=now)
        rows.notices.put(taken)
        return taken


class CrossOff:
    """An application has heard, or will not. With the last one the notice is over."""

    def __init__(self, institution_id: str, session_id: str, client_id: str) -> None:
        self.institution_id = institution_id
        self._session_id = session_id
        self._client_id = client_id

    def wants(self, rows: Rows) -> None:
        rows.notices.want(self.institution_id, self._session_id)

    def decide(self, rows: Rows, now: int) -> None:
        notice = rows.notices.get(self.institution_id, self._session_id)
        if notice is None or self._client_id not in notice.clients:
            return
        left = tuple(client_id for client_id in notice.clients if client_id != self._client_id)
        expires_at = notice.expires_at if left else min(now, notice.expires_at)
        rows.notices.put(msgspec.structs.replace(notice, clients=left, expires_at=expires_at))
