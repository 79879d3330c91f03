"""Learning what has ended from the store, ten times a second."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Protocol

from moneyer.applications.application import Application
from moneyer.feed.log import OVERLAP, Facts, RevocationLog
from moneyer.keys.lifecycle import KeyState, state
from moneyer.protocol.clock import SECOND, Clock
from moneyer.protocol.failures import StoreUnavailable
from moneyer.store.directory import Directory
from moneyer.store.revocations import Ended
from moneyer.store.snapshot import Snapshot

LOOK_BACK = 600 * SECOND
LOOK_BACK_EVERY = 60 * SECOND
"""Now and then it is looked further back, for what was written by a machine whose clock is behind."""


class EndedSource(Protocol):
    """Where it is read what has ended."""

    async def ended_since(self, instant: int) -> list[Ended]: ...


class Follow:
    """Keeps a log in step with the store and the directory."""

    def __init__(
        self, log: RevocationLog, source: EndedSource, directory: Directory, clock: Clock
    ) -> None:
        self._log = log
        self._source = source
        self._directory = directory
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._lives: Mapping[str, int] = {"": 0}
        self._has_read_all = False
        self._looked_back_at = 0

    async def step(self) -> None:
        """Learns what is new. Raises StoreUnavailable; the log then stays as it is."""
        try:
            await self._look()
        except StoreUnavailable:
            self._log.learn_nothing()
            raise

    async def _look(self) -> None:
        now = self._clock.now()
        await self._follow_directory(now)
        if now < self._looked_back_at:
            # The clock was set back: what was dropped as over may not be. All is read anew.
            self._has_read_all = False
        looks_back = not self._has_read_all or now - self._looked_back_at >= LOOK_BACK_EVERY
        found = await self._source.ended_since(self._since(now, looks_back=looks_back))
        self._log.learn(found, self._lives, now)
        self._has_read_all = True
        if looks_back:
            self._looked_back_at = now
            self._log.learn_all_until(now)
            self._log.forget(now)

    def _since(self, now: int, *, looks_back: bool) -> int:
        """The instant from which on something new may be found: at first, as far back as it matters;
        then from the last thing that was found, however long ago the store was last reached."""
        if not self._has_read_all:
            return now - (self._lives[""] + 1) * SECOND
        newest = min(self._log.here.at, now)
        return newest - (LOOK_BACK if looks_back else OVERLAP)

    async def _follow_directory(self, now: int) -> None:
        snapshot = self._directory.snapshot
        if snapshot is self._snapshot:
            return
        self._lives = _lives(snapshot)
        facts = await asyncio.to_thread(_facts, snapshot, now)
        self._log.learn_facts(snapshot, facts)
        self._snapshot = snapshot


def _lives(snapshot: Snapshot) -> dict[str, int]:
    """How long the tokens of each application live at most, in seconds; under "" the longest of all."""
    lives = {a.client_id: a.longest_life for a in snapshot.applications()}
    return {**lives, "": max(lives.values(), default=0)}


def _facts(snapshot: Snapshot, now: int) -> dict[str, Facts]:
    """What the directory says of each institution that has keys. May take long where there are many."""
    here: dict[str, list[Application]] = defaultdict(list)
    for application in snapshot.applications():
        if application.status == "active":
            for institution_id in application.institutions:
                here[institution_id].append(application)
    facts = {}
    for institution_id, ring in snapshot.rings():
        institution = snapshot.institution(institution_id)
        works = institution is not None and institution.status == "active"
        keys = [key.kid for key in ring.keys if state(key.record, now) is not KeyState.RETIRED]
        own = here[institution_id] if works else []
        facts[institution_id] = Facts(
            tuple(keys),
            tuple(application.client_id for application in own),
            tuple(application.client_id for application in own if application.is_legacy),
        )
    return facts
