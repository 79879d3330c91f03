"""Counting wrong client secrets, and making who guesses wait (RFC 6749 section 2.3.1)."""

from moneyer.applications.application import Application, on_allow_list
from moneyer.audit.events import Event, Trace
from moneyer.guards import attempts
from moneyer.guards.attempts import Attempts, guess_name
from moneyer.protocol.clock import seconds_left
from moneyer.protocol.failures import BadClient, Throttled
from moneyer.protocol.identifiers import PLATFORM
from moneyer.store.rows import Rows


class Blocklist:
    """Who is blocked at present, in memory: what the hot path looks at instead of the store."""

    LARGEST = 100_000

    def __init__(self) -> None:
        self._until: dict[str, int] = {}

    def learn(self, blocked: dict[str, int], now: int) -> None:
        """Takes over what other processes have blocked, and forgets what is over."""
        known = {**self._until, **blocked}
        self._until = {who: until for who, until in known.items() if until > now}

    def block(self, name: str, until: int, now: int) -> None:
        if len(self._until) >= self.LARGEST:
            self._until = {who: end for who, end in self._until.items() if end > now}
        if len(self._until) < self.LARGEST:
            self._until[name] = until

    def require_free(self, name: str, now: int) -> None:
        """Raises Throttled while `name` is blocked."""
        until = self._until.get(name)
        if until is not None and now < until:
            raise Throttled("secret-guesses-throttled", seconds_left(until, now) + 1)

    def __bool__(self) -> bool:
        return bool(self._until)


def require_not_guessing(
    blocklist: Blocklist,
    key: bytes,
    client_id: str,
    application: Application | None,
    source: str,
    now: int,
) -> None:
    """Raises Throttled for an address that guessed too often, unless it is on the allow-list.

    Costs nothing while nobody is blocked.
    """
    if not blocklist or (application is not None and on_allow_list(application, source)):
        return
    blocklist.require_free(guess_name(key, client_id, source), now)


class CountGuess:
    """One more failed client authentication, with its event. Gives until when its source is blocked."""

    def __init__(
        self, name: str, limit: int, institution_id: str, failure: BadClient, trace: Trace
    ) -> None:
        self._name = name
        self._limit = limit
        self.institution_id = institution_id
        self._failure = failure
        self._trace = trace

    def wants(self, rows: Rows) -> None:
        rows.attempts.want(PLATFORM, self._name)

    def decide(self, rows: Rows, now: int) -> int:
        row = rows.attempts.get(PLATFORM, self._name) or Attempts(PLATFORM, self._name, now)
        counted = attempts.count_rate(row, self._limit, now)
        rows.attempts.put(counted)
        rows.record(
            Event(
                "client:refused",
                now,
                self.institution_id,
                reason=self._failure.reason,
                source=self._trace.source,
                transaction_id=self._trace.transaction_id,
            )
        )
        self._failure.recorded = True
        return counted.blocked_until
