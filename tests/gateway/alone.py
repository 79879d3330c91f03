"""A guard without a token service: it knows two institutions, and who their customers are."""

import json
from typing import Any

import msgspec

from moneyer.gateway.call import Identity
from moneyer.gateway.guard import Guard
from moneyer.gateway.keys import read_key_set
from moneyer.gateway.refusals import TokenInvalid
from moneyer.gateway.standing import Standing
from moneyer.gateway.token import Claims
from moneyer.tokens.bulletin import Bulletin
from tests.bank import BASE, TestClock
from tests.gateway.striking import InstitutionsKey, b64, claims_of, header_of

ADA = "ADA" + "0" * 29
BIZ = "B12" + "0" * 29
BUSINESS = "c" * 32
APPLICATIONS = ("mobile", "machine")
NOW = 1_800_000_000


class Alone:
    """Stands in for `Institutions` and `Identities`; `guard` decides by it.

    Applications may act at both institutions. Customers are ADA (login `ada`) and BIZ (login `biz`,
    with one business) at either.
    """

    def __init__(self) -> None:
        self.clock = TestClock()
        self.keys = {name: InstitutionsKey() for name in ("00016", "00042")}
        self.standings = {name: self._standing(name) for name in self.keys}
        self.identities = {
            ADA: Identity(ADA, "ada", "H-ada"),
            BIZ: Identity(BIZ, "biz", "H-biz", (BUSINESS,)),
        }
        self.guard = Guard(self, self, self.clock)

    def _standing(self, institution_id: str) -> Standing:
        key = self.keys[institution_id]
        standing = Standing(f"{BASE}/i/{institution_id}")
        standing.take_keys(read_key_set(msgspec.json.encode({"keys": [key.published]})))
        keys = (key.thumbprint,)
        facts = Bulletin(standing.issuer, NOW, 1, True, keys, APPLICATIONS, APPLICATIONS)
        standing.learn(facts)
        return standing

    async def standing(self, institution_id: str) -> Standing:
        if institution_id not in self.standings:
            raise TokenInvalid("institution-not-guarded")
        return self.standings[institution_id]

    async def seek_key(self, standing: Standing, header: bytes) -> None:
        """There are no others."""

    async def hear_of(self, standing: Standing, claims: Claims) -> None:
        """There is nothing to hear."""

    async def identify(self, claims: Claims, token: str) -> Identity:
        return self.identities[claims.sub]

    def strike(self, at: str = "00016", /, **changes: Any) -> str:
        """A customer's token; `changes` replace claims, None takes one away."""
        issuer = f"{BASE}/i/{at}"
        claims = {
            "iss": issuer,
            "sub": ADA,
            "aud": f"{issuer}/apis",
            "exp": NOW + 1800,
            "iat": NOW,
            "jti": "token",
            "client_id": "mobile",
            "scope": "accounts:read transactions:read",
            "institution_id": at,
            "gty": "password",
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not None}
        key = self.keys[at]
        return key.compact(key.header("at+jwt"), json.dumps(kept).encode())

    def own(self, at: str = "00016", /, **changes: Any) -> str:
        """An institution's token."""
        names = {"sub": "client:machine", "client_id": "machine", "gty": "client_credentials"}
        return self.strike(at, **{**names, **changes})

    def struck(self, token: str, **changes: Any) -> str:
        """The claims of a token of 00016 with changes, truly signed."""
        return self.strike("00016", **{**claims_of(token), **changes})

    def struck_raw(self, payload: bytes, header: bytes = b"") -> str:
        """Any payload, and any header instead of the usual one, truly signed by 00016."""
        key = self.keys["00016"]
        encoded = b64(header).encode() if header else key.header("at+jwt")
        return key.compact(encoded, payload)

    def header(self) -> dict[str, Any]:
        """That of every access token of 00016."""
        return header_of(self.strike())
