"""The kinds of rows that the hot path loads and saves, described once for both engines."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any

import msgspec
import sqlalchemy as sa

from moneyer.applications.secrets import SecretSlot
from moneyer.guards.attempts import Attempts
from moneyer.store import schema
from moneyer.store.records import (
    Row,
    code_from_row,
    code_to_row,
    customer_from_row,
    customer_to_row,
    family_from_row,
    family_to_row,
)
from moneyer.store.rows import RevokedToken, Rows, Table


@dataclass(frozen=True)
class Kind:
    """How one table of `Rows` rests in the database.

    `changing` are the columns that an update writes, stored as the record has them. `from_row` and
    `to_row` turn a row, its members in the order of the table's columns, into its record and back.
    """

    of: Callable[[Rows], Table[Any]]
    table: sa.Table
    changing: tuple[str, ...]
    from_row: Callable[[Row], Any]
    to_row: Callable[[Any], Row]

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
        return attrgetter(*self.changing, *self.key)

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
    ("generation", "digest", "turned_at", "status"),
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
SECRETS = Kind(
    lambda rows: rows.secrets,
    schema.application_secrets,
    ("last_used_at",),
    lambda row: SecretSlot(*row),
    _astuple,
)

KINDS = (CUSTOMERS, CODES, FAMILIES, ATTEMPTS, REVOKED_TOKENS, SECRETS)
"""In the order in which they are locked: the same for everyone, so that nobody waits in a circle."""
