"""What a gateway knows of one institution: which keys hold, who may act, what has ended.

Nothing that ended is forgotten before it would have ended anyway: not when a bulletin names all anew,
and not when an older one arrives late.
"""

from collections.abc import Iterable

import msgspec

from moneyer.gateway.keys import PublicKey
from moneyer.gateway.refusals import TokenInvalid
from moneyer.protocol.clock import SECOND
from moneyer.tokens.access import AccessClaims, application_subject, legacy_audience
from moneyer.tokens.bulletin import Bulletin, consent_name

SWEEP_EVERY = 60
"""Seconds between two looks for what has ended by itself."""


class Known(msgspec.Struct, frozen=True):
    """All that bulletins said, to be remembered. `version` is the directory's behind the facts."""

    version: int
    told: tuple[str, ...]
    dropped: tuple[str, ...]
    applications: tuple[str, ...]
    legacy: tuple[str, ...]
    tokens: dict[str, int]
    families: dict[str, int]
    subjects: dict[str, tuple[int, int]]
    consents: dict[str, tuple[int, int]]


class Standing:
    """One institution's keys, applications and revocations. Belongs to one event loop."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._by_header: dict[bytes, PublicKey] = {}
        self._keys: dict[str, PublicKey] = {}
        self._told: frozenset[str] = frozenset()
        self._dropped: frozenset[str] = frozenset()
        self._applications: frozenset[str] = frozenset()
        self._legacy: frozenset[str] = frozenset()
        self._version = -1
        self._tokens: dict[str, int] = {}
        self._families: dict[str, int] = {}
        self._subjects: dict[str, tuple[int, int]] = {}
        self._consents: dict[str, tuple[int, int]] = {}
        self._told_at = 0
        self._swept_at = 0
        self._sought: frozenset[str] = frozenset()

    def take_keys(self, keys: Iterable[PublicKey]) -> None:
        """Takes over a key set. Only those of its keys hold that a bulletin says hold: the process of
        the service that publishes them may be behind."""
        self._keys = {key.kid: self._same(key) for key in keys}
        self._sought = self._told
        self._index()

    def _same(self, key: PublicKey) -> PublicKey:
        """The key as it is known already: what it was found to have signed need not be proven again."""
        known = self._keys.get(key.kid)
        return known if known is not None and known.jwk == key.jwk else key

    def key_of(self, header: bytes) -> PublicKey | None:
        """The key under which access tokens begin with exactly this header segment."""
        return self._by_header.get(header)

    def awaits_word_of(self, header: bytes) -> bool:
        """Whether a key is published of which no bulletin has said yet whether it holds."""
        told = self._told | self._dropped
        return any(key.access_header == header and key.kid not in told for key in self._keys.values())

    def bulletin_key(self, header: bytes) -> PublicKey | None:
        """The key under which bulletins begin with exactly this header segment."""
        return next((key for key in self._keys.values() if key.bulletin_header == header), None)

    def lacks_keys(self) -> bool:
        """Whether a key that holds has not been looked for yet."""
        return not self._told <= self._keys.keys() | self._sought

    def knows(self, claims: AccessClaims) -> bool:
        """Whether the application may act here with such a token, as far as is known."""
        is_legacy = claims.aud == legacy_audience(claims.iss)
        return claims.client_id in (self._legacy if is_legacy else self._applications)

    @property
    def has_facts(self) -> bool:
        """Whether a bulletin has said who may act: before that nothing can be said of a token."""
        return self._version >= 0

    def learn(self, bulletin: Bulletin) -> None:
        """Takes over what a bulletin says, which the caller has verified.

        Keys and applications go by the directory's version: a process of the service that has lost its
        database tells on what it knew.
        """
        if bulletin.version >= self._version:
            self._version = bulletin.version
            if bulletin.keys is not None:
                # Those that are gone are kept apart: nobody waits for word of them.
                holding = frozenset(bulletin.keys)
                self._dropped = (self._dropped | self._told | self._keys.keys()) - holding
                self._told = holding
                self._index()
            if bulletin.applications is not None:
                self._applications = frozenset(bulletin.applications)
            if bulletin.legacy is not None:
                self._legacy = frozenset(bulletin.legacy)
        self._told_at = max(self._told_at, bulletin.iat)
        self._tokens |= bulletin.tokens
        self._families |= bulletin.families
        for known, told in (
            (self._subjects, bulletin.subjects),
            (self._consents, bulletin.consents),
        ):
            for name, (at, until) in told.items():
                before = known.get(name, (0, 0))
                known[name] = (max(at, before[0]), max(until, before[1]))

    def known(self) -> Known:
        """What was learned so far."""
        return Known(
            self._version,
            tuple(self._told),
            tuple(self._dropped),
            tuple(self._applications),
            tuple(self._legacy),
            dict(self._tokens),
            dict(self._families),
            dict(self._subjects),
            dict(self._consents),
        )

    def recall(self, known: Known) -> None:
        """Goes on from what was learned before."""
        self._version = known.version
        self._told, self._dropped = frozenset(known.told), frozenset(known.dropped)
        self._applications = frozenset(known.applications)
        self._legacy = frozenset(known.legacy)
        self._tokens, self._families = dict(known.tokens), dict(known.families)
        self._subjects, self._consents = dict(known.subjects), dict(known.consents)
        self._index()

    def require_live(self, claims: AccessClaims) -> None:
        """Raises TokenInvalid for a token that was ended before its time, in whatever way."""
        if not self.knows(claims):
            raise TokenInvalid("application-may-not-act")
        if claims.jti in self._tokens:
            raise TokenInvalid("token-revoked")
        if claims.sid is not None:
            # A family ended with its customer's sign-out and with its consent.
            if claims.sid in self._families:
                raise TokenInvalid("family-revoked")
        elif claims.sub != application_subject(claims.client_id):
            struck = claims.iat * SECOND
            if struck < self._subjects.get(claims.sub, (0, 0))[0]:
                raise TokenInvalid("customer-signed-out")
            name = consent_name(claims.client_id, claims.sub)
            if struck < self._consents.get(name, (0, 0))[0]:
                raise TokenInvalid("consent-withdrawn")

    def _index(self) -> None:
        self._by_header = {
            key.access_header: key for key in self._keys.values() if key.kid in self._told
        }

    def forget(self, now: int) -> None:
        """Drops what has ended by itself at the instant `now`, once a minute.

        Not by this clock alone, which may be set forward and back again: the service's time counts too.
        """
        second = min(now // SECOND, self._told_at)
        if second - self._swept_at < SWEEP_EVERY:
            return
        self._swept_at = second
        for ended in (self._tokens, self._families):
            for name in [name for name, until in ended.items() if until < second]:
                del ended[name]
        for marks in (self._subjects, self._consents):
            for name in [name for name, (_, until) in marks.items() if until < second]:
                del marks[name]
