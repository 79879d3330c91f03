"""The kinds of rows that the hot path loads and saves, described once for both engines."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter, itemgetter
from typing import Any

import msgspec
import sqlalchemy as sa

from moneyer.applications.secrets import SecretSlot
from moneyer.customers.factors.factor import Factor
from moneyer.guards.attempts import Attempts
from moneyer.store import schema
from moneyer.store.records import (
    Row,
    code_from_row,
    code_to_row,
    consent_from_row,
    consent_to_row,
    customer_from_row,
    customer_to_row,
    family_from_row,
    family_to_row,
    notice_from_row,
    notice_to_row,
    session_from_row,
    session_to_row,
)
from moneyer.store.rows import RevokedToken, Rows, StoredRequest, Table


@dataclass(frozen=True)
class Kind:
    """How one table of `Rows` rests in the database.

    `changing` are the columns that an update writes; `changes_form` says that the record has one of
    them in another form than the row. `from_row` and
    `to_row` turn a row, its members in the order of the table's columns, into its record and back.
    """

    of: Callable[[Rows], Table[Any]]
    table: sa.Table
    changing: tuple[str, ...]
    from_row: Callable[[Row], Any]
    to_row: Callable[[Any], Row]
    changes_form: bool = False

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.table.columns.keys())

    @cached_property
    def key(self) -> tuple[str, str]:
        """The two columns that name a row."""
        first, second = self.table.primary_key.columns.keys()
        return first, second

    @cached_property
    def _identify(self) -> Callable[[Any], Any]:
        return attrgetter(*self.key)

    @cached_property
    def _written_over(self) -> Callable[[Any], Any]:
        names = (*self.changing, *self.key)
        if not self.changes_form:
            return attrgetter(*names)
        pick = itemgetter(*(self.columns.index(name) for name in names))
        return lambda record: pick(self.to_row(record))

    def inserts(self, rows: Rows) -> list[Row]:
        """New rows, in the order of their keys: everyone who locks them does so in one order."""
        return [self.to_row(record) for record in sorted(self.of(rows).new_rows(), key=self._identify)]

    def updates(self, rows: Rows) -> list[Row]:
        """For each row to write over: the changing members, then its key; in the order of the keys."""
        records = sorted(self.of(rows).updated_rows(), key=self._identify)
        return [self._written_over(record) for record in records]


_astuple = msgspec.structs.astuple

CUSTOMERS = Kind(
    lambda rows: rows.customers,
    schema.customers,
    ("password_hash",),
    customer_from_row,
    customer_to_row,
)
CODES = Kind(lambda rows: rows.codes, schema.codes, ("taken_at",), code_from_row, code_to_row)
FAMILIES = Kind(
    lambda rows: rows.families,
    schema.families,
    ("generation", "digest", "turned_at", "status", "revoked_at"),
    family_from_row,
    family_to_row,
)
ATTEMPTS = Kind(
    lambda rows: rows.attempts,
    schema.attempts,
    ("window_started_at", "window_count", "consecutive", "blocked_until", "touched_at"),
    lambda row: Attempts(*row),
    _astuple,
)
REVOKED_TOKENS = Kind(
    lambda rows: rows.revoked_tokens,
    schema.revoked_tokens,
    ("expires_at",),
    lambda row: RevokedToken(*row),
    _astuple,
)
SESSIONS = Kind(
    lambda rows: rows.sessions,
    schema.sessions,
    ("seen_at", "clients", "status"),
    session_from_row,
    session_to_row,
    changes_form=True,
)
CONSENTS = Kind(
    lambda rows: rows.consents,
    schema.consents,
    ("scopes", "granted_at", "used_at", "withdrawn_at"),
    consent_from_row,
    consent_to_row,
    changes_form=True,
)
FACTORS = Kind(
    lambda rows: rows.factors,
    schema.factors,
    ("label", "sealed", "counter", "created_at", "last_used_at", "status"),
    lambda row: Factor(*row),
    _astuple,
)
REQUESTS = Kind(
    lambda rows: rows.requests,
    schema.stored_requests,
    ("used_at",),
    lambda row: StoredRequest(*row),
    _astuple,
)
NOTICES = Kind(
    lambda rows: rows.notices,
    schema.logout_notices,
    ("clients", "begun_at", "expires_at"),
    notice_from_row,
    notice_to_row,
    changes_form=True,
)
SECRETS = Kind(
    lambda rows: rows.secrets,
    schema.application_secrets,
    ("last_used_at",),
    lambda row: SecretSlot(*row),
    _astuple,
)

MOST_OF_CUSTOMER = 1000
"""How many rows of one kind are read of one customer at most: of families, of each application."""


def select_of_customer(kind: Kind, institution_id: str, customer_id: str) -> str:
    """The statement that reads a customer's rows; the arguments are where the two ids stand in it.

    A sign-in with a password opens a family each time, and none is deleted before its time: of each
    application those that live, the longest first.
    """
    table, columns = kind.table, ", ".join(kind.columns)
    own = f"institution_id = {institution_id} AND customer_id = {customer_id}"
    if kind is not FAMILIES:
        return f"SELECT {columns} FROM {table} WHERE {own} LIMIT {MOST_OF_CUSTOMER}"
    place = "row_number() OVER (PARTITION BY client_id ORDER BY expires_at DESC) AS place"
    live = f"SELECT {columns}, {place} FROM {table} WHERE {own} AND status = 'live'"
    return f"SELECT {columns} FROM ({live}) AS own WHERE place <= {MOST_OF_CUSTOMER}"


KINDS = (
    CUSTOMERS,
    CODES,
    FAMILIES,
    ATTEMPTS,
    REVOKED_TOKENS,
    SESSIONS,
    CONSENTS,
    FACTORS,
    REQUESTS,
    NOTICES,
    SECRETS,
)
"""In the order in which they are locked: the same for everyone, so that nobody waits in a circle."""
