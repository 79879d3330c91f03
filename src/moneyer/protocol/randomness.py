"""Random bytes from the operating system, asked for a page at a time.

One call to the system costs as much as half of what Python does for a token.
"""

import os
import secrets

PAGE = 4096


class _Page:
    """Random bytes not yet handed out, each of them once; a forked child begins with none."""

    def __init__(self) -> None:
        self._bytes = b""
        self._used = 0
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._bytes = b""

    def __call__(self, count: int) -> bytes:
        end = self._used + count
        if end > len(self._bytes):
            self._bytes, self._used, end = secrets.token_bytes(PAGE), 0, count
        piece = self._bytes[self._used : end]
        self._used = end
        return piece


random_bytes = _Page()
"""`random_bytes(count)`: at most a page. For one thread, the event loop's."""
