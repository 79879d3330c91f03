"""A group's view of the store: what its operations asked for, and what they change.

The store loads every row that a group of operations needs, the operations decide one after another on
these rows in memory, and the store writes what changed, all in one transaction. Two operations on the
same row in one group come out right because the second sees what the first did.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Literal, Protocol, TypeVar

import msgspec

from moneyer.applications.secrets import SecretSlot
from moneyer.audit.events import Event
from moneyer.customers.consent import Consent
from moneyer.customers.customer import Customer
from moneyer.customers.factors.factor import Factor
from moneyer.customers.notice import LogoutNotice
from moneyer.customers.session import Session
from moneyer.guards.attempts import Attempts
from moneyer.keys.lifecycle import KeyRecord
from moneyer.protocol.failures import Failure
from moneyer.protocol.identifiers import PLATFORM
from moneyer.tokens.code import Code
from moneyer.tokens.family import Family

R = TypeVar("R")
T_co = TypeVar("T_co", covariant=True)

Key = tuple[str, str | bytes | int]
"""The institution, and the row within it."""


class WrongInstitution(Exception):
    """An operation reached for a row of an institution other than its own: a fault in its code."""


class Walls:
    """The institution of the operation at work. The platform's rows belong to no institution."""

    __slots__ = ("institution_id",)

    def __init__(self) -> None:
        self.institution_id = PLATFORM

    def check(self, institution_id: str) -> None:
        """Raises WrongInstitution."""
        if institution_id not in (self.institution_id, PLATFORM):
            raise WrongInstitution(institution_id)


class RevokedToken(msgspec.Struct, frozen=True):
    """An access token that was revoked before its time. Kept until it would have expired anyway.

    With `revoked_at` 0 it is another thing that is good once, and was used.
    """

    institution_id: str
    token_id: str
    expires_at: int
    revoked_at: int = 0


class StoredRequest(msgspec.Struct, frozen=True):
    """Something an application began and will go on with, once: rests under a digest of its name.

    `kind` is part of that digest as well, so that one kind never passes for another.
    """

    institution_id: str
    digest: bytes
    kind: Literal["par", "mfa"]
    client_id: str
    document: bytes
    expires_at: int
    used_at: int | None = None

    def __repr__(self) -> str:
        return f"StoredRequest({self.institution_id!r}, {self.kind!r})"


def request_digest(kind: Literal["par", "mfa"], text: str) -> bytes:
    """What the request that `text` names rests under; its kind is part of it."""
    return hashlib.sha256(f"{kind}\x00{text}".encode()).digest()


class KeySet(msgspec.Struct, frozen=True):
    """All signing keys of an institution."""

    institution_id: str
    keys: tuple[KeyRecord, ...]


class Table(Generic[R]):
    """The rows of one kind that a group asked for. Only rows that were asked for may be touched."""

    __slots__ = ("_check", "_identify", "_undo", "changed", "inserted", "rows", "wanted")

    def __init__(
        self,
        identify: Callable[[R], Key],
        undo: list[Callable[[], None]],
        check: Callable[[str], None],
    ) -> None:
        self._identify = identify
        self._undo = undo
        self._check = check
        self.wanted: set[Key] = set()
        self.rows: dict[Key, R | None] = {}
        self.changed: set[Key] = set()
        self.inserted: set[Key] = set()

    def want(self, institution_id: str, name: str | bytes | int) -> None:
        """Asks for a row. Raises WrongInstitution."""
        self._check(institution_id)
        self.wanted.add((institution_id, name))

    def loaded(self, record: R) -> None:
        """The store hands over a row that was asked for."""
        self.rows[self._identify(record)] = record

    def get(self, institution_id: str, name: str | bytes | int) -> R | None:
        """The row as it now stands, or None.

        Raises KeyError for one that was not asked for, WrongInstitution.
        """
        self._check(institution_id)
        key = (institution_id, name)
        if key not in self.wanted:
            raise KeyError(key)
        return self.rows.get(key)

    def put(self, record: R) -> None:
        """Adds or replaces a row. Raises KeyError, WrongInstitution."""
        key = self._identify(record)
        self._check(key[0])
        if key not in self.wanted:
            raise KeyError(key)
        before, was_changed = self.rows.get(key), key in self.changed

        def undo() -> None:
            self.rows[key] = before
            if not was_changed:
                self.changed.discard(key)
            if before is None:
                self.inserted.discard(key)

        self._undo.append(undo)
        if before is None:
            self.inserted.add(key)
        self.rows[key] = record
        self.changed.add(key)

    def new_rows(self) -> Iterator[R]:
        """Rows to insert."""
        return self._pick(self.inserted)

    def updated_rows(self) -> Iterator[R]:
        """Rows to write over."""
        return self._pick(self.changed - self.inserted)

    def _pick(self, keys: set[Key]) -> Iterator[R]:
        for key in keys:
            record = self.rows[key]
            if record is not None:
                yield record


