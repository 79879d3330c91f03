"""The password grant (RFC 6749 section 4.3): a customer signs in through a first-party application.

RFC 9700 section 2.4 forbids it and V2 demands it: it is off for an application until it is switched
on with an end date.
"""

import secrets

import msgspec

from moneyer.customers.login import MAX_BYTES as MAX_LOGIN_BYTES
from moneyer.customers.passwords import MAX_BYTES as MAX_PASSWORD_BYTES
from moneyer.customers.passwords import read_password
from moneyer.customers.verifiers import Verified
from moneyer.grants.mfa import ask_for_more
from moneyer.grants.mint import Mint, TokenRequest, TokenResponse
from moneyer.grants.renewal import answer_from_family, family_opened, open_family
from moneyer.grants.sign_in import SignIn, check_password, forgive, require_signed_in_customer
from moneyer.protocol.failures import BadCustomer, BadParameter
from moneyer.protocol.form import Form
from moneyer.protocol.scopes import Scopes, narrow
from moneyer.store.rows import Rows
from moneyer.tokens.family import LEGACY_PASSWORD, Family, new_family_id

PARAMETERS = frozenset({"username", "password"})


async def password(request: TokenRequest, mint: Mint) -> TokenResponse:
    """A customer's access token, with a refresh token.

    Raises BadParameter, BadScope, BadCustomer, Throttled, Unavailable; MoreProofNeeded where the
    institution's policy wants a second factor for these scopes (`grants.mfa`).
    """
    login_id, secret = read_credentials(request.form)
    scopes = narrow(request.read_scopes(), request.application.api_scopes)
    sign_in = SignIn(request, mint, login_id)
    verified = await check_password(sign_in, login_id, secret)
    if request.institution.policy.needs_second_factor(scopes):
        await ask_for_more(sign_in, verified, scopes)
    family, refresh = await mint.journal.perform(OpenFamily(sign_in, verified, scopes))
    return await answer_from_family(request, mint, family, refresh, scopes)


def read_credentials(form: Form) -> tuple[str, str]:
    """The login id and the password, as they were sent. Raises BadParameter."""
    login_id = form.text("username", MAX_LOGIN_BYTES)
    if login_id is None:
        raise BadParameter("username", "missing")
    return login_id, read_password(form.text("password", MAX_PASSWORD_BYTES))


class OpenFamily:
    """A customer has signed in: opens the family, if they still may."""

    def __init__(self, sign_in: SignIn, verified: Verified, scopes: Scopes) -> None:
        self._sign_in = sign_in
        self.institution_id = sign_in.institution_id
        self._verified = verified
        self._scopes = scopes
        self._family_id = new_family_id(sign_in.request.now, secrets.token_bytes(10))

    def wants(self, rows: Rows) -> None:
        self._sign_in.wants(rows)
        institution_id = self._sign_in.institution_id
        rows.customers.want(institution_id, self._verified.customer.customer_id)
        rows.families.want(institution_id, self._family_id)

    def decide(self, rows: Rows, now: int) -> tuple[Family, str]:
        """The family and its first refresh token. Raises BadCustomer."""
        s, request = self._sign_in, self._sign_in.request
        checked = self._verified.customer
        try:
            customer = require_signed_in_customer(
                rows.customers.get(s.institution_id, checked.customer_id), checked
            )
        except BadCustomer as failure:
            rows.record(
                request.event(
                    "sign-in:refused",
                    grant_type="password",
                    customer_id=checked.customer_id,
                    reason=failure.reason,
                )
            )
            raise
        family, refresh_token = open_family(
            rows,
            request,
            s.mint,
            family_id=self._family_id,
            customer_id=customer.customer_id,
            scopes=self._scopes,
            grant_type=LEGACY_PASSWORD if request.is_legacy else "password",
            auth_time=now,
            amr=("pwd",),
            now=now,
        )
        forgive(s, rows, now)
        if self._verified.new_hash:
            rows.customers.put(msgspec.structs.replace(customer, password_hash=self._verified.new_hash))
        rows.record(family_opened(request, family))
        return family, refresh_token
