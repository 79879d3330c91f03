"""The hot statements: one a kind of row and group, its rows as arrays.

What concerns a kind of row follows from its description in `store.kinds`.
"""

import sqlalchemy as sa

from moneyer.store import schema
from moneyer.store.kinds import (
    CODES,
    CONSENTS,
    CUSTOMERS,
    FACTORS,
    FAMILIES,
    KINDS,
    NOTICES,
    REQUESTS,
    REVOKED_TOKENS,
    SESSIONS,
    Kind,
    select_of_customer,
)
from moneyer.store.records import KEY_COLUMNS
from moneyer.store.retention import sweeps
from moneyer.store.revocations import select_ended


def _type(column: sa.Column[object]) -> str:
    if isinstance(column.type, sa.LargeBinary):
        return "bytea"
    return "text" if isinstance(column.type, sa.String) else "bigint"


def _arrays(table: sa.Table, columns: tuple[str, ...]) -> str:
    """`unnest` of one array a column, as the table `given`."""
    places = (f"${n}::{_type(table.c[column])}[]" for n, column in enumerate(columns, 1))
    return f"unnest({', '.join(places)}) AS given ({', '.join(columns)})"


def _insert(table: sa.Table) -> str:
    columns = tuple(table.columns.keys())
    return f"INSERT INTO {table} ({', '.join(columns)}) SELECT * FROM {_arrays(table, columns)}"


def _matching(kind: Kind) -> str:
    return " AND ".join(f"kept.{column} = given.{column}" for column in kind.key)


def _select(kind: Kind) -> str:
    columns = ", ".join(f"kept.{column}" for column in kind.columns)
    order = ", ".join(f"kept.{column}" for column in kind.key)
    return (
        f"SELECT {columns} FROM {kind.table} AS kept JOIN {_arrays(kind.table, kind.key)}"
        f" ON {_matching(kind)} ORDER BY {order} FOR UPDATE OF kept"
    )


def _select_one(kind: Kind, key: tuple[str, str]) -> str:
    where = " AND ".join(f"{column} = ${n}" for n, column in enumerate(key, 1))
    return f"SELECT {', '.join(kind.columns)} FROM {kind.table} WHERE {where}"


def _update(kind: Kind) -> str:
    given = _arrays(kind.table, (*kind.changing, *kind.key))
    changes = ", ".join(f"{column} = given.{column}" for column in kind.changing)
    return f"UPDATE {kind.table} AS kept SET {changes} FROM {given} WHERE {_matching(kind)}"


HOT = tuple((kind, _select(kind), _insert(kind.table), _update(kind)) for kind in KINDS)
"""For each kind of row: how rows are read and locked, added, and written over."""

LOCK_INSTITUTIONS = (
    "SELECT institution_id FROM institutions WHERE institution_id = ANY ($1)"
    " ORDER BY institution_id FOR UPDATE"
)
"""Whoever gives an institution its first keys does so alone."""
SELECT_KEYS = f"SELECT {KEY_COLUMNS} FROM signing_keys WHERE institution_id = ANY ($1)"
INSERT_KEYS = _insert(schema.signing_keys)
RAISE_VERSION = "UPDATE directory_version SET version = version + 1"

BEGIN_CHAIN = "INSERT INTO chain_heads VALUES ($1, 0, $2) ON CONFLICT (writer) DO NOTHING"
SELECT_HEAD = "SELECT writer, sequence, digest FROM chain_heads WHERE writer = $1"
APPEND_EVENTS = (
    "WITH head AS (UPDATE chain_heads SET sequence = $2, digest = $3"
    " WHERE writer = $1 AND sequence = $4 AND digest = $5 RETURNING writer, $4::bigint AS sequence)"
    " INSERT INTO events (institution_id, writer, sequence, at, name, body, digest)"
    " SELECT link.institution_id, head.writer, head.sequence + link.place, link.at, link.name,"
    " link.body, link.digest FROM head, unnest($6::text[], $7::bigint[], $8::text[], $9::bytea[],"
    " $10::bytea[]) WITH ORDINALITY AS link (institution_id, at, name, body, digest, place)"
)
"""Moves the head of a chain from where its writer knows it to be; adds nothing if it is elsewhere."""

SELECT_FAMILY = _select_one(FAMILIES, FAMILIES.key)
SELECT_CODE = _select_one(CODES, CODES.key)
SELECT_CUSTOMER = _select_one(CUSTOMERS, CUSTOMERS.key)
SELECT_CUSTOMER_BY_LOGIN = _select_one(CUSTOMERS, ("institution_id", "login_key"))
SELECT_REVOKED_TOKEN = _select_one(REVOKED_TOKENS, REVOKED_TOKENS.key)
SELECT_SESSION = _select_one(SESSIONS, SESSIONS.key)
SELECT_CONSENT = _select_one(CONSENTS, CONSENTS.key)
SELECT_FACTOR = _select_one(FACTORS, FACTORS.key)
SELECT_REQUEST = _select_one(REQUESTS, REQUESTS.key)
OF_CUSTOMER = {
    kind.table.name: select_of_customer(kind, "$1", "$2")
    for kind in (FAMILIES, SESSIONS, CONSENTS, FACTORS)
}
SELECT_BLOCKED = (
    "SELECT name, blocked_until FROM attempts"
    " WHERE institution_id = '-' AND blocked_until > 0 AND blocked_until > $1"
)
SELECT_ENDED = select_ended("$1", "encode(family_id, 'hex')")
DUE_NOTICES = (
    f"SELECT {', '.join(NOTICES.columns)} FROM logout_notices"
    " WHERE expires_at > $1 AND begun_at <= $2 LIMIT 100"
)

SELECT_VERSION = "SELECT version FROM directory_version"
SELECT_CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

SWEEP_ALONE = "SELECT pg_try_advisory_xact_lock(hashtext('moneyer sweep'))"

SWEEPS = sweeps("$1", "FOR UPDATE SKIP LOCKED")
