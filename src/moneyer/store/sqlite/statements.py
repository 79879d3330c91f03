"""The hot statements. What concerns a kind of row follows from its description in `store.kinds`."""

from moneyer.store.kinds import KINDS, Kind
from moneyer.store.records import CODE_COLUMNS, CUSTOMER_COLUMNS, FAMILY_COLUMNS, KEY_COLUMNS
from moneyer.store.retention import SWEPT_AT_ONCE


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

SELECT_FAMILY = f"SELECT {FAMILY_COLUMNS} FROM families WHERE institution_id = ? AND family_id = ?"
SELECT_CODE = f"SELECT {CODE_COLUMNS} FROM codes WHERE institution_id = ? AND digest = ?"
SELECT_CUSTOMER = (
    f"SELECT {CUSTOMER_COLUMNS} FROM customers WHERE institution_id = ? AND customer_id = ?"
)
SELECT_CUSTOMER_BY_LOGIN = (
    f"SELECT {CUSTOMER_COLUMNS} FROM customers WHERE institution_id = ? AND login_key = ?"
)
SELECT_REVOKED_TOKEN = "SELECT 1 FROM revoked_tokens WHERE institution_id = ? AND token_id = ?"

SELECT_KEYS = f"SELECT {KEY_COLUMNS} FROM signing_keys WHERE institution_id = ?"
INSERT_KEY = _insert("signing_keys", tuple(KEY_COLUMNS.split(", ")))

SELECT_HEAD = "SELECT writer, sequence, digest FROM chain_heads WHERE writer = ?"
SAVE_HEAD = (
    "INSERT INTO chain_heads VALUES (?, ?, ?) ON CONFLICT (writer)"
    " DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest"
)
INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)"

SELECT_VERSION = "SELECT version FROM directory_version"
RAISE_VERSION = "UPDATE directory_version SET version = version + 1"

SELECT_BLOCKED = (
    "SELECT name, blocked_until FROM attempts"
    " WHERE institution_id = '-' AND blocked_until > 0 AND blocked_until > ?"
)


def _sweep(table: str, name: str, condition: str) -> str:
    key = f"institution_id, {name}"
    found = f"SELECT {key} FROM {table} WHERE {condition} LIMIT {SWEPT_AT_ONCE}"
    return f"DELETE FROM {table} WHERE ({key}) IN ({found})"


SWEEPS = {
    "codes": _sweep("codes", "digest", "expires_at < ?"),
    "revoked_tokens": _sweep("revoked_tokens", "token_id", "expires_at < ?"),
    "families": _sweep("families", "family_id", "expires_at < ?"),
    "attempts": _sweep("attempts", "name", "touched_at < ? AND blocked_until < 4000000000000000"),
}
