"""The present tokens, and what a caller does with them. No lock, no clock of its own."""

from typing import NamedTuple

from moneyer.client.errors import ServiceUnavailable, TokenRefused
from moneyer.client.renewal import Freshness, Margin, freshness
from moneyer.client.retrying import Retry
from moneyer.client.tokens import Tokens
from moneyer.protocol.clock import SECOND


class Look(NamedTuple):
    """`tokens` are there unless they are EXPIRED."""

    tokens: Tokens | None
    freshness: Freshness

    def __repr__(self) -> str:
        return f"Look(…, {self.freshness.name})"


class Cache:
    """One slot. Whoever shares it among threads holds a lock around each call."""

    def __init__(self, margin: Margin, retry: Retry) -> None:
        self._margin = margin
        self._retry = retry
        self._tokens: Tokens | None = None
        self._jitter = 0.0
        self._is_settled = False
        self._rest_until = 0
        self._closed_until = 0

    def look(self, now: int) -> Look:
        """What to do at the instant `now`.

        Tokens that are due are called fresh while a failed renewal rests. Raises ServiceUnavailable
        when there are none and the service has asked not to be asked yet.
        """
        tokens = self.usable(now)
        if tokens is None:
            if now < self._closed_until:
                left = (self._closed_until - now) / SECOND
                raise ServiceUnavailable("the token service asked to wait", left)
            return Look(None, Freshness.EXPIRED)
        if self._is_settled or now < self._rest_until:
            return Look(tokens, Freshness.FRESH)
        return Look(tokens, freshness(tokens, self._margin, self._jitter, now))

    def usable(self, now: int) -> Tokens | None:
        """The present tokens, unless they have expired."""
        tokens = self._tokens
        if tokens is None or freshness(tokens, self._margin, self._jitter, now) is Freshness.EXPIRED:
            return None
        return tokens

    def put(self, tokens: Tokens, jitter: float) -> None:
        """After a renewal that worked."""
        self._tokens, self._jitter = tokens, jitter
        self._is_settled, self._rest_until, self._closed_until = False, 0, 0

    def note(self, failure: Exception, now: int) -> None:
        """After a renewal that failed: the next early one waits for a while, or, where the answer
        would be no again, for the end of the present tokens."""
        self._is_settled = isinstance(failure, TokenRefused)
        told = failure.retry_after if isinstance(failure, ServiceUnavailable) else None
        wait = min(told or 0.0, self._retry.longest_retry_after)
        self._closed_until = now + int(wait * SECOND)
        self._rest_until = now + int(max(wait, self._retry.longest_wait) * SECOND)

    def spoil(self, refused: Tokens) -> None:
        """`refused` opens nothing any more: it is gone, unless others have renewed it already."""
        if self._tokens is refused:
            self._tokens = None

    def empty(self) -> None:
        """After a revocation."""
        self._tokens = None
