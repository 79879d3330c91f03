"""What was acknowledged to the clients of a drill, and what turned out to be wrong."""

import base64
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple


class Closed(NamedTuple):
    """What must not open anything any more."""

    refresh_tokens: list[str]
    access_tokens: list[str]
    codes: list[str]


@dataclass
class Ledger:
    """Every client writes down here what it was told. The lists of faults must stay empty."""

    acknowledged: Counter[str] = field(default_factory=Counter)
    asked: int = 0
    unavailable: int = 0
    """Answers 503, each with Retry-After."""
    cut_off: int = 0
    """Connections that ended before an answer."""
    told_to_wait: int = 0
    """Sign-ins refused although the password was right."""
    gaps: list[float] = field(default_factory=list)
    """Seconds from each failure until it was mended and a token was struck."""
    seconds: float = 0.0
    longest_pause: float = 0.0
    """Seconds between two acknowledged commits, whoever asked for them."""

    doubled: list[str] = field(default_factory=list)
    wrongly_revoked: list[str] = field(default_factory=list)
    revived: list[str] = field(default_factory=list)
    unserved: list[str] = field(default_factory=list)
    """Key sets and metadata that could not be had."""

    kept: list[str] = field(default_factory=list)
    """Refresh tokens that nobody has revoked or replaced when the load ends."""
    revoked: list[str] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    """Access tokens that were revoked."""
    redeemed: list[str] = field(default_factory=list)
    token_ids: set[str] = field(default_factory=set)
    turns: dict[tuple[str, int], str] = field(default_factory=dict)
    _committed_at: float = field(default_factory=time.monotonic)

    @property
    def faults(self) -> list[str]:
        return [*self.doubled, *self.wrongly_revoked, *self.revived, *self.unserved]

    def lines(self) -> list[str]:
        """The ledger, for people."""
        return [
            f"{len(self.gaps)} failures; {self.asked} requests in {self.seconds:.0f} s, "
            f"{self.asked / self.seconds:.0f} a second",
            *(f"acknowledged {name}: {count}" for name, count in sorted(self.acknowledged.items())),
            f"answered 503: {self.unavailable}; cut off: {self.cut_off}; "
            f"sign-ins told to wait: {self.told_to_wait}",
            f"longest time until all was mended and a token struck: {max(self.gaps, default=0):.1f} s; "
            f"longest pause between two commits: {self.longest_pause:.1f} s",
            f"lost or wrongly revoked: {len(self.wrongly_revoked)}, doubled: {len(self.doubled)}, "
            f"revived: {len(self.revived)}, key sets not served: {len(self.unserved)}",
        ]

    def committed(self, kind: str) -> None:
        """Something that must be durable by now was acknowledged."""
        now = time.monotonic()
        self.longest_pause = max(self.longest_pause, now - self._committed_at)
        self._committed_at = now
        self.acknowledged[kind] += 1

    def closed(self, last: int = 0) -> Closed:
        """What was acknowledged as closed so far; of each kind so many, the latest; 0 is all."""
        return Closed(self.revoked[-last:], self.taken_back[-last:], self.redeemed[-last:])

    def turned(self, refresh_token: str) -> None:
        """A refresh token was received: its generation has one token, whoever asks and how often."""
        family, generation = place_of(refresh_token)
        known = self.turns.setdefault((family, generation), refresh_token)
        if known != refresh_token:
            self.doubled.append(f"two tokens of generation {generation} of {family}")


def place_of(refresh_token: str) -> tuple[str, int]:
    """The family and the generation that a refresh token names."""
    raw = base64.urlsafe_b64decode(refresh_token.partition(".")[2] + "=")
    return raw[:16].hex(), int.from_bytes(raw[16:20])


def token_id_of(access_token: str) -> str:
    payload = access_token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["jti"])
