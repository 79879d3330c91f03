"""Counting failures: when a login is locked, when a source of guesses is made to wait.

Pure: each function takes the row as it stands and gives the row as it should stand. Failures are
counted before the password is checked, so that many attempts at once cannot exceed a limit.
"""

import hashlib
import hmac
import ipaddress
from typing import Annotated

import msgspec

from moneyer.protocol.clock import SECOND, seconds_left
from moneyer.protocol.failures import Throttled

FOREVER = 2**62

_Count = Annotated[int, msgspec.Meta(ge=1)]


class Attempts(msgspec.Struct, frozen=True):
    """Failures of one kind. Instants are microseconds since 1970.

    `window_count` counts since `window_started_at`; `consecutive` since the last success. Both hold
    attempts that are still under way: a crash in the middle of one leaves it counted.
    """

    institution_id: str
    name: str
    window_started_at: int
    window_count: int = 0
    consecutive: int = 0
    blocked_until: int = 0
    touched_at: int = 0


class LoginLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many wrong passwords a login takes. Defaults by PCI DSS 8.3.4 and NIST SP 800-63B-4.

    After `free` failures in a row each further one doubles a wait, from one second to `longest_wait`;
    `soft` failures without a pause of `window` between two lock for `window`; `hard` in a row lock
    until an operator helps. Seconds.
    """

    free: Annotated[int, msgspec.Meta(ge=0)] = 5
    longest_wait: _Count = 900
    soft: _Count = 10
    window: _Count = 1800
    hard: _Count = 100


class RateLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many failures a minute one source, or one application, may make."""

    client_guesses: _Count = 20
    """Wrong secrets for one client id from one address."""
    source_failures: _Count = 60
    """Failed sign-ins from one address through one application."""
    application_failures: _Count = 600
    """Failed sign-ins through one application."""


RATE_WINDOW = 60 * SECOND


def admit_login(row: Attempts, limits: LoginLimits, now: int) -> Attempts | None:
    """The row with one attempt counted in advance; None when no attempt may be made at present."""
    if now < row.blocked_until or row.consecutive >= limits.hard:
        return None
    # From the last attempt on: counted from the first, the end of one window and the beginning of the
    # next together would let more than `soft` through.
    window_over = now >= row.touched_at + limits.window * SECOND
    count = 0 if window_over else row.window_count
    if count >= limits.soft:
        return None
    return msgspec.structs.replace(
        row,
        window_started_at=now if window_over else row.window_started_at,
        window_count=count + 1,
        consecutive=row.consecutive + 1,
        touched_at=now,
    )


def fail_login(row: Attempts, limits: LoginLimits, now: int) -> Attempts:
    """The row after an attempt that was counted in advance turned out to be wrong."""
    if row.consecutive >= limits.hard:
        blocked_until = FOREVER
    elif row.window_count >= limits.soft:
        blocked_until = now + limits.window * SECOND
    elif row.consecutive > limits.free:
        doublings = min(row.consecutive - limits.free - 1, 20)
        blocked_until = now + min(2**doublings, limits.longest_wait) * SECOND
    else:
        blocked_until = row.blocked_until
    return msgspec.structs.replace(row, blocked_until=max(blocked_until, row.blocked_until))


def withdraw_login(row: Attempts) -> Attempts:
    """The row without an attempt that was counted in advance and could not be made.

    A lock for good that it helped to bring about is lifted: there were fewer failures than that.
    """
    return msgspec.structs.replace(
        row,
        window_count=max(0, row.window_count - 1),
        consecutive=max(0, row.consecutive - 1),
        blocked_until=0 if row.blocked_until == FOREVER else row.blocked_until,
    )


def forgive(row: Attempts, now: int) -> Attempts:
    """The row after a success: nothing is held against the login any more."""
    return Attempts(row.institution_id, row.name, now, touched_at=now)


def count_rate(row: Attempts, limit: int, now: int) -> Attempts:
    """One more failure from a source; beyond `limit` it is blocked until its minute ends."""
    window_over = now >= row.window_started_at + RATE_WINDOW
    started = now if window_over else row.window_started_at
    count = 1 if window_over else row.window_count + 1
    return msgspec.structs.replace(
        row,
        window_started_at=started,
        window_count=count,
        blocked_until=started + RATE_WINDOW if count >= limit else 0,
        touched_at=now,
    )


def uncount_rate(row: Attempts, now: int) -> Attempts:
    """Takes back one failure that was counted in advance and did not happen."""
    if row.window_count == 0 or now >= row.window_started_at + RATE_WINDOW:
        return row
    return msgspec.structs.replace(row, window_count=row.window_count - 1, blocked_until=0)


def require_unblocked(row: Attempts | None, reason: str, now: int) -> None:
    """Raises Throttled, with the seconds to wait, while `row` is blocked."""
    if row is not None and now < row.blocked_until:
        raise Throttled(reason, max(1, min(seconds_left(row.blocked_until, now) + 1, 3600)))


def throttled_source(address: str) -> str:
    """The address as it is counted: an IPv6 caller has a whole /64 to choose from."""
    if ":" not in address:
        return address
    try:
        network = ipaddress.ip_network(f"{address}/64", strict=False)
    except ValueError:
        return address
    return str(network.network_address)


def login_name(key: bytes, login_key: str) -> str:
    """The row for one login, known or not; the login itself is not written down."""
    return "login:" + hmac.digest(key, login_key.encode(), hashlib.sha256).hex()[:32]


def guess_name(key: bytes, client_id: str, source: str) -> str:
    """The row for guesses at one client id from one address.

    Client ids share 256 rows an address, known ids and unknown alike: the answer is the same for
    both, and inventing ids does not fill the table.
    """
    bucket = hmac.digest(key, client_id.encode(), hashlib.sha256).hex()[:2]
    return f"guess:{throttled_source(source)}:{bucket}"


def source_name(client_id: str, source: str) -> str:
    return f"source:{client_id}:{throttled_source(source)}"


def application_name(client_id: str) -> str:
    return f"application:{client_id}"
