"""The ratchet: a refresh family is one row for ever, and every rotation is a step of a hash chain.

    refresh token = "mrt_" institution "." base64url(family id 16 ‖ generation 4 ‖ secret 32 ‖ tag 16)
    tag           = HMAC-SHA-256(tag key, institution ‖ 0 ‖ the 52 bytes before it), cut to 16 bytes
    secret[0]     = 32 random bytes
    secret[g+1]   = HMAC-SHA-256(ratchet key, "moneyer/refresh" ‖ family id ‖ g ‖ secret[g])
    row           = generation g and SHA-256(secret[g]); no secret is stored

The successor of a token is a function of the token, so a retry receives the same successor from any
node and after any crash. Every token the family ever had is recognised: its secret, stepped forward to
the present generation, has the row's digest. This module is pure: no input, output, clock or chance.
"""

import hashlib
import hmac
from enum import Enum
from typing import Literal

import msgspec

from moneyer.protocol import base64url
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import BadToken
from moneyer.protocol.identifiers import is_institution_id
from moneyer.protocol.scopes import Scopes, join

PREFIX = "mrt_"
MAX_TOKEN_LENGTH = 4 + 32 + 1 + 91
FAMILY_ID_BYTES = 16
SECRET_BYTES = 32
LEGACY_PASSWORD = "password/v1"
"""The `grant_type` of a family that the V1 endpoint opened. It has refresh tokens and no renewal."""
_TAG_BYTES = 16
_SIGNED_BYTES = FAMILY_ID_BYTES + 4 + SECRET_BYTES

MAX_STEPS = 100_000
"""A token more generations behind than this is called a replay on the strength of its tag alone."""


class RatchetKeys(msgspec.Struct, frozen=True):
    """The two server keys of the ratchet."""

    tag: bytes
    ratchet: bytes

    def __repr__(self) -> str:
        return "RatchetKeys(…)"


class Family(msgspec.Struct, frozen=True):
    """Everything that came from one sign-in with renewal. Instants are microseconds since 1970."""

    institution_id: str
    family_id: bytes
    client_id: str
    customer_id: str
    scopes: Scopes
    grant_type: str
    auth_time: int
    generation: int
    digest: bytes
    started_at: int
    turned_at: int
    expires_at: int
    status: Literal["live", "revoked"] = "live"
    key_version: int = 1
    amr: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    revoked_at: int = 0

    @property
    def grant(self) -> str:
        """The grant that began it, by its name on the wire."""
        return self.grant_type.partition("/")[0]

    @property
    def is_renewable(self) -> bool:
        return self.grant_type != LEGACY_PASSWORD

    def __repr__(self) -> str:
        return f"Family({self.institution_id!r}, {self.family_id.hex()}, {self.generation})"


class Presented(msgspec.Struct, frozen=True):
    """A refresh token whose tag is right: one of ours, from some time or other."""

    institution_id: str
    family_id: bytes
    generation: int
    secret: bytes

    def __repr__(self) -> str:
        return f"Presented({self.institution_id!r}, {self.family_id.hex()}, {self.generation})"


class RenewalPolicy(msgspec.Struct, frozen=True):
    """How an application's families behave. Seconds."""

    retry_window: int
    idle: int
    rotates: bool


class Outcome(Enum):
    """What presenting a refresh token comes to; the rows of the decision table."""

    ROTATED = "rotated"
    RENEWED = "renewed"
    RETRIED = "retried"
    REPLAYED = "replayed"
    REFUSED = "refused"


class Verdict(msgspec.Struct, frozen=True):
    """A decision: what it is, the row as it should now stand, and the secret the caller may have.

    `family` is None where nothing changes and nothing is answered; `reason` is for the audit log.
    """

    outcome: Outcome
    reason: str
    family: Family | None = None
    secret: bytes = b""

    def __repr__(self) -> str:
        return f"Verdict({self.outcome.value}, {self.reason!r})"


def start(
    keys: RatchetKeys,
    secret: bytes,
    *,
    institution_id: str,
    family_id: bytes,
    client_id: str,
    customer_id: str,
    scopes: Scopes,
    grant_type: str,
    auth_time: int,
    lifetime: int,
    key_version: int,
    now: int,
    amr: tuple[str, ...] = (),
    claims: tuple[str, ...] = (),
) -> tuple[Family, str]:
    """A new family and its first refresh token.

    `secret` is 32 random bytes; `lifetime` in seconds is the absolute end, which nothing extends.
    """
    family = Family(
        institution_id,
        family_id,
        client_id,
        customer_id,
        scopes,
        grant_type,
        auth_time,
        generation=0,
        digest=_digest(secret),
        started_at=now,
        turned_at=now,
        expires_at=now + lifetime * SECOND,
        key_version=key_version,
        amr=amr,
        claims=claims,
    )
    return family, write_token(keys, family, secret)


