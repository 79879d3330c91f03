"""How long what has ended is kept."""

from moneyer.protocol.clock import SECOND

_DAY = 86400 * SECOND

RETENTION = {"codes": _DAY, "revoked_tokens": 0, "families": 30 * _DAY, "attempts": 30 * _DAY}
"""Microseconds for which a row is kept after its time: long enough to recognise what comes back."""

SWEPT_AT_ONCE = 1000
"""Rows of one kind that one transaction deletes, so that nobody waits for it."""
