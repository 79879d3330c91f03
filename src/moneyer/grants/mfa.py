"""A second factor after the password grant: the same policy as on the sign-in page (ASVS 6.3.4).

The password grant answers `mfa_required` with an `mfa_token`, good once and for five minutes, for the
same application, institution and address. A call with this grant and a one-time or recovery code ends
what it began.
"""

import secrets
from typing import NoReturn

import msgspec

from moneyer.customers.factors.factor import recovery_id, totp_id
from moneyer.customers.factors.policy import amr_with
from moneyer.customers.verifiers import Verified
from moneyer.grants.mint import Mint, TokenRequest, TokenResponse
from moneyer.grants.renewal import answer_from_family, family_opened, open_family
from moneyer.grants.second_factor import FactorCheck, Proof, kinds_of, live_factors
from moneyer.grants.sign_in import SignIn, forgive, require_signed_in_customer
from moneyer.protocol import base64url
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadCustomer, BadParameter, BadToken, MoreProofNeeded
from moneyer.protocol.scopes import Scopes
from moneyer.store.rows import Rows, StoredRequest, request_digest
from moneyer.tokens.family import Family, new_family_id

GRANT_TYPE = "urn:moneyer:grant-type:mfa-otp"
PARAMETERS = frozenset({"mfa_token", "otp", "recovery_code"})
PREFIX = "mmt_"
LIFETIME = 300
"""Seconds."""


class Begun(msgspec.Struct, frozen=True):
    """A sign-in that waits for its second factor."""

    customer_id: str
    tokens_not_before: int
    scopes: Scopes
    source: str
    begun_at: int


async def ask_for_more(sign_in: SignIn, verified: Verified, scopes: Scopes) -> NoReturn:
    """Raises MoreProofNeeded; BadCustomer where the customer has no second factor to prove."""
    request, mint, customer = sign_in.request, sign_in.mint, verified.customer
    text = PREFIX + base64url.encode(secrets.token_bytes(32)).decode()
    factors = await live_factors(mint, sign_in.institution_id, customer.customer_id)
    begun = Begun(
        customer.customer_id,
        customer.tokens_not_before,
        scopes,
        request.trace.source,
        request.now,
    )
    stored = StoredRequest(
        sign_in.institution_id,
        request_digest("mfa", text),
        "mfa",
        request.application.client_id,
        msgspec.json.encode(begun),
        request.now + LIFETIME * SECOND,
    )
    has_factor = bool(set(kinds_of(factors)) - {"passkey"})
    await mint.journal.perform(Ask(sign_in, verified, stored, has_factor=has_factor))
    failure = MoreProofNeeded(text)
    failure.recorded = True
    raise failure


class Ask:
    """The password was right: what it began is stored, or refused where nothing could end it."""

    def __init__(
        self, sign_in: SignIn, verified: Verified, stored: StoredRequest, *, has_factor: bool
    ) -> None:
        self._sign_in = sign_in
        self.institution_id = sign_in.institution_id
        self._verified = verified
        self._stored = stored
        self._has_factor = has_factor

    def wants(self, rows: Rows) -> None:
        self._sign_in.wants(rows)
        rows.requests.want(self.institution_id, self._stored.digest)

    def decide(self, rows: Rows, now: int) -> None:
        """Raises BadCustomer."""
        customer_id = self._verified.customer.customer_id
        event = self._sign_in.request.event(
            "sign-in:second-factor-asked", grant_type="password", customer_id=customer_id
        )
        forgive(self._sign_in, rows, now)
        if not self._has_factor:
            failure = BadCustomer("no-second-factor")
            rows.record(msgspec.structs.replace(event, name="sign-in:refused", reason=failure.reason))
            raise failure
        rows.requests.put(self._stored)
        rows.record(event)


async def mfa(request: TokenRequest, mint: Mint) -> TokenResponse:
    """What the password grant would have answered.

    Raises BadParameter, BadToken for an `mfa_token` that opens nothing, BadCustomer for a wrong code
    (the `mfa_token` stays good), StoreUnavailable.
    """
    text = request.form.require("mfa_token", 128)
    otp = request.form.printable("otp", 16)
    recovery_code = request.form.printable("recovery_code", 64)
    if (otp is None) == (recovery_code is None):
        raise BadParameter("otp", "not-one-code")
    institution_id = request.institution.institution_id
    stored = await mint.reader.stored_request(institution_id, request_digest("mfa", text))
    if stored is None or stored.kind != "mfa":
        raise BadToken("mfa-token-unknown")
    begun = msgspec.json.decode(stored.document, type=Begun)
    proof = (
        Proof("totp", totp_id(begun.customer_id), otp)
        if otp is not None
        else Proof("recovery", recovery_id(begun.customer_id), recovery_code or "")
    )
    check = FactorCheck(mint, institution_id, begun.customer_id, proof)
    family, refresh = await mint.journal.perform(Finish(request, mint, stored.digest, begun, check))
    return await answer_from_family(request, mint, family, refresh, family.scopes)


class Finish:
    """Proves the second factor and opens the family."""

    def __init__(
        self, request: TokenRequest, mint: Mint, digest: bytes, begun: Begun, check: FactorCheck
    ) -> None:
        self._request = request
        self._mint = mint
        self.institution_id = request.institution.institution_id
        self._digest = digest
        self._begun = begun
        self._check = check
        self._family_id = new_family_id(request.now, secrets.token_bytes(10))

    def wants(self, rows: Rows) -> None:
        rows.requests.want(self.institution_id, self._digest)
        rows.customers.want(self.institution_id, self._begun.customer_id)
        rows.families.want(self.institution_id, self._family_id)
        self._check.wants(rows)

    def decide(self, rows: Rows, now: int) -> tuple[Family, str]:
        """Raises BadToken, BadCustomer."""
        request, begun = self._request, self._begun
        try:
            stored = self._require_usable(rows, now)
            found = rows.customers.get(self.institution_id, begun.customer_id)
            if found is None or found.tokens_not_before != begun.tokens_not_before:
                raise BadCustomer("customer-changed")
            customer = require_signed_in_customer(found, found)
            self._check.prove(rows, now)
        except (BadToken, BadCustomer) as failure:
            rows.record(
                request.event(
                    "sign-in:refused",
                    grant_type="password",
                    customer_id=begun.customer_id,
                    reason=failure.reason,
                )
            )
            raise
        rows.requests.put(msgspec.structs.replace(stored, used_at=now))
        family, refresh_token = open_family(
            rows,
            request,
            self._mint,
            family_id=self._family_id,
            customer_id=customer.customer_id,
            scopes=begun.scopes,
            grant_type="password",
            auth_time=begun.begun_at,
            amr=amr_with(("pwd",), self._check.kind),
            now=now,
        )
        rows.record(family_opened(request, family))
        return family, refresh_token

    def _require_usable(self, rows: Rows, now: int) -> StoredRequest:
        stored, request = rows.requests.get(self.institution_id, self._digest), self._request
        if stored is None or stored.client_id != request.application.client_id:
            raise BadToken("other-application")
        if self._begun.source != request.trace.source:
            raise BadToken("other-address")
        if stored.used_at is not None or now >= stored.expires_at:
            raise BadToken("mfa-token-over")
        return stored
