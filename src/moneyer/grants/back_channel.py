"""Codes over the back channel: a bank's own sign-in page, having authenticated the customer, asks for
a code on behalf of another application (wire-v2, section 3)."""

import secrets
from typing import NamedTuple

from moneyer.applications.application import Application, require_grant
from moneyer.audit.events import Event, Trace
from moneyer.customers.login import canonical_login
from moneyer.grants.bearer import Bearer
from moneyer.grants.mint import Mint
from moneyer.protocol import pkce
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import (
    BadParameter,
    BadTarget,
    NotPermitted,
    SelfAuthorization,
)
from moneyer.protocol.form import Form
from moneyer.protocol.identifiers import is_client_id
from moneyer.protocol.scopes import Scopes, join, narrow, split_scopes
from moneyer.store.rows import Rows
from moneyer.tokens.code import SECRET_BYTES, Code, digest_of, write_code

_REQUESTABLE = frozenset({"openid", "profile", "offline_access"})

MAX_AUTH_TIME_AHEAD = 60
"""Seconds by which the sign-in page's clock may be ahead of ours (FAPI 2.0 section 5.3.2.1)."""


class IssuedCode(NamedTuple):
    """A code, and where the customer's browser takes it."""

    redirect_uri: str
    code: str

    def __repr__(self) -> str:
        return f"IssuedCode({self.redirect_uri!r})"


def find_target(bearer: Bearer, client_id: str, mint: Mint, now: int) -> Application:
    """The application a code is asked for.

    Raises NotPermitted unless the caller is a sign-in page with a token of its own; SelfAuthorization;
    BadTarget when the target is unknown, disabled, without this grant, redirect URI or institution.
    """
    if not bearer.application.is_sign_in_page or bearer.claims.gty != "client_credentials":
        raise NotPermitted("not-a-sign-in-page")
    if client_id == bearer.application.client_id:
        raise SelfAuthorization("own-client-id")
    target = mint.snapshot.application(client_id) if is_client_id(client_id) else None
    if target is None or target.status != "active":
        raise BadTarget("target-unknown")
    if bearer.institution.institution_id not in target.entitled:
        raise BadTarget("target-not-entitled")
    if not target.redirect_uris:
        raise BadTarget("target-without-redirect-uri")
    try:
        require_grant(target, bearer.institution, "authorization_code", now)
    except NotPermitted as failure:
        raise BadTarget(failure.reason) from None
    return target


async def issue_code(
    bearer: Bearer, target: Application, form: Form, mint: Mint, trace: Trace, now: int
) -> IssuedCode:
    """A code for `target`, for the customer that the sign-in page has authenticated.

    Form: `username`, `institution_user_id`, `scopes`; optional `requested_scopes` (openid, profile,
    offline_access), `nonce`, `aud`, `auth_time` (seconds since 1970), `code_challenge` with
    `code_challenge_method`. Raises BadParameter, BadScope, StoreUnavailable.
    """
    login_id = form.text("username", 256)
    if login_id is None:
        raise BadParameter("username", "missing")
    customer_id = form.require("institution_user_id", 64).upper()
    scopes = narrow(split_scopes(form.require("scopes", 2048), ","), target.api_scopes)
    identity = _identity(form.printable("requested_scopes", 256))
    challenge = pkce.check_challenge(
        form.printable("code_challenge", 128), form.printable("code_challenge_method", 16)
    )
    institution_id = bearer.institution.institution_id
    customer = await mint.reader.customer(institution_id, customer_id)
    if customer is None or customer.status != "active":
        raise BadParameter("institution_user_id", "customer-unknown")
    if customer.login_key != canonical_login(login_id):
        raise BadParameter("username", "other-customer")
    text = write_code(institution_id, secrets.token_bytes(SECRET_BYTES))
    code = Code(
        institution_id,
        digest_of(text),
        target.client_id,
        customer_id,
        scopes,
        identity,
        target.redirect_uris[0],
        auth_time=_auth_time(form.printable("auth_time", 16), now),
        created_at=now,
        expires_at=now + target.lifetimes.code * SECOND,
        nonce=form.printable("nonce", 256) or "",
        audience=form.printable("aud", 256) or "",
        code_challenge=challenge,
    )
    await mint.journal.perform(StoreCode(code, bearer.application.client_id, trace))
    return IssuedCode(code.redirect_uri, text)


def _identity(requested: str | None) -> Scopes:
    """The OpenID Connect scopes asked for, in order. Raises BadParameter for any other."""
    if requested is None:
        return ()
    scopes = split_scopes(requested, ",")
    if not _REQUESTABLE.issuperset(scopes):
        raise BadParameter("requested_scopes", "not-an-identity-scope")
    return scopes


def _auth_time(text: str | None, now: int) -> int:
    """When the customer was authenticated, as an instant; now where the page does not say."""
    if text is None:
        return now
    if not text.isdecimal() or int(text) > now // SECOND + MAX_AUTH_TIME_AHEAD:
        raise BadParameter("auth_time", "not-a-time")
    return int(text) * SECOND


class StoreCode:
    """Writes a new code with its event."""

    def __init__(self, code: Code, asked_by: str, trace: Trace) -> None:
        self._code = code
        self.institution_id = code.institution_id
        self._asked_by = asked_by
        self._trace = trace

    def wants(self, rows: Rows) -> None:
        rows.codes.want(self._code.institution_id, self._code.digest)

    def decide(self, rows: Rows, now: int) -> None:
        code = self._code
        rows.codes.put(code)
        rows.record(
            Event(
                "code:issued",
                now,
                code.institution_id,
                client_id=code.client_id,
                customer_id=code.customer_id,
                scope=join((*code.scopes, *code.identity)),
                source=self._trace.source,
                transaction_id=self._trace.transaction_id,
                detail=f"asked-by:{self._asked_by}",
            )
        )