def new_family_id(now: int, randomness: bytes) -> bytes:
    """16 bytes: six of milliseconds, so that rows born together lie together, and ten random."""
    return (now // 1000).to_bytes(6) + randomness[:10]


def write_token(keys: RatchetKeys, family: Family, secret: bytes) -> str:
    """The refresh token of the family's present generation."""
    signed = family.family_id + family.generation.to_bytes(4) + secret
    tag = _tag(keys, family.institution_id, signed)
    return f"{PREFIX}{family.institution_id}.{base64url.encode(signed + tag).decode()}"


def read_token(keys: RatchetKeys, text: str) -> Presented:
    """What `text` presents. Raises BadToken for everything that was not struck here, cheaply."""
    if not text.startswith(PREFIX) or len(text) > MAX_TOKEN_LENGTH:
        raise BadToken("refresh-malformed")
    institution_id, _, encoded = text[len(PREFIX) :].partition(".")
    try:
        data = base64url.decode(encoded.encode("ascii"))
    except ValueError:
        raise BadToken("refresh-malformed") from None
    if len(data) != _SIGNED_BYTES + _TAG_BYTES or not is_institution_id(institution_id):
        raise BadToken("refresh-malformed")
    signed, tag = data[:_SIGNED_BYTES], data[_SIGNED_BYTES:]
    if not hmac.compare_digest(tag, _tag(keys, institution_id, signed)):
        raise BadToken("refresh-tag-wrong")
    return Presented(
        institution_id,
        signed[:FAMILY_ID_BYTES],
        int.from_bytes(signed[FAMILY_ID_BYTES : FAMILY_ID_BYTES + 4]),
        signed[FAMILY_ID_BYTES + 4 :],
    )


def decide(
    keys: RatchetKeys,
    policy: RenewalPolicy,
    presented: Presented,
    family: Family | None,
    client_id: str,
    now: int,
) -> Verdict:
    """The decision table, top to bottom; the first row that fits is the answer.

    `family` is the row as it stands inside the transaction that will store the verdict's family.
    """
    if family is None or family.institution_id != presented.institution_id:
        return Verdict(Outcome.REFUSED, "family-unknown")
    if family.client_id != client_id:
        return Verdict(Outcome.REFUSED, "other-application")
    if family.status != "live":
        return Verdict(Outcome.REFUSED, "family-revoked")
    if not family.is_renewable:
        return Verdict(Outcome.REFUSED, "family-legacy")
    if now >= family.expires_at:
        return Verdict(Outcome.REFUSED, "family-expired")
    if now >= family.turned_at + policy.idle * SECOND:
        return Verdict(Outcome.REFUSED, "family-idle")
    behind = family.generation - presented.generation
    if behind < 0:
        return Verdict(Outcome.REFUSED, "generation-unborn")
    if not belongs(keys, presented, family):
        return Verdict(Outcome.REFUSED, "digest-wrong")
    if behind == 0:
        return _turn(keys, policy, presented, family, now)
    if behind == 1 and now < family.turned_at + policy.retry_window * SECOND:
        return Verdict(Outcome.RETRIED, "retried", family, _successor(keys, presented))
    return Verdict(Outcome.REPLAYED, "replayed", revoked(family, now))


def belongs(keys: RatchetKeys, presented: Presented, family: Family) -> bool:
    """Whether the presented secret, stepped forward, is the family's present one."""
    behind = family.generation - presented.generation
    if behind < 0:
        return False
    if behind > MAX_STEPS:
        return True
    secret = presented.secret
    for generation in range(presented.generation, family.generation):
        secret = _step(keys, presented.family_id, generation, secret)
    return hmac.compare_digest(_digest(secret), family.digest)


def revoked(family: Family, now: int) -> Family:
    """The family, dead from `now` on. There is no way back."""
    return msgspec.structs.replace(family, status="revoked", revoked_at=now)


def idle_end(family: Family, policy: RenewalPolicy) -> int:
    """The instant at which the family ends if it is not turned before."""
    return min(family.expires_at, family.turned_at + policy.idle * SECOND)


def access_token_id(keys: RatchetKeys, family: Family, scopes: Scopes) -> str:
    """The `jti` of the access token that belongs to this turn and these scopes: the same on a retry."""
    turn = family.family_id + family.generation.to_bytes(4) + family.turned_at.to_bytes(8)
    mac = hmac.digest(keys.ratchet, b"moneyer/access" + turn + join(scopes).encode(), "sha256")
    return base64url.encode(mac[:16]).decode()


def _turn(
    keys: RatchetKeys, policy: RenewalPolicy, presented: Presented, family: Family, now: int
) -> Verdict:
    # A clock that stepped back must not move the row back.
    turned_at = max(now, family.turned_at)
    if not policy.rotates:
        kept = msgspec.structs.replace(family, turned_at=turned_at)
        return Verdict(Outcome.RENEWED, "renewed", kept, presented.secret)
    secret = _successor(keys, presented)
    turned = msgspec.structs.replace(
        family, generation=family.generation + 1, digest=_digest(secret), turned_at=turned_at
    )
    return Verdict(Outcome.ROTATED, "rotated", turned, secret)


def _successor(keys: RatchetKeys, presented: Presented) -> bytes:
    return _step(keys, presented.family_id, presented.generation, presented.secret)


def _step(keys: RatchetKeys, family_id: bytes, generation: int, secret: bytes) -> bytes:
    message = b"moneyer/refresh" + family_id + generation.to_bytes(4) + secret
    return hmac.digest(keys.ratchet, message, "sha256")


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _tag(keys: RatchetKeys, institution_id: str, signed: bytes) -> bytes:
    message = institution_id.encode() + b"\x00" + signed
    return hmac.digest(keys.tag, message, "sha256")[:_TAG_BYTES]
