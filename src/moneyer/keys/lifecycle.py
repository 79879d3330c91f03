"""The life of a signing key: announced, active, retiring, retired.

A key's state follows from its instants and the time alone; nothing has to run for it to change. A key
is published before it signs and after it has stopped, so that no verifier ever meets a signature whose
key it cannot have seen (OpenID Connect Core section 10.1.1).
"""

from enum import Enum

import msgspec

from moneyer.institutions.institution import Algorithm
from moneyer.protocol.clock import SECOND

JWKS_MAX_AGE = 900
"""Seconds for which a verifier may keep a key set."""

PUBLISH_BEFORE_USE = 2 * JWKS_MAX_AGE * SECOND
RETENTION = 8 * 86400 * SECOND
"""A retiring key stays published longer than any token it signed lives."""


class KeyState(Enum):
    ANNOUNCED = "announced"
    ACTIVE = "active"
    RETIRING = "retiring"
    RETIRED = "retired"


class KeyRecord(msgspec.Struct, frozen=True):
    """A signing key at rest. `sealed` is the private key under the master key.

    `activates_at` None: a spare, published but not yet given a date.
    """

    institution_id: str
    kid: str
    algorithm: Algorithm
    public_jwk: dict[str, str]
    sealed: bytes
    announced_at: int
    activates_at: int | None = None
    retires_at: int | None = None
    removed_at: int | None = None

    def __repr__(self) -> str:
        return f"KeyRecord({self.institution_id!r}, {self.kid!r})"


def state(key: KeyRecord, now: int) -> KeyState:
    """The state of `key` at `now`."""
    if key.removed_at is not None and now >= key.removed_at:
        return KeyState.RETIRED
    if key.retires_at is not None and now >= key.retires_at:
        return KeyState.RETIRING
    if key.activates_at is not None and now >= key.activates_at:
        return KeyState.ACTIVE
    return KeyState.ANNOUNCED


def transitions(key: KeyRecord) -> tuple[int, ...]:
    """The instants at which the state of `key` changes."""
    dates = (key.activates_at, key.retires_at, key.removed_at)
    return tuple(date for date in dates if date is not None)


def rotate(keys: tuple[KeyRecord, ...], now: int) -> tuple[KeyRecord, ...]:
    """`keys` with a date set for the change from the active key to the oldest announced one.

    The change comes when the spare has been published for as long as a verifier may go without
    reading the key set again, twice over; at once if it has been already. Raises ValueError when a
    rotation is under way or there is no spare.
    """
    active = [key for key in keys if state(key, now) is KeyState.ACTIVE]
    announced = [key for key in keys if state(key, now) is KeyState.ANNOUNCED]
    if any(key.activates_at is not None for key in announced):
        raise ValueError("a rotation is under way")
    if not announced:
        raise ValueError("there is no announced key to change to")
    spare = min(announced, key=lambda key: (key.announced_at, key.kid))
    change_at = max(now, spare.announced_at + PUBLISH_BEFORE_USE)
    dated = {spare.kid: msgspec.structs.replace(spare, activates_at=change_at)}
    for key in active:
        dated[key.kid] = msgspec.structs.replace(
            key, retires_at=change_at, removed_at=change_at + RETENTION
        )
    return tuple(dated.get(key.kid, key) for key in keys)
