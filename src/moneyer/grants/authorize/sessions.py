"""Opening, raising and ending a customer's session (ASVS 7.2.4: a new secret each time)."""

import secrets
from typing import NamedTuple

import msgspec

from moneyer.audit.events import Event
from moneyer.customers.factors.policy import amr_with
from moneyer.customers.notice import notice_for_anyone
from moneyer.customers.session import SECRET_BYTES, Session, session_digest
from moneyer.customers.verifiers import Verified
from moneyer.grants.mint import Mint, TokenRequest
from moneyer.grants.second_factor import FactorCheck
from moneyer.grants.sign_in import SignIn, forgive, require_signed_in_customer
from moneyer.institutions.institution import Institution
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadCustomer, BadRequest
from moneyer.store.rows import RevokedToken, Rows

TOUCH_INTERVAL = 60 * SECOND


class Opened(NamedTuple):
    """A session, and the secret for the browser's cookie."""

    session: Session
    secret: bytes

    def __repr__(self) -> str:
        return f"Opened({self.session!r})"


async def find_session(
    mint: Mint, institution: Institution, secret: bytes | None, now: int
) -> Session | None:
    """The live session behind a cookie's secret, of a customer who may still be signed in."""
    if secret is None:
        return None
    institution_id = institution.institution_id
    session = await mint.reader.session(institution_id, session_digest(secret))
    if session is None or not session.is_live(now, institution.policy.session_idle * SECOND):
        return None
    customer = await mint.reader.customer(institution_id, session.customer_id)
    if customer is None or customer.status != "active":
        return None
    if customer.tokens_not_before > session.started_at:
        return None
    if now - session.seen_at > TOUCH_INTERVAL:
        await mint.journal.perform(Touch(session))
    return session


class Touch:
    """Notes that a session was used."""

    def __init__(self, session: Session) -> None:
        self.institution_id = session.institution_id
        self._digest = session.digest

    def wants(self, rows: Rows) -> None:
        rows.sessions.want(self.institution_id, self._digest)

    def decide(self, rows: Rows, now: int) -> None:
        session = rows.sessions.get(self.institution_id, self._digest)
        if session is not None:
            rows.sessions.put(msgspec.structs.replace(session, seen_at=max(now, session.seen_at)))


class _Sessions:
    """What opening and raising have in common: a new row, and the end of the one before."""

    def __init__(self, request: TokenRequest, before: Session | None) -> None:
        self._request = request
        self.institution_id = request.institution.institution_id
        self._before = before
        self._secret = secrets.token_bytes(SECRET_BYTES)

    def want_sessions(self, rows: Rows) -> None:
        rows.sessions.want(self.institution_id, session_digest(self._secret))
        if self._before is not None:
            rows.sessions.want(self.institution_id, self._before.digest)

    def end_before(self, rows: Rows) -> Session | None:
        """The session before, if it lives, which ends with this."""
        if self._before is None:
            return None
        before = rows.sessions.get(self.institution_id, self._before.digest)
        if before is None or before.status != "live":
            return None
        rows.sessions.put(msgspec.structs.replace(before, status="ended"))
        return before

    def raised(self, rows: Rows, kind: str, now: int) -> Opened:
        """The session after a factor of `kind`, under a new secret. Raises BadRequest."""
        before = self.end_before(rows)
        if before is None:
            raise BadRequest("session-ended")
        session = msgspec.structs.replace(
            before,
            digest=session_digest(self._secret),
            amr=amr_with(before.amr, kind),
            seen_at=now,
            status="live",
        )
        rows.sessions.put(session)
        detail = f"session:{session.session_id}"
        rows.record(self.event("session:raised", session.customer_id, detail=detail))
        return Opened(session, self._secret)

    def event(self, name: str, customer_id: str, **facts: object) -> Event:
        return self._request.event(name, customer_id=customer_id, **facts)


