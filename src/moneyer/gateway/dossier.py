"""What a gateway holds of one institution: its keys as published, and what bulletins said of it.

Of an institution that nobody has asked for yet bulletins are kept as they came: its keys are read with
its first token, or when too many bulletins have gathered.
"""

import msgspec
from cryptography.exceptions import InvalidSignature

from moneyer.gateway.keys import read_key_set
from moneyer.gateway.standing import Known, Standing
from moneyer.protocol import base64url
from moneyer.tokens.bulletin import Bulletin, read_bulletin

MOST_UNREAD = 64
"""Bulletins that are kept unread before the keys are read that they need."""


class Page(msgspec.Struct, frozen=True):
    """A dossier as it is remembered."""

    key_set: str
    known: Known
    unread: tuple[str, ...]
    is_open: bool
    is_lost: bool


class Dossier:
    """One institution. `is_open`: its keys are wanted. `is_lost`: something was not told, and nothing
    can be said of its tokens until all is told anew."""

    def __init__(self, issuer: str) -> None:
        self.standing = Standing(issuer)
        self.is_open = False
        self.is_lost = False
        self._key_set = ""
        self._unread: list[str] = []

    @property
    def is_known(self) -> bool:
        """Whether its tokens can be judged."""
        return self.standing.has_facts and not self._unread and not self.is_lost

    @property
    def needs_keys(self) -> bool:
        """Whether there is something that the keys at hand do not open, and that is to be opened."""
        return self.is_open and (bool(self._unread) or self.standing.lacks_keys())

    def hear(self, bulletin: str, *, is_whole: bool) -> None:
        """Takes a bulletin as it came. Nothing that was learned before is taken back by a whole one: it
        may come from a process of the service that is a moment behind."""
        if is_whole:
            self.is_lost = False
        self._unread.append(bulletin)
        if len(self._unread) > MOST_UNREAD:
            self.is_open = True
        if self.is_open:
            self._read()

    def take_keys(self, key_set: bytes) -> None:
        """Takes over a key set, and reads what waited for it. Raises ValueError for what is none.

        A bulletin that none of the keys signed never will be read: then all is wanted anew.
        """
        self.standing.take_keys(read_key_set(key_set))
        self._key_set = key_set.decode()
        self.is_open = True
        self._read()
        if self._unread:
            self._unread.clear()
            self.is_lost = True

    def _read(self) -> None:
        self._unread = [text for text in self._unread if not self._learn(text)]

    def _learn(self, text: str) -> bool:
        bulletin = self._verified(text)
        if bulletin is not None:
            self.standing.learn(bulletin)
        return bulletin is not None

    def _verified(self, text: str) -> Bulletin | None:
        """The bulletin, if a key at hand signed it for this institution."""
        signed, _, signature = text.encode().rpartition(b".")
        header, _, body = signed.partition(b".")
        key = self.standing.bulletin_key(header)
        if key is None:
            return None
        try:
            key.verify(base64url.decode(signature), signed)
            bulletin = read_bulletin(base64url.decode(body))
        except (InvalidSignature, ValueError):
            return None
        return bulletin if bulletin.iss == self.standing.issuer else None

    def page(self) -> Page:
        """What is to be remembered of it."""
        known = self.standing.known()
        return Page(self._key_set, known, tuple(self._unread), self.is_open, self.is_lost)

    def recall(self, page: Page) -> None:
        """Goes on from what was remembered. Raises ValueError."""
        self.standing.recall(page.known)
        self._unread, self.is_lost = list(page.unread), page.is_lost
        self.is_open = page.is_open
        if page.key_set:
            self.standing.take_keys(read_key_set(page.key_set.encode()))
            self._key_set = page.key_set
