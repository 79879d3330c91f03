"""The refresh token grant (RFC 6749 section 6): the ratchet turns inside the transaction."""

from moneyer.audit.events import Event
from moneyer.grants.mint import Mint, TokenRequest, TokenResponse
from moneyer.grants.renewal import answer_from_family, renewal_policy
from moneyer.protocol.failures import BadScope, BadToken
from moneyer.protocol.scopes import Scopes, join, narrow
from moneyer.store.rows import Rows
from moneyer.tokens.family import (
    MAX_TOKEN_LENGTH,
    Family,
    Outcome,
    Presented,
    RatchetKeys,
    Verdict,
    decide,
    read_token,
    write_token,
)

PARAMETERS = frozenset({"refresh_token"})

_MAX_PRESENTED = 4 * MAX_TOKEN_LENGTH


async def refresh_token(request: TokenRequest, mint: Mint) -> TokenResponse:
    """A new access token and the family's next refresh token.

    Raises BadToken for a token that opens nothing, BadScope for more than was granted (the token
    stays good), StoreUnavailable when it is not known whether the family turned: the same token may
    then be presented again and receives the same answer.
    """
    text = request.form.require("refresh_token", _MAX_PRESENTED)
    scopes = request.read_scopes()
    presented = read_token(mint.ratchet, text)
    if presented.institution_id != request.institution.institution_id:
        raise BadToken("other-institution")
    turn = TurnFamily(mint.ratchet, presented, request, scopes)
    family, secret, granted = await mint.journal.perform(turn)
    renewed = write_token(mint.ratchet, family, secret)
    return await answer_from_family(request, mint, family, renewed, granted)


class TurnFamily:
    """Applies the decision table to the family as it stands in the transaction."""

    def __init__(
        self,
        keys: RatchetKeys,
        presented: Presented,
        request: TokenRequest,
        requested: Scopes | None,
    ) -> None:
        self._keys = keys
        self._presented = presented
        self.institution_id = request.institution.institution_id
        self._request = request
        self._requested = requested

    def wants(self, rows: Rows) -> None:
        rows.families.want(self._presented.institution_id, self._presented.family_id)

    def decide(self, rows: Rows, now: int) -> tuple[Family, bytes, Scopes]:
        """The family as it now stands, the secret of its next token, and the scopes granted.

        Raises BadToken (a replay revokes the family in the same commit) and BadScope.
        """
        application = self._request.application
        verdict = decide(
            self._keys,
            renewal_policy(application),
            self._presented,
            rows.families.get(self._presented.institution_id, self._presented.family_id),
            application.client_id,
            now,
        )
        if verdict.family is None:
            rows.record(self._event("refresh:refused", verdict, now))
            raise BadToken(verdict.reason)
        if verdict.outcome is Outcome.REPLAYED:
            rows.families.put(verdict.family)
            rows.record(self._event("refresh:replayed", verdict, now))
            raise BadToken(verdict.reason)
        held = frozenset(application.scopes)
        try:
            scopes = narrow(self._requested, tuple(s for s in verdict.family.scopes if s in held))
        except BadScope as failure:
            refused = Verdict(Outcome.REFUSED, failure.reason)
            rows.record(self._event("refresh:refused", refused, now))
            raise
        if verdict.outcome is not Outcome.RETRIED:
            rows.families.put(verdict.family)
        rows.record(self._event(f"refresh:{verdict.outcome.value}", verdict, now, scopes))
        return verdict.family, verdict.secret, scopes

    def _event(self, name: str, verdict: Verdict, now: int, scopes: Scopes = ()) -> Event:
        family, request = verdict.family, self._request
        return Event(
            name,
            now,
            request.institution.institution_id,
            client_id=request.application.client_id,
            customer_id=family.customer_id if family else "",
            grant_type="refresh_token",
            scope=join(scopes),
            reason=verdict.reason,
            family_id=self._presented.family_id.hex(),
            generation=family.generation if family else self._presented.generation,
            source=request.trace.source,
            transaction_id=request.trace.transaction_id,
        )
