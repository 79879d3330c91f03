"""How long what has ended is kept, and how it is taken away."""

from moneyer.protocol.clock import SECOND

_DAY = 86400 * SECOND

RETENTION = {
    "codes": _DAY,
    "revoked_tokens": 0,
    "families": 30 * _DAY,
    "attempts": 30 * _DAY,
    "sessions": _DAY,
    "stored_requests": _DAY,
    "logout_notices": 0,
}
"""Microseconds for which a row is kept after its time: long enough to recognise what comes back."""

SWEPT_AT_ONCE = 1000
"""Rows of one kind that one transaction deletes, so that nobody waits for it."""


def sweeps(place: str, lock: str = "") -> dict[str, str]:
    """A statement for each table that deletes rows whose time ended before the instant at `place`.

    `lock` says how the rows are picked where others may be at work on them.
    """

    def sweep(table: str, name: str, condition: str) -> str:
        key = f"institution_id, {name}"
        found = f"SELECT {key} FROM {table} WHERE {condition} LIMIT {SWEPT_AT_ONCE} {lock}"
        return f"DELETE FROM {table} WHERE ({key}) IN ({found})"

    ended = f"expires_at < {place}"
    unlocked = "blocked_until < 4000000000000000"
    return {
        "codes": sweep("codes", "digest", ended),
        "revoked_tokens": sweep("revoked_tokens", "token_id", ended),
        "families": sweep("families", "family_id", ended),
        "sessions": sweep("sessions", "digest", ended),
        "stored_requests": sweep("stored_requests", "digest", ended),
        "logout_notices": sweep("logout_notices", "session_id", ended),
        "attempts": sweep("attempts", "name", f"touched_at < {place} AND {unlocked}"),
    }