class OpenSession(_Sessions):
    """A customer has proven who they are: a new session, and no more of the one before."""

    def __init__(
        self,
        sign_in: SignIn | None,
        request: TokenRequest,
        verified: Verified,
        before: Session | None,
        check: FactorCheck | None = None,
        once: str = "",
    ) -> None:
        super().__init__(request, before)
        self._sign_in = sign_in
        self._verified = verified
        self._check = check
        self._once = once

    def wants(self, rows: Rows) -> None:
        self.want_sessions(rows)
        if self._before is not None:
            rows.notices.want(self.institution_id, self._before.session_id)
        rows.customers.want(self.institution_id, self._verified.customer.customer_id)
        if self._sign_in is not None:
            self._sign_in.wants(rows)
        if self._check is not None:
            self._check.wants(rows)
        if self._once:
            rows.revoked_tokens.want(self.institution_id, self._once)

    def decide(self, rows: Rows, now: int) -> Opened:
        """Raises BadCustomer."""
        checked = self._verified.customer
        try:
            if self._once:
                use_once(rows, self.institution_id, self._once, now)
            customer = require_signed_in_customer(
                rows.customers.get(self.institution_id, checked.customer_id), checked
            )
            if self._check is not None:
                self._check.prove(rows, now)
        except BadCustomer as failure:
            refused = self.event("sign-in:refused", checked.customer_id, reason=failure.reason)
            rows.record(refused)
            raise
        if self._sign_in is not None:
            forgive(self._sign_in, rows, now)
        if self._verified.new_hash:
            new_hash = self._verified.new_hash
            rows.customers.put(msgspec.structs.replace(customer, password_hash=new_hash))
        before = self.end_before(rows)
        is_same = before is not None and before.customer_id == customer.customer_id
        if before is not None and not is_same:
            self._end_of_another(rows, before, now)
        policy = self._request.institution.policy
        session = Session(
            self.institution_id,
            session_digest(self._secret),
            before.session_id if before is not None and is_same else secrets.token_hex(16),
            customer.customer_id,
            amr_with((), self._check.kind) if self._check else ("pwd",),
            auth_time=now,
            started_at=now,
            seen_at=now,
            expires_at=now + policy.session_absolute * SECOND,
            clients=before.clients if before is not None and is_same else (),
        )
        rows.sessions.put(session)
        detail = f"session:{session.session_id}"
        rows.record(self.event("session:opened", customer.customer_id, detail=detail))
        return Opened(session, self._secret)

    def _end_of_another(self, rows: Rows, before: Session, now: int) -> None:
        """Somebody else has signed in at the same browser: whoever was before is signed out by it."""
        detail = f"session:{before.session_id}"
        rows.record(self.event("session:ended", before.customer_id, detail=detail))
        if before.clients:
            rows.notices.put(notice_for_anyone(before, now))


class RaiseSession(_Sessions):
    """A second factor was presented: if it is right, a session that stands higher."""

    def __init__(self, request: TokenRequest, session: Session, check: FactorCheck, once: str) -> None:
        super().__init__(request, session)
        self._check = check
        self._once = once
        self._customer_id = session.customer_id

    def wants(self, rows: Rows) -> None:
        self.want_sessions(rows)
        self._check.wants(rows)
        rows.revoked_tokens.want(self.institution_id, self._once)

    def decide(self, rows: Rows, now: int) -> Opened:
        """Raises BadCustomer."""
        try:
            if self._check.kind == "passkey":
                use_once(rows, self.institution_id, self._once, now)
            self._check.prove(rows, now)
        except BadCustomer as failure:
            rows.record(self.event("session:refused", self._customer_id, reason=failure.reason))
            raise
        return self.raised(rows, self._check.kind, now)


class EnrolSession(_Sessions):
    """A second factor was set up and proven on the same page: the session stands as high as with it."""

    def __init__(self, request: TokenRequest, session: Session, kind: str) -> None:
        super().__init__(request, session)
        self._kind = kind

    def wants(self, rows: Rows) -> None:
        self.want_sessions(rows)

    def decide(self, rows: Rows, now: int) -> Opened:
        """Raises BadRequest where the session has ended."""
        return self.raised(rows, self._kind, now)


def use_once(rows: Rows, institution_id: str, name: str, now: int) -> None:
    """Notes that `name` was used; raises BadCustomer when it was before. Kept for a day."""
    if rows.revoked_tokens.get(institution_id, name) is not None:
        raise BadCustomer("used-before")
    rows.revoked_tokens.put(RevokedToken(institution_id, name, now + 86400 * SECOND))
