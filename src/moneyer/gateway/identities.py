"""Who the customer of a token is to the bank.

A third party knows its customers by subjects that tell nobody else anything, and no token names a
login. Where a call needs to know more than the token says, the token service is asked about the token
(RFC 7662), once in the token's life.
"""

from typing import Protocol

import httpx
import msgspec

from moneyer.gateway.call import Identity
from moneyer.gateway.refusals import CannotTell, TokenInvalid
from moneyer.gateway.token import Claims

MOST_KEPT = 50_000


class Identities(Protocol):
    """Finds out who a customer is."""

    async def identify(self, claims: Claims, token: str) -> Identity:
        """Raises TokenInvalid where there is no such customer any more, CannotTell."""
        ...


class _Said(msgspec.Struct):
    """The members of an introspection answer that matter here."""

    active: bool
    institution_user_id: str = ""
    username: str = ""
    host_user_id: str = ""
    institution_customer_ids: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "_Said(…)"


class AskedIdentities:
    """Asks the token service, and remembers the answer for as long as the token lives."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._known: dict[tuple[str, str], Identity] = {}

    async def identify(self, claims: Claims, token: str) -> Identity:
        name = (claims.institution_id, claims.jti)
        if name not in self._known:
            found = await self._ask(claims, token)
            if len(self._known) >= MOST_KEPT:
                del self._known[next(iter(self._known))]
            self._known[name] = found
        return self._known[name]

    async def _ask(self, claims: Claims, token: str) -> Identity:
        try:
            url = f"/i/{claims.institution_id}/oauth2/introspect"
            answer = await self._http.post(url, data={"token": token})
            answer.raise_for_status()
            said = msgspec.json.decode(answer.content, type=_Said)
        except (httpx.HTTPError, msgspec.DecodeError):
            raise CannotTell("identity-unknown") from None
        if not said.active or not said.institution_user_id:
            raise TokenInvalid("inactive")
        return Identity(
            said.institution_user_id,
            said.username,
            said.host_user_id,
            said.institution_customer_ids,
        )
