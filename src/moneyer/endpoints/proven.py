"""Credentials that were proven a moment ago, so that the next call need not prove them again."""

import hashlib
import secrets

from moneyer.applications.authenticate import Authenticated
from moneyer.store.snapshot import EMPTY, Snapshot

LARGEST = 10_000


class Proven:
    """Authorization headers that were right, by a keyed digest, while registrations stay as they are.

    A change of any registration, secret or policy makes a new snapshot, and all is proven anew.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._snapshot = EMPTY
        self._found: dict[bytes, Authenticated] = {}

    def find(self, header: bytes, snapshot: Snapshot, now: int) -> tuple[bytes, Authenticated | None]:
        """The header's name here, and whom it proved, if its secret is still good at `now`."""
        if snapshot is not self._snapshot:
            self._snapshot, self._found = snapshot, {}
        name = hashlib.blake2b(header, key=self._key, digest_size=32).digest()
        found = self._found.get(name)
        is_live = found is not None and found.slot is not None and found.slot.is_live(now)
        return name, found if is_live else None

    def keep(self, name: bytes, authenticated: Authenticated) -> None:
        """Remembers what was proven under the snapshot of the last `find`."""
        if len(self._found) >= LARGEST:
            self._found.clear()
        self._found[name] = authenticated
