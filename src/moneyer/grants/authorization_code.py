"""The authorization code grant (RFC 6749 section 4.1.3): the end of an OpenID Connect flow."""

import msgspec

from moneyer.applications.application import LONGEST_LIFETIME
from moneyer.audit.events import Event
from moneyer.customers.consent import consent_id
from moneyer.customers.customer import Customer
from moneyer.customers.factors.policy import acr_of
from moneyer.grants.mint import Mint, TokenRequest, TokenResponse
from moneyer.grants.renewal import answer_from_family, open_family
from moneyer.protocol import pkce
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadToken
from moneyer.protocol.redirect_uri import MAX_BYTES as MAX_URI
from moneyer.protocol.scopes import Scopes, join
from moneyer.store.rows import RevokedToken, Rows
from moneyer.tokens.code import Code, family_id_of, read_code, token_id_of
from moneyer.tokens.family import Family, revoked
from moneyer.tokens.id_token import (
    Authentication,
    customer_claims,
    id_claims,
    standard_id_claims,
    strike_id_token,
)

PARAMETERS = frozenset({"code", "redirect_uri", "code_verifier"})

_MAX_PRESENTED = 512
_MAX_VERIFIER = 256


class Taken(msgspec.Struct, frozen=True):
    """A code that was just used: for whom, and the family it opened where one was wanted."""

    code: Code
    customer: Customer
    family: Family | None = None
    refresh_token: str = ""

    def __repr__(self) -> str:
        return f"Taken({self.code!r})"


async def authorization_code(request: TokenRequest, mint: Mint) -> TokenResponse:
    """A customer's token; a refresh token only with `offline_access`, an id_token only with `openid`.

    Raises BadParameter, BadToken, StoreUnavailable.
    """
    text = request.form.require("code", _MAX_PRESENTED)
    redirect_uri = request.form.printable("redirect_uri", MAX_URI)
    verifier = request.form.printable("code_verifier", _MAX_VERIFIER)
    institution_id, digest = read_code(text)
    if institution_id != request.institution.institution_id:
        raise BadToken("other-institution")
    code = await mint.reader.code(institution_id, digest)
    if code is None:
        raise BadToken("code-unknown")
    taken = await mint.journal.perform(TakeCode(request, mint, code, redirect_uri, verifier))
    response = await _access(request, mint, taken)
    if "openid" not in taken.code.identity:
        return response
    id_token = await _id_token(request, mint, taken, response.access_token)
    return msgspec.structs.replace(response, id_token=id_token)


async def _access(request: TokenRequest, mint: Mint, taken: Taken) -> TokenResponse:
    code = taken.code
    if taken.family is not None:
        scopes = _scopes_of(request, code)
        return await answer_from_family(request, mint, taken.family, taken.refresh_token, scopes)
    issued_at, scopes = code.taken_at or request.now, _scopes_of(request, code)
    token, expires_in = mint.strike_access(
        request,
        await mint.signing_key(request.institution, issued_at),
        subject=mint.subject(request.application, code.institution_id, code.customer_id),
        token_id=token_id_of(code.digest),
        issued_at=issued_at,
        scopes=scopes,
        grant_type="authorization_code",
        auth_time=code.auth_time,
        amr=code.amr,
        claims=_claims_for(code, "userinfo"),
    )
    return TokenResponse("authorization_code", token, expires_in, scopes)


def _scopes_of(request: TokenRequest, code: Code) -> Scopes:
    """What the access token is good for: V2 applications know no scope of OpenID Connect in it."""
    if request.application.profile == "v2":
        return code.scopes
    return (*code.scopes, *code.identity)


def _claims_for(code: Code, wanted: str) -> Scopes:
    """The claims that were asked for by name at `wanted`: in the id_token, or at userinfo."""
    asked = (claim.partition(":") for claim in code.claims)
    return tuple(name for place, _, name in asked if place == wanted)


async def _id_token(request: TokenRequest, mint: Mint, taken: Taken, access_token: str) -> str:
    code, issued_at = taken.code, taken.code.taken_at or request.now
    key = await mint.signing_key(request.institution, issued_at)
    subject = mint.subject(request.application, code.institution_id, code.customer_id)
    if request.application.profile == "standard":
        standard = standard_id_claims(
            issuer=mint.issuer(code.institution_id),
            subject=subject,
            client_id=code.client_id,
            nonce=code.nonce,
            authentication=Authentication(
                code.auth_time // SECOND,
                acr_of(code.amr) if code.amr else "",
                code.amr,
                code.session_id,
            ),
            issued_at=issued_at // SECOND,
            access_token=access_token,
            about_customer=customer_claims(taken.customer, _claims_for(code, "id_token")),
        )
        return strike_id_token(key, standard)
    claims = id_claims(
        taken.customer,
        issuer=mint.issuer(code.institution_id),
        subject=subject,
        client_id=code.client_id,
        audience=code.audience,
        identity=code.identity,
        nonce=code.nonce,
        auth_time=code.auth_time // SECOND,
        issued_at=issued_at // SECOND,
    )
    return strike_id_token(key, claims)


