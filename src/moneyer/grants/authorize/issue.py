"""Issuing a code to a customer's browser: everything it rests on looked at once more, in one commit."""

import hashlib
import secrets

import msgspec

from moneyer.applications.application import Application
from moneyer.audit.events import Event
from moneyer.customers.consent import Consent, consent_id
from moneyer.customers.session import Session
from moneyer.grants.authorize.decide import all_scopes
from moneyer.grants.authorize.request import AuthorizationRequest
from moneyer.grants.mint import TokenRequest
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import SentBack, ShownHere
from moneyer.protocol.scopes import join
from moneyer.store.rows import RevokedToken, Rows
from moneyer.tokens.code import SECRET_BYTES, Code, digest_of, write_code


class IssueCode:
    """The last step of an authorization request, which happens once.

    Gives the code's text. Raises ShownHere when this page was answered before, SentBack when the
    session, the customer or the pushed request is no longer good.
    """

    def __init__(
        self,
        token_request: TokenRequest,
        request: AuthorizationRequest,
        session: Session,
        transaction_id: str,
        *,
        allowed_now: bool,
    ) -> None:
        self._token_request = token_request
        self._request = request
        self._session = session
        self.institution_id = session.institution_id
        self._once = once_name(transaction_id)
        self._allowed_now = allowed_now
        self._consent_id = consent_id(session.customer_id, request.client_id)
        self._text = write_code(self.institution_id, secrets.token_bytes(SECRET_BYTES))

    def wants(self, rows: Rows) -> None:
        institution_id = self.institution_id
        rows.customers.want(institution_id, self._session.customer_id)
        rows.codes.want(institution_id, digest_of(self._text))
        rows.revoked_tokens.want(institution_id, self._once)
        rows.sessions.want(institution_id, self._session.digest)
        rows.consents.want(institution_id, self._consent_id)
        if self._request.pushed:
            rows.requests.want(institution_id, bytes.fromhex(self._request.pushed))

    def decide(self, rows: Rows, now: int) -> str:
        if rows.revoked_tokens.get(self.institution_id, self._once) is not None:
            raise ShownHere("expired", "transaction-used")
        session = rows.sessions.get(self.institution_id, self._session.digest)
        customer = rows.customers.get(self.institution_id, self._session.customer_id)
        if session is None or session.status != "live":
            raise SentBack("login_required", "session-ended", "the session has ended meanwhile")
        if customer is None or customer.status != "active":
            raise SentBack("access_denied", "customer-disabled", "the customer may not sign in")
        if customer.tokens_not_before > session.started_at:
            raise SentBack("login_required", "customer-signed-out", "the session has ended meanwhile")
        self._use_pushed(rows, now)
        rows.revoked_tokens.put(RevokedToken(self.institution_id, self._once, now + 86400 * SECOND))
        consent = self._consented(rows, now)
        application = self._token_request.application
        code = self._code(application, session, now)
        rows.codes.put(code)
        clients = session.clients
        if application.client_id not in clients:
            clients = (*clients, application.client_id)
        rows.sessions.put(msgspec.structs.replace(session, clients=clients, seen_at=now))
        granted = join(all_scopes(self._request))
        if consent:
            rows.record(self._event("consent:granted", session, granted))
        rows.record(self._event("code:issued", session, granted))
        return self._text

    def _use_pushed(self, rows: Rows, now: int) -> None:
        """A pushed request is used up where its code is issued, not where its page is shown."""
        if not self._request.pushed:
            return
        pushed = rows.requests.get(self.institution_id, bytes.fromhex(self._request.pushed))
        if pushed is None or pushed.used_at is not None:
            raise SentBack("invalid_request_uri", "pushed-used", "request_uri was used before")
        rows.requests.put(msgspec.structs.replace(pushed, used_at=now))

    def _consented(self, rows: Rows, now: int) -> bool:
        """Writes that the customer agreed, or that a consent was used. Gives whether it is new."""
        before = rows.consents.get(self.institution_id, self._consent_id)
        if not self._allowed_now:
            if before is not None and before.is_live:
                rows.consents.put(msgspec.structs.replace(before, used_at=now))
            return False
        held = before.scopes if before is not None and before.is_live else ()
        rows.consents.put(
            Consent(
                self.institution_id,
                self._consent_id,
                self._session.customer_id,
                self._request.client_id,
                tuple(dict.fromkeys((*held, *all_scopes(self._request)))),
                granted_at=max(now, before.withdrawn_at + 1 if before else 0),
                used_at=now,
                withdrawn_at=before.withdrawn_at if before else 0,
            )
        )
        return True

    def _code(self, application: Application, session: Session, now: int) -> Code:
        request = self._request
        return Code(
            self.institution_id,
            digest_of(self._text),
            application.client_id,
            session.customer_id,
            request.scopes,
            request.identity,
            request.redirect_uri,
            auth_time=session.auth_time,
            created_at=now,
            expires_at=now + application.lifetimes.code * SECOND,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
            session_id=session.session_id,
            amr=session.amr,
            claims=request.claims,
        )

    def _event(self, name: str, session: Session, scope: str) -> Event:
        return self._token_request.event(
            name,
            customer_id=session.customer_id,
            scope=scope,
            detail=f"session:{session.session_id}",
        )


def once_name(transaction_id: str) -> str:
    """The name under which a finished page is remembered."""
    return "page:" + hashlib.sha256(transaction_id.encode()).hexdigest()[:40]
