"""The hot statements, written out. The columns of a table stand in `store.records`."""

from moneyer.store.records import CODE_COLUMNS, CUSTOMER_COLUMNS, FAMILY_COLUMNS, KEY_COLUMNS


def _insert(table: str, columns: str) -> str:
    places = ", ".join("?" for _ in columns.split(","))
    return f"INSERT INTO {table} ({columns}) VALUES ({places})"


SELECT_FAMILY = f"SELECT {FAMILY_COLUMNS} FROM families WHERE institution_id = ? AND family_id = ?"
INSERT_FAMILY = _insert("families", FAMILY_COLUMNS)
UPDATE_FAMILY = (
    "UPDATE families SET generation = ?, digest = ?, turned_at = ?, status = ?"
    " WHERE institution_id = ? AND family_id = ?"
)

SELECT_CODE = f"SELECT {CODE_COLUMNS} FROM codes WHERE institution_id = ? AND digest = ?"
INSERT_CODE = _insert("codes", CODE_COLUMNS)
UPDATE_CODE = "UPDATE codes SET taken_at = ? WHERE institution_id = ? AND digest = ?"

SELECT_CUSTOMER = (
    f"SELECT {CUSTOMER_COLUMNS} FROM customers WHERE institution_id = ? AND customer_id = ?"
)
SELECT_CUSTOMER_BY_LOGIN = (
    f"SELECT {CUSTOMER_COLUMNS} FROM customers WHERE institution_id = ? AND login_key = ?"
)
UPDATE_PASSWORD_HASH = (
    "UPDATE customers SET password_hash = ? WHERE institution_id = ? AND customer_id = ?"
)

SELECT_ATTEMPTS = (
    "SELECT institution_id, name, window_started_at, window_count, consecutive, blocked_until,"
    " touched_at FROM attempts WHERE institution_id = ? AND name = ?"
)
SAVE_ATTEMPTS = "INSERT OR REPLACE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)"

SELECT_REVOKED_TOKEN = (
    "SELECT institution_id, token_id, expires_at FROM revoked_tokens"
    " WHERE institution_id = ? AND token_id = ?"
)
INSERT_REVOKED_TOKEN = "INSERT INTO revoked_tokens VALUES (?, ?, ?)"

SELECT_KEYS = f"SELECT {KEY_COLUMNS} FROM signing_keys WHERE institution_id = ?"
INSERT_KEY = _insert("signing_keys", KEY_COLUMNS)

SELECT_SECRET = (
    "SELECT client_id, slot, digest, created_at, expires_at, last_used_at FROM application_secrets"
    " WHERE client_id = ? AND slot = ?"
)
UPDATE_SECRET_USE = "UPDATE application_secrets SET last_used_at = ? WHERE client_id = ? AND slot = ?"

SELECT_HEAD = "SELECT writer, sequence, digest FROM chain_heads WHERE writer = ?"
SAVE_HEAD = (
    "INSERT INTO chain_heads VALUES (?, ?, ?) ON CONFLICT (writer)"
    " DO UPDATE SET sequence = excluded.sequence, digest = excluded.digest"
)
INSERT_EVENT = "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)"

SELECT_VERSION = "SELECT version FROM directory_version"
RAISE_VERSION = "UPDATE directory_version SET version = version + 1"

SELECT_BLOCKED = (
    "SELECT name, blocked_until FROM attempts WHERE institution_id = ? AND blocked_until > ?"
)

SWEPT_AT_ONCE = 1000


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
