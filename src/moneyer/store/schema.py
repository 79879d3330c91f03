"""The schema, for SQLite and PostgreSQL alike.

The institution comes first in every key, so that rows of one bank lie together and a cluster can be
spread by it. Applications belong to no institution; their entitlements do. Instants are microseconds
since 1970 in 64-bit integers. Documents are JSON of the frozen structs they are named after.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _institution() -> Column[str]:
    return Column("institution_id", String(32), nullable=False)


def _ended(column: str) -> Index:
    """Finds the few rows of which something ended, by when: looked for ten times a second."""
    has_ended = text(f"{column} > 0")
    return Index(None, column, sqlite_where=has_ended, postgresql_where=has_ended)


institutions = Table(
    "institutions",
    metadata,
    _institution(),
    Column("document", Text, nullable=False),
    PrimaryKeyConstraint("institution_id"),
)

applications = Table(
    "applications",
    metadata,
    Column("client_id", String(128), nullable=False),
    Column("document", Text, nullable=False),
    PrimaryKeyConstraint("client_id"),
)

application_secrets = Table(
    "application_secrets",
    metadata,
    Column("client_id", String(128), nullable=False),
    Column("slot", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    PrimaryKeyConstraint("client_id", "slot"),
)

entitlements = Table(
    "entitlements",
    metadata,
    _institution(),
    Column("client_id", String(128), nullable=False),
    PrimaryKeyConstraint("institution_id", "client_id"),
)

customers = Table(
    "customers",
    metadata,
    _institution(),
    Column("customer_id", String(32), nullable=False),
    Column("login_id", Text, nullable=False),
    Column("login_key", Text, nullable=False),
    Column("host_user_id", Text, nullable=False),
    Column("type", String(8), nullable=False),
    Column("status", String(8), nullable=False),
    Column("member_number", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("businesses", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("tokens_not_before", BigInteger, nullable=False),
    PrimaryKeyConstraint("institution_id", "customer_id"),
    UniqueConstraint("institution_id", "login_key"),
    UniqueConstraint("institution_id", "host_user_id"),
    _ended("tokens_not_before"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    _institution(),
    Column("kid", String(64), nullable=False),
    Column("algorithm", String(16), nullable=False),
    Column("public_jwk", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("announced_at", BigInteger, nullable=False),
    Column("activates_at", BigInteger),
    Column("retires_at", BigInteger),
    Column("removed_at", BigInteger),
    PrimaryKeyConstraint("institution_id", "kid"),
)

families = Table(
    "families",
    metadata,
    _institution(),
    Column("family_id", LargeBinary, nullable=False),
    Column("client_id", String(128), nullable=False),
    Column("customer_id", String(32), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("grant_type", String(32), nullable=False),
    Column("auth_time", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("turned_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("status", String(8), nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("amr", Text, nullable=False, server_default=""),
    Column("claims", Text, nullable=False, server_default=""),
    Column("revoked_at", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("institution_id", "family_id"),
    Index(None, "institution_id", "customer_id"),
    Index(None, "expires_at"),
    _ended("revoked_at"),
    sqlite_with_rowid=False,
)

codes = Table(
    "codes",
    metadata,
    _institution(),
    Column("digest", LargeBinary, nullable=False),
    Column("client_id", String(128), nullable=False),
    Column("customer_id", String(32), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("identity", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("auth_time", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("code_challenge", Text),
    Column("taken_at", BigInteger),
    Column("session_id", String(32), nullable=False, server_default=""),
    Column("amr", Text, nullable=False, server_default=""),
    Column("claims", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("institution_id", "digest"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    _institution(),
    Column("token_id", String(64), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger, nullable=False, server_default="0"),
    PrimaryKeyConstraint("institution_id", "token_id"),
    Index(None, "expires_at"),
    _ended("revoked_at"),
    sqlite_with_rowid=False,
)

sessions = Table(
    "sessions",
    metadata,
    _institution(),
    Column("digest", LargeBinary, nullable=False),
    Column("session_id", String(32), nullable=False),
    Column("customer_id", String(32), nullable=False),
    Column("amr", Text, nullable=False),
    Column("auth_time", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("clients", Text, nullable=False),
    Column("status", String(8), nullable=False),
    PrimaryKeyConstraint("institution_id", "digest"),
    Index(None, "institution_id", "customer_id"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)

consents = Table(
    "consents",
    metadata,
    _institution(),
    Column("consent_id", String(161), nullable=False),
    Column("customer_id", String(32), nullable=False),
    Column("client_id", String(128), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("granted_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("withdrawn_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("institution_id", "consent_id"),
    Index(None, "institution_id", "customer_id"),
    _ended("withdrawn_at"),
    sqlite_with_rowid=False,
)

factors = Table(
    "factors",
    metadata,
    _institution(),
    Column("factor_id", Text, nullable=False),
    Column("customer_id", String(32), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("label", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("status", String(8), nullable=False),
    PrimaryKeyConstraint("institution_id", "factor_id"),
    Index(None, "institution_id", "customer_id"),
    sqlite_with_rowid=False,
)

stored_requests = Table(
    "stored_requests",
    metadata,
    _institution(),
    Column("digest", LargeBinary, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("client_id", String(128), nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    PrimaryKeyConstraint("institution_id", "digest"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)

logout_notices = Table(
    "logout_notices",
    metadata,
    _institution(),
    Column("session_id", String(32), nullable=False),
    Column("customer_id", String(32), nullable=False),
    Column("clients", Text, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("institution_id", "session_id"),
    Index(None, "expires_at"),
    sqlite_with_rowid=False,
)

_BLOCKED = text("institution_id = '-' AND blocked_until > 0")
"""Sources of guesses that are, or were, made to wait: few, and looked for four times a second."""

attempts = Table(
    "attempts",
    metadata,
    _institution(),
    Column("name", Text, nullable=False),
    Column("window_started_at", BigInteger, nullable=False),
    Column("window_count", BigInteger, nullable=False),
    Column("consecutive", BigInteger, nullable=False),
    Column("blocked_until", BigInteger, nullable=False),
    Column("touched_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("institution_id", "name"),
    Index(None, "touched_at"),
    Index("ix_attempts_blocked", "blocked_until", sqlite_where=_BLOCKED, postgresql_where=_BLOCKED),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    _institution(),
    Column("writer", String(64), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("name", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    PrimaryKeyConstraint("institution_id", "writer", "sequence"),
)

chain_heads = Table(
    "chain_heads",
    metadata,
    Column("writer", String(64), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    PrimaryKeyConstraint("writer"),
)

directory_version = Table(
    "directory_version",
    metadata,
    Column("only", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("oldest_server", String(32), nullable=False, server_default="0001"),
    PrimaryKeyConstraint("only"),
)
"""One row. `version` is raised by every change to institutions, applications, secrets, entitlements or
keys; `oldest_server` is the oldest revision whose servers work with this schema."""
