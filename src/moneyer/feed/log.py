"""What has ended and still matters, in the order in which this process learned of it."""

import asyncio
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from moneyer.feed.cursor import Cursor
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import StoreUnavailable
from moneyer.store.revocations import Ended
from moneyer.store.snapshot import EMPTY, Snapshot

OVERLAP = 10 * SECOND
"""How long after its instant a revocation may become visible: longer than any commit may take."""
LATE = 70 * SECOND
"""What became visible later than that every process finds within this time of the first that did."""
BEHIND = 3.0
"""Seconds after which a process that has not read the store may not say that there is no news."""


class Facts(NamedTuple):
    """What bulletins say of an institution besides what has ended: keys and applications, by id.

    `legacy` are those of the applications whose tokens open the legacy APIs.
    """

    keys: tuple[str, ...]
    applications: tuple[str, ...]
    legacy: tuple[str, ...] = ()


NOTHING = Facts((), ())
"""Of an institution that has no keys any more."""


class Entry(NamedTuple):
    """One thing that ended. `until`: the second from which it would have ended by itself; `learned_at`:
    the instant at which this process heard of it."""

    sequence: int
    ended: Ended
    until: int
    learned_at: int


class RevocationLog:
    """Grows by what is learned, shrinks by what would have ended anyway. Belongs to one event loop."""

    def __init__(self) -> None:
        self._process = secrets.token_hex(8)
        self._sequence = 0
        self._newest = 0
        self._now = 0
        self._read_at = float("-inf")
        self._entries: dict[tuple[str, str, str, str], Entry] = {}
        self._facts: dict[str, tuple[int, Facts]] = {}
        self._news = asyncio.Event()
        self._is_ending = False
        self.snapshot = EMPTY

    @property
    def here(self) -> Cursor:
        """The end of the log."""
        return Cursor(self._process, self._sequence, self._newest, self.snapshot.version)

    def require_in_step(self) -> None:
        """Raises StoreUnavailable where the store was last read too long ago to say what is new."""
        if self._is_behind:
            raise StoreUnavailable("feed: behind the store")

    def learn_nothing(self) -> None:
        """Takes note that the store could not be read: who waits for news in vain waits no longer."""
        if self._is_behind:
            self._wake()

    @property
    def _is_behind(self) -> bool:
        return time.monotonic() - self._read_at > BEHIND

    def learn(self, found: Iterable[Ended], lives: Mapping[str, int], now: int) -> None:
        """Adds what is not known yet at the instant `now`. `lives`: by client id how long a token of
        the application lives at most, in seconds; under "" the longest of all.

        An instant ahead of `now` is of a clock that stepped back: no cursor says that all up to it was
        told.
        """
        before = self._sequence
        for ended in found:
            known = self._entries.get(ended[:4])
            if known is not None and known.ended.at >= ended.at:
                continue
            self._sequence += 1
            until = ended.at // SECOND + 1 + lives.get(ended.client_id, lives[""])
            self._entries.pop(ended[:4], None)
            self._entries[ended[:4]] = Entry(self._sequence, ended, until, now)
            self._newest = max(self._newest, ended.at)
        self._newest = min(self._newest, now)
        self._now, self._read_at = now, time.monotonic()
        if self._sequence > before:
            self._wake()

    def learn_all_until(self, now: int) -> None:
        """Takes note that all that had ended by the instant `now` is known here."""
        self._newest = max(self._newest, now)

    def learn_facts(self, snapshot: Snapshot, facts: Mapping[str, Facts]) -> None:
        """Takes over what `snapshot` says of every institution that has keys.

        Whatever is told beside goes by the same one: a cursor with its version says that all was told
        of the institutions that a follower has in it.
        """
        self._sequence += 1
        for institution_id, now in facts.items():
            known = self._facts.get(institution_id)
            if known is None or known[1] != now:
                self._facts[institution_id] = (self._sequence, now)
        for institution_id in self._facts.keys() - facts.keys():
            self._facts[institution_id] = (self._sequence, NOTHING)
        self.snapshot = snapshot
        self._wake()

    def forget(self, now: int) -> None:
        """Drops what has ended by itself at the instant `now`."""
        second = now // SECOND
        over = [name for name, entry in self._entries.items() if entry.until <= second]
        for name in over:
            del self._entries[name]

    def entries_after(self, cursor: Cursor | None) -> Iterator[Entry]:
        """What a follower at `cursor` has not been told, latest first; all for a new one.

        One that comes from another process is told again what ended around the time of its cursor, and
        what was found late here and maybe not yet there; all, where that time is still to come here: it
        is of a clock that was set back.
        """
        own = cursor is not None and cursor.process == self._process
        if cursor is not None and not own and cursor.at > self._now + OVERLAP:
            cursor = None
        for entry in reversed(self._entries.values()):
            if cursor is not None and own:
                if entry.sequence <= cursor.sequence:
                    return
            elif cursor is not None and cursor.at > max(
                entry.ended.at + OVERLAP, entry.learned_at + LATE
            ):
                continue
            yield entry

    def facts_after(self, cursor: Cursor | None, institutions: Iterable[str]) -> dict[str, Facts]:
        """Those of `institutions` that a follower at `cursor` may not know."""
        if cursor is not None and cursor.version == self.snapshot.version:
            return {}
        own = cursor is not None and cursor.process == self._process
        since = cursor.sequence if cursor is not None and own else -1
        found = ((name, self._facts.get(name)) for name in institutions)
        return {name: known[1] for name, known in found if known and known[0] > since}

    async def news(self, seconds: float) -> None:
        """Waits until something is learned, for at most `seconds`.

        Not by `asyncio.wait_for`: before Python 3.12 it loses a cancellation that comes with the news.
        """
        if not self._is_ending:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait()

    def hold_nobody(self) -> None:
        """Lets everybody go who waits for news; nobody waits any more."""
        self._is_ending = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
