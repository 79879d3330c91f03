"""What a gateway knows of all its institutions, and what has to be asked. No network, no clock."""

from collections.abc import Iterator

import msgspec

from moneyer.gateway.dossier import Dossier, Page


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """What the service answers to a follower (ADR 0010).

    `serves` are the follower's institutions, None: as before. `silent` are those of which there is
    something to tell and no key to sign it with. `is_whole` is added by the follower: all was told,
    since it was asked for without a cursor.
    """

    cursor: str
    institutions: dict[str, str]
    serves: tuple[str, ...] | None = None
    silent: tuple[str, ...] = ()
    is_whole: bool = False


class KeySet(msgspec.Struct, frozen=True, tag="keys"):
    """An institution's key set, as it was published."""

    institution_id: str
    body: str

    def __repr__(self) -> str:
        return f"KeySet({self.institution_id!r})"


class Everything(msgspec.Struct, frozen=True, tag="everything"):
    """All that is known at a moment. `heard_at`: the instant of the last answer."""

    base_url: str
    cursor: str
    heard_at: int
    serves: tuple[str, ...] | None
    pages: dict[str, Page]


class Knowledge:
    """Grows by answers and key sets as they are taken. Belongs to one event loop."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._cursor = ""
        self._wants_all = False
        self.serves: frozenset[str] | None = None
        self.dossiers: dict[str, Dossier] = {}

    @property
    def cursor(self) -> str:
        """How far it has read; "" where all has to be told anew."""
        return "" if self._wants_all else self._cursor

    def begin_anew(self) -> None:
        """Wants all told again: only an answer that is whole is an end of that."""
        self._wants_all = True

    def hear(self, answer: Answer) -> None:
        """Takes over an answer, of whichever cursor of before it was asked with."""
        self._cursor = answer.cursor
        self._wants_all = self._wants_all and not answer.is_whole
        serves = self.serves if answer.serves is None else frozenset(answer.serves)
        # Of what is new here it was never told what ended before: nothing is judged until all is.
        new = frozenset() if answer.is_whole or not serves else serves - (self.serves or frozenset())
        if serves is not None:
            self._serve(serves)
        if new:
            self.begin_anew()
        for institution_id, bulletin in answer.institutions.items():
            dossier = self._dossier(institution_id)
            dossier.hear(bulletin, is_whole=answer.is_whole)
            dossier.is_lost |= institution_id in new
            if dossier.is_lost:
                self.begin_anew()
        for institution_id in answer.silent:
            self._dossier(institution_id).is_lost = True

    def take_keys(self, key_set: KeySet) -> None:
        """Takes over a key set, unless its institution is guarded no longer. Raises ValueError."""
        dossier = self.dossiers.get(key_set.institution_id)
        if dossier is None:
            return
        was_lost = dossier.is_lost
        dossier.take_keys(key_set.body.encode())
        if dossier.is_lost and not was_lost:
            self.begin_anew()

    def needing_keys(self) -> Iterator[str]:
        """Institutions whose keys have to be read before more can be said of them."""
        return (name for name, dossier in self.dossiers.items() if dossier.needs_keys)

    def judged(self) -> Iterator[str]:
        """Institutions of which tokens came: their keys are to be kept fresh."""
        return (name for name, dossier in self.dossiers.items() if dossier.is_open)

    def _serve(self, serves: frozenset[str]) -> None:
        """Takes over which institutions are guarded."""
        for gone in self.dossiers.keys() - serves:
            del self.dossiers[gone]
        self.serves = serves

    def _dossier(self, institution_id: str) -> Dossier:
        if institution_id not in self.dossiers:
            self.dossiers[institution_id] = Dossier(f"{self.base_url}/i/{institution_id}")
        return self.dossiers[institution_id]

    def everything(self, heard_at: int) -> Everything:
        """All of it, to be remembered."""
        pages = {name: dossier.page() for name, dossier in self.dossiers.items()}
        serves = None if self.serves is None else tuple(sorted(self.serves))
        return Everything(self.base_url, self.cursor, heard_at, serves, pages)

    def recall(self, remembered: Everything) -> None:
        """Goes on from what was remembered. Raises ValueError."""
        self._cursor, self._wants_all = remembered.cursor, not remembered.cursor
        self.serves = None if remembered.serves is None else frozenset(remembered.serves)
        for institution_id, page in remembered.pages.items():
            self._dossier(institution_id).recall(page)