class Rows:
    """Every kind of row that the hot path writes, and the events of the group."""

    def __init__(self) -> None:
        undo: list[Callable[[], None]] = []
        self._undo = undo
        self._walls = Walls()
        check = self._walls.check
        self.families = Table[Family](lambda row: (row.institution_id, row.family_id), undo, check)
        self.codes = Table[Code](lambda row: (row.institution_id, row.digest), undo, check)
        self.customers = Table[Customer](lambda row: (row.institution_id, row.customer_id), undo, check)
        self.attempts = Table[Attempts](lambda row: (row.institution_id, row.name), undo, check)
        self.revoked_tokens = Table[RevokedToken](
            lambda row: (row.institution_id, row.token_id), undo, check
        )
        self.sessions = Table[Session](lambda row: (row.institution_id, row.digest), undo, check)
        self.consents = Table[Consent](lambda row: (row.institution_id, row.consent_id), undo, check)
        self.factors = Table[Factor](lambda row: (row.institution_id, row.factor_id), undo, check)
        self.requests = Table[StoredRequest](lambda row: (row.institution_id, row.digest), undo, check)
        self.notices = Table[LogoutNotice](
            lambda row: (row.institution_id, row.session_id), undo, check
        )
        self.key_sets = Table[KeySet](lambda row: (row.institution_id, "keys"), undo, check)
        # An application's secrets belong to no institution.
        self.secrets = Table[SecretSlot](lambda row: (row.client_id, row.slot), undo, lambda _: None)
        self.events: list[Event] = []
        self.institutions: set[str] = {PLATFORM}
        """Whose rows the group may touch: what a store holds its own statements to."""

    def gather(self, operations: "Sequence[Operation[object]]") -> None:
        """Asks for every row that `operations` want. Raises WrongInstitution."""
        for operation in operations:
            institution_id = self._walls.institution_id = operation.institution_id
            self.institutions.add(institution_id)
            operation.wants(self)

    def record(self, event: Event) -> None:
        """Adds an event to the audit log, in the same commit as the rows. Raises WrongInstitution."""
        self._walls.check(event.institution_id)
        self.events.append(event)

    def attempt(self, operation: "Operation[object]", now: int) -> object:
        """What the operation decides, or the exception it raises.

        A Failure is a decision like any other: what was done before it was raised stands. After any
        other exception everything that this operation did to the rows is undone.
        """
        self._undo.clear()
        self._walls.institution_id = operation.institution_id
        events = len(self.events)
        try:
            return operation.decide(self, now)
        except Failure as failure:
            failure.recorded = len(self.events) > events
            return failure
        except Exception as error:
            for step in reversed(self._undo):
                step()
            del self.events[events:]
            return error

    @property
    def untouched(self) -> bool:
        """Whether there is nothing to write."""
        tables = (
            self.families,
            self.codes,
            self.customers,
            self.attempts,
            self.revoked_tokens,
            self.sessions,
            self.consents,
            self.factors,
            self.requests,
            self.notices,
            self.key_sets,
            self.secrets,
        )
        return not self.events and not any(table.changed for table in tables)


class Operation(Protocol[T_co]):
    """One indivisible decision: which rows it must see, and what it makes of them."""

    @property
    def institution_id(self) -> str:
        """The one institution whose rows it may touch, besides the platform's."""
        ...

    def wants(self, rows: Rows) -> None:
        """Asks for every row that `decide` may touch."""
        ...

    def decide(self, rows: Rows, now: int) -> T_co:
        """Decides, changes rows and records events. Pure but for `rows`; must not block.

        A raised Failure is an outcome: it is committed with all that was changed, and raised to
        whoever waits. Any other exception undoes this operation alone.
        """
        ...
