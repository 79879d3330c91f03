"""Whether a request is repeated, and after how long."""

from __future__ import annotations

from dataclasses import dataclass, replace

from moneyer.client.errors import ProtocolError, ServiceUnavailable, Unreachable


@dataclass(frozen=True, slots=True)
class Retry:
    """`attempts` counts the first one too. Waits are in seconds: `first_wait`, then twice as long each
    time, up to `longest_wait`, less up to half by jitter.

    A Retry-After is waited for in full, or not at all: one beyond `longest_wait` ends the call, and
    others end at once until it has passed. It never counts for more than `longest_retry_after`.
    """

    attempts: int = 4
    first_wait: float = 0.2
    longest_wait: float = 10.0
    longest_retry_after: float = 300.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or min(self.first_wait, self.longest_wait, self.longest_retry_after) < 0:
            raise ValueError("a retry policy has at least one attempt, and no negative wait")

    def once(self) -> Retry:
        """The same without repetition."""
        return replace(self, attempts=1)


def wait_before_next(
    failure: ServiceUnavailable | ProtocolError,
    attempt: int,
    retry: Retry,
    jitter: float,
    *,
    single_use: bool,
) -> float:
    """Seconds to wait after the failure of attempt number `attempt` (the first is 1).

    Raises `failure` itself when the request is not sent again: the attempts are used up, the service
    wants a longer wait, or the request is good for one use and may have arrived. A 200 that cannot be
    read is an answer that was lost; other answers of that kind would come again.
    """
    never_sent = isinstance(failure, Unreachable) and not failure.sent
    if attempt >= retry.attempts or (single_use and not never_sent):
        raise failure
    if isinstance(failure, ProtocolError) and failure.status != 200:
        raise failure
    growing = min(retry.longest_wait, retry.first_wait * 2.0 ** (attempt - 1))
    wait = growing * (1 - jitter / 2)
    if isinstance(failure, ServiceUnavailable) and failure.retry_after is not None:
        if failure.retry_after > retry.longest_wait:
            raise failure
        return max(wait, failure.retry_after)
    return wait
