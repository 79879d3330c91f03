"""The keys of one institution as the service holds them in memory."""

import sys
from functools import cached_property
from itertools import pairwise

from moneyer.institutions.institution import Algorithm
from moneyer.keys.algorithms import PrivateKey, Signer, signer, verify
from moneyer.keys.lifecycle import KeyRecord, KeyState, state, transitions
from moneyer.keys.sealing import unseal
from moneyer.protocol import base64url
from moneyer.protocol.failures import CannotSign
from moneyer.protocol.jws import encoded_header


class SigningKey:
    """One key, unsealed when it is first used."""

    def __init__(self, record: KeyRecord, sealing: bytes) -> None:
        self.record = record
        self.kid = record.kid
        self.algorithm: Algorithm = record.algorithm
        self._sealing = sealing

    def __repr__(self) -> str:
        return f"SigningKey({self.kid!r})"

    @cached_property
    def _private(self) -> PrivateKey:
        """Raises CannotSign when the key does not open under this master key."""
        try:
            return unseal(self._sealing, self.record)
        except (ValueError, TypeError):
            raise CannotSign("signing-key-does-not-open") from None

    @cached_property
    def sign(self) -> Signer:
        return signer(self._private)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Raises InvalidSignature unless this key signed `data`."""
        verify(self._private, signature, data)

    def compact(self, header: bytes, payload: bytes) -> bytes:
        """The signed compact token (RFC 7515 section 3.1) under an encoded `header`."""
        signed = header + b"." + base64url.encode(payload)
        return signed + b"." + base64url.encode(self.sign(signed))

    @cached_property
    def access_header(self) -> bytes:
        """The protected header of every access token under this key (RFC 9068 section 2.1)."""
        return self.header("at+jwt")

    @cached_property
    def id_token_header(self) -> bytes:
        return self.header("JWT")

    def header(self, typ: str) -> bytes:
        """The encoded protected header of tokens of the type `typ`."""
        return encoded_header(self.algorithm, typ, self.kid)


class Ring:
    """An institution's keys. Immutable; a change makes a new ring."""

    def __init__(self, records: tuple[KeyRecord, ...], sealing: bytes) -> None:
        self.keys = tuple(SigningKey(record, sealing) for record in records)
        changes = sorted(change for record in records for change in transitions(record))
        self._spans = [
            (begin, end, self._signing(begin))
            for begin, end in pairwise((0, *changes, sys.maxsize))
            if begin < end
        ]

    def signing(self, now: int) -> SigningKey | None:
        """The key that signs at `now`: of the active ones the last to become so."""
        for begin, end, key in self._spans:
            if begin <= now < end:
                return key
        return None

    def _signing(self, now: int) -> SigningKey | None:
        active = [key for key in self.keys if state(key.record, now) is KeyState.ACTIVE]
        return max(active, key=lambda key: (key.record.activates_at, key.kid), default=None)

    def by_access_header(self, segment: bytes, now: int) -> SigningKey | None:
        """The published key whose access tokens begin with exactly this header segment.

        A header is compared as bytes with those that are written here: no other algorithm, type,
        `crit`, `jku` or spelling exists (RFC 8725 sections 3.1 to 3.11).
        """
        for key in self.keys:
            if key.access_header == segment and state(key.record, now) is not KeyState.RETIRED:
                return key
        return None

    def jwks(self, now: int) -> dict[str, list[dict[str, str]]]:
        """The key set as published (RFC 7517 section 5): every key but the retired."""
        return {
            "keys": [
                {**key.record.public_jwk, "kid": key.kid, "use": "sig", "alg": key.algorithm}
                for key in self.keys
                if state(key.record, now) is not KeyState.RETIRED
            ]
        }
