"""Client secrets: generated, never chosen; kept as HMAC-SHA-256 under a server key; two at a time."""

import hmac
import secrets
from typing import NewType

import msgspec

from moneyer.protocol import base64url

RawSecret = NewType("RawSecret", str)
"""A secret in the clear; exists only between being drawn and being shown once."""

SLOTS = (1, 2)


class SecretSlot(msgspec.Struct, frozen=True):
    """One of an application's two live secrets. Instants are microseconds since 1970."""

    client_id: str
    slot: int
    digest: bytes
    created_at: int
    expires_at: int | None = None
    last_used_at: int | None = None

    def is_live(self, now: int) -> bool:
        """Whether it has not expired at `now`."""
        return self.expires_at is None or now < self.expires_at

    def __repr__(self) -> str:
        return f"SecretSlot(client_id={self.client_id!r}, slot={self.slot})"


def new_secret() -> RawSecret:
    """256 random bits as 43 unreserved characters, the same encoded and plain."""
    return RawSecret(base64url.encode(secrets.token_bytes(32)).decode())


def digest_secret(key: bytes, secret: str) -> bytes:
    """What is stored of a secret. A fast keyed hash is enough at 256 bits of entropy."""
    return hmac.digest(key, secret.encode(), "sha256")


_NO_SLOT = SecretSlot(client_id="", slot=0, digest=bytes(32), created_at=0, expires_at=0)


def match(digest: bytes, slots: tuple[SecretSlot, ...], now: int) -> SecretSlot | None:
    """The live slot whose secret this is, or None.

    Two constant-time comparisons are made whatever the application has, so that an unknown
    application and a wrong secret cost the same.
    """
    found: SecretSlot | None = None
    for slot in (*slots, _NO_SLOT, _NO_SLOT)[:2]:
        equal = hmac.compare_digest(digest, slot.digest)
        if equal and slot.is_live(now):
            found = slot
    return found
