"""Making bulletins: what a follower has not been told, institution by institution, signed."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
import structlog

from moneyer.applications.application import Application
from moneyer.feed.cursor import Cursor
from moneyer.feed.log import Entry, Facts, RevocationLog
from moneyer.grants.mint import Mint
from moneyer.keys.lifecycle import KeyState, state
from moneyer.keys.ring import SigningKey
from moneyer.protocol.clock import SECOND
from moneyer.protocol.failures import CannotSign
from moneyer.tokens.bulletin import Bulletin, consent_name, strike_bulletin

MOST_KEPT = 4096
"""Bulletins that are kept, while there is no news, because the next follower asks for the same."""
TOGETHER = 64
"""Bulletins that are signed before others have their turn."""


log = structlog.get_logger()


class News(NamedTuple):
    """What a follower is answered.

    `serves` are its institutions, where they may have changed; `silent` those of which there is
    something to tell and no key to sign it with.
    """

    cursor: Cursor
    serves: tuple[str, ...] | None
    bulletins: dict[str, str]
    silent: tuple[str, ...]


class Bulletins:
    """Signs what the log holds. A thousand followers at one place share one signature."""

    def __init__(self, mint: Mint, log: RevocationLog) -> None:
        self._mint = mint
        self.log = log
        self._kept: dict[tuple[str, Cursor | None, Cursor, str], str] = {}
        self._kept_at: Cursor | None = None

    async def after(self, cursor: Cursor | None, client_id: str) -> News:
        """All that the follower of that name, who has read as far as `cursor`, has to know.

        What goes wrong with one institution concerns no other.
        """
        here, follower = self.log.here, self.log.snapshot.application(client_id)
        institutions = follower.institutions if follower else ()
        if here != self._kept_at:
            # Nobody will ask for what led to an earlier place, and each may be megabytes.
            self._kept.clear()
            self._kept_at = here
        entries: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.log.entries_after(cursor):
            if follower and entry.ended.institution_id in follower.entitled:
                entries[entry.ended.institution_id].append(entry)
        facts = self.log.facts_after(cursor, institutions)
        bulletins: dict[str, str] = {}
        silent: list[str] = []
        for place, name in enumerate(dict.fromkeys((*facts, *entries))):
            try:
                bulletins[name] = self._bulletin(name, cursor, here, facts.get(name), entries[name])
            except CannotSign as failure:
                log.error("bulletin-unsigned", reason=failure.reason, institution_id=name)  # noqa: TRY400
                silent.append(name)
            if place % TOGETHER == TOGETHER - 1:
                await asyncio.sleep(0)
        changed = cursor is None or cursor.version != here.version
        return News(here, institutions if changed else None, bulletins, tuple(silent))

    def _bulletin(
        self,
        institution_id: str,
        cursor: Cursor | None,
        here: Cursor,
        facts: Facts | None,
        entries: list[Entry],
    ) -> str:
        """Raises CannotSign."""
        now = self._mint.clock.now()
        key = self._key(institution_id, now)
        name = (institution_id, cursor, here, key.kid)
        if (kept := self._kept.get(name)) is not None:
            return kept
        bulletin = Bulletin(
            self._mint.issuer(institution_id),
            now // SECOND,
            here.version if facts else -1,
            whole=cursor is None,
            keys=facts.keys if facts else None,
            applications=facts.applications if facts else None,
            legacy=facts.legacy if facts else None,
        )
        text = strike_bulletin(key, self._with_entries(bulletin, institution_id, entries))
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[name] = text
        return text

    def _key(self, institution_id: str, now: int) -> SigningKey:
        """The key that signs tokens, or any other that is published. Raises CannotSign."""
        ring = self.log.snapshot.ring(institution_id)
        if ring is None:
            raise CannotSign("no-signing-key")
        published = (key for key in ring.keys if state(key.record, now) is not KeyState.RETIRED)
        key = ring.signing(now) or next(published, None)
        if key is None:
            raise CannotSign("no-signing-key")
        return key

    def _with_entries(
        self, bulletin: Bulletin, institution_id: str, entries: Iterable[Entry]
    ) -> Bulletin:
        tokens: dict[str, int] = {}
        families: dict[str, int] = {}
        subjects: dict[str, tuple[int, int]] = {}
        consents: dict[str, tuple[int, int]] = {}
        for _, ended, until, _ in entries:
            if ended.kind == "token":
                tokens[ended.name] = until
            elif ended.kind == "family":
                families[ended.name] = until
            elif ended.kind == "customer":
                for subject in self._subjects(institution_id, ended.name):
                    subjects[subject] = (ended.at, until)
            elif application := self.log.snapshot.application(ended.client_id):
                for subject in (ended.name, self._pairwise(application, institution_id, ended.name)):
                    consents[consent_name(ended.client_id, subject)] = (ended.at, until)
        return msgspec.structs.replace(
            bulletin, tokens=tokens, families=families, subjects=subjects, consents=consents
        )

    def _subjects(self, institution_id: str, customer_id: str) -> Iterator[str]:
        """Every `sub` that any application here may know the customer by: also one that was a third
        party until a moment ago, and whose tokens say so still; and one that may not act here now, and
        will again before its tokens have ended."""
        yield customer_id
        sectors: dict[str, Application] = {
            application.sector: application
            for application in self.log.snapshot.applications()
            if application.is_third_party
            or application.sector_identifier
            or institution_id in application.entitled
        }
        for application in sectors.values():
            yield self._pairwise(application, institution_id, customer_id)

    def _pairwise(self, application: Application, institution_id: str, customer_id: str) -> str:
        """The customer as the application knows them while it is a third party."""
        as_third_party = msgspec.structs.replace(application, is_third_party=True)
        return self._mint.subject(as_third_party, institution_id, customer_id)
