"""The hot statements. What concerns a kind of row follows from its description in `store.kinds`."""

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


def _insert(table: str, columns: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


def _named(columns: tuple[str, ...], between: str) -> str:
    return between.join(f"{column} = ?" for column in columns)


def _select(kind: Kind) -> str:
    return f"SELECT {', '.join(kind.columns)} FROM {kind.table} WHERE {_named(kind.key, ' AND ')}"


def _update(kind: Kind) -> str:
    changes = _named(kind.changing, ", ")
    return f"UPDATE {kind.table} SET {changes} WHERE {_named(kind.key, ' AND ')}"


HOT = tuple(
    (kind, _select(kind), _insert(kind.table.name, kind.columns), _update(kind)) for kind in KINDS
)
"""For each kind of row: how one is read, added and written over."""

SELECT_FAMILY = _select(FAMILIES)
SELECT_CODE = _select(CODES)
SELECT_CUSTOMER = _select(CUSTOMERS)
SELECT_CUSTOMER_BY_LOGIN = (
    f"SELECT {', '.join(CUSTOMERS.columns)} FROM customers WHERE institution_id = ? AND login_key = ?"
)
SELECT_REVOKED_TOKEN = _select(REVOKED_TOKENS)

SELECT_SESSION = _select(SESSIONS)
SELECT_CONSENT = _select(CONSENTS)
SELECT_FACTOR = _select(FACTORS)
SELECT_REQUEST = _select(REQUESTS)
OF_CUSTOMER = {
    kind.table.name: select_of_customer(kind, "?", "?")
    for kind in (FAMILIES, SESSIONS, CONSENTS, FACTORS)
}

SELECT_KEYS = f"SELECT {KEY_COLUMNS} FROM signing_keys WHERE institution_id = ?"
INSERT_KEY = _insert("signing_keys", tuple(KEY_COLUMNS.split(", ")))

SELECT_HEAD = "SELECT writer, sequence, digest FROM chain_heads WHERE writer = ?"
SAVE_HEAD = (
    "INSERT INTO chain_heads VALUES (?, ?, ?) ON CONFLICT (writer)"
    " DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest"
)
INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)"

DUE_NOTICES = (
    f"SELECT {', '.join(NOTICES.columns)} FROM logout_notices"
    " WHERE expires_at > ? AND begun_at <= ? LIMIT 100"
)

SELECT_VERSION = "SELECT version FROM directory_version"
RAISE_VERSION = "UPDATE directory_version SET version = version + 1"

SELECT_BLOCKED = (
    "SELECT name, blocked_until FROM attempts"
    " WHERE institution_id = '-' AND blocked_until > 0 AND blocked_until > ?"
)

SELECT_ENDED = select_ended("?1", "lower(hex(family_id))")

SWEEPS = sweeps("?")
