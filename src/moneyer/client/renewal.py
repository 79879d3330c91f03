"""When a token is renewed: a pure function of the clock, the token and a jitter."""

from dataclasses import dataclass
from enum import Enum

from moneyer.client.tokens import Tokens
from moneyer.protocol.clock import SECOND


class Freshness(Enum):
    """What a caller does with a token."""

    FRESH = "use it"
    DUE = "use it; one caller renews it"
    EXPIRED = "wait for another"


@dataclass(frozen=True, slots=True)
class Margin:
    """How early: `seconds` before the end, but no more than `share` of the whole lifetime.

    Jitter makes it up to twice as early, so that many processes that began together do not renew
    together. `share` is at most 0.5, so that no token is due before it was there.
    """

    seconds: float = 30.0
    share: float = 0.1

    def __post_init__(self) -> None:
        if self.seconds < 0 or not 0 <= self.share <= 0.5:
            raise ValueError("a margin is at least 0 seconds, and a share of 0 to 0.5")


def due_at(tokens: Tokens, margin: Margin, jitter: float) -> int | None:
    """The instant from which `tokens` are renewed; None where the service told no lifetime.

    `jitter` is drawn once for each token, from 0 to 1.
    """
    if tokens.expires_at is None:
        return None
    lifetime = tokens.expires_at - tokens.obtained_at
    early = min(margin.seconds * SECOND, margin.share * lifetime)
    return tokens.expires_at - int(early * (1 + jitter))


def freshness(tokens: Tokens, margin: Margin, jitter: float, now: int) -> Freshness:
    """What to do with `tokens` at the instant `now`."""
    due = due_at(tokens, margin, jitter)
    if due is None or tokens.expires_at is None:
        return Freshness.FRESH
    if now >= tokens.expires_at:
        return Freshness.EXPIRED
    return Freshness.DUE if now >= due else Freshness.FRESH
