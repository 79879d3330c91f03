"""What a caller may send, and how long it may take."""

from typing import Literal

import msgspec

MAX_HEAD_BYTES = 32 * 1024
"""Request line and header fields together; the router looks at less (endpoints/http.py)."""
MAX_TARGET_BYTES = 24 * 1024
MAX_HEADER_FIELDS = 100
"""Here as well the router takes fewer, and says so in its own words."""
MAX_BODY_WIRE_BYTES = 2 * MAX_HEAD_BYTES + 32 * 1024
"""A body as sent, chunk sizes and their extensions included."""
MAX_WAITING_REQUESTS = 16
"""Pipelined requests of one connection (RFC 9112 section 9.3.2)."""


Stage = Literal["idle", "head", "body"]
"""What is read next of a connection."""


class Limits(msgspec.Struct, frozen=True):
    """Seconds, and a count. What takes longer ends the connection, within a second."""

    head: float = 10.0
    body: float = 30.0
    idle: float = 75.0
    """How long a kept connection may be silent between two requests."""
    linger: float = 2.0
    """How long the last answer may take to be read (RFC 9112 section 9.6)."""
    unread: float = 30.0
    """How long a caller may leave answers unread."""
    connections: int = 16_384
    """Callers connected at once; beyond it the one that has been silent longest has to go."""