class TakeCode:
    """Uses a code up, once; a second use by its own application takes back what the first gave."""

    def __init__(
        self,
        request: TokenRequest,
        mint: Mint,
        code: Code,
        redirect_uri: str | None,
        verifier: str | None,
    ) -> None:
        self._request = request
        self._mint = mint
        self.institution_id = request.institution.institution_id
        self._digest = code.digest
        self._customer_id = code.customer_id
        self._consent = consent_id(code.customer_id, code.client_id)
        self._redirect_uri = redirect_uri
        self._verifier = verifier

    def wants(self, rows: Rows) -> None:
        rows.codes.want(self.institution_id, self._digest)
        rows.customers.want(self.institution_id, self._customer_id)
        rows.families.want(self.institution_id, family_id_of(self._digest))
        rows.revoked_tokens.want(self.institution_id, token_id_of(self._digest))
        rows.consents.want(self.institution_id, self._consent)

    def decide(self, rows: Rows, now: int) -> Taken:
        """Raises BadToken."""
        try:
            code = self._require_usable(rows.codes.get(self.institution_id, self._digest))
            if code.taken_at is not None:
                self._take_back(rows, code, now)
                raise BadToken("code-replayed")
            if now >= code.expires_at:
                raise BadToken("code-expired")
            customer = self._require_customer(rows, code)
            consent = rows.consents.get(self.institution_id, self._consent)
            if consent is not None and consent.withdrawn_at >= code.created_at:
                raise BadToken("consent-withdrawn")
        except BadToken as failure:
            replayed = failure.reason == "code-replayed"
            name = "code:replayed" if replayed else "code:refused"
            rows.record(self._event(name, reason=failure.reason))
            raise
        taken = self._open(rows, msgspec.structs.replace(code, taken_at=now), customer, now)
        rows.codes.put(taken.code)
        rows.record(
            self._event(
                "code:taken",
                scope=join(code.scopes),
                family_id=taken.family.family_id.hex() if taken.family else "",
                token_id="" if taken.family else token_id_of(self._digest),
            )
        )
        return taken

    def _require_usable(self, code: Code | None) -> Code:
        """The code, if it is this application's and all it is bound to was presented."""
        if code is None:
            raise BadToken("code-unknown")
        if code.client_id != self._request.application.client_id:
            raise BadToken("other-application")
        # A code from our own authorization endpoint is bound to what stood in the request there.
        is_bound = self._request.is_strict or bool(code.session_id)
        if (self._redirect_uri is not None or is_bound) and self._redirect_uri != code.redirect_uri:
            raise BadToken("redirect-uri-wrong")
        if self._request.is_strict and code.code_challenge is None:
            raise BadToken("code-without-challenge")
        pkce.verify(self._verifier, code.code_challenge)
        return code

    def _require_customer(self, rows: Rows, code: Code) -> Customer:
        customer = rows.customers.get(code.institution_id, code.customer_id)
        if customer is None or customer.status != "active":
            raise BadToken("customer-disabled")
        if customer.tokens_not_before > code.created_at:
            raise BadToken("customer-signed-out")
        return customer

    def _open(self, rows: Rows, code: Code, customer: Customer, now: int) -> Taken:
        if not code.offline:
            return Taken(code, customer)
        family, refresh_token = open_family(
            rows,
            self._request,
            self._mint,
            family_id=family_id_of(code.digest),
            customer_id=code.customer_id,
            scopes=_scopes_of(self._request, code),
            grant_type="authorization_code",
            auth_time=code.auth_time,
            amr=code.amr,
            claims=_claims_for(code, "userinfo"),
            now=now,
        )
        return Taken(code, customer, family, refresh_token)

    def _take_back(self, rows: Rows, code: Code, now: int) -> None:
        """Revokes what came of the first use (RFC 6749 section 4.1.2, OAuth 2.1 section 4.1.3)."""
        if code.offline:
            family = rows.families.get(code.institution_id, family_id_of(code.digest))
            if family is not None and family.status == "live":
                rows.families.put(revoked(family, now))
            return
        token_id = token_id_of(code.digest)
        if rows.revoked_tokens.get(code.institution_id, token_id) is None:
            # The token was struck for as long as the registration said then, not for what it says now.
            expires_at = (code.taken_at or now) + (LONGEST_LIFETIME + 1) * SECOND
            rows.revoked_tokens.put(RevokedToken(code.institution_id, token_id, expires_at, now))

    def _event(self, name: str, **facts: object) -> Event:
        return self._request.event(
            name, grant_type="authorization_code", customer_id=self._customer_id, **facts
        )
