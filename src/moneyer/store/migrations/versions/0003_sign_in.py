"""Signing customers in: sessions, consents, second factors, requests to be gone on with.

Expands only: servers of revision 0001 and 0002 go on beside it; what they write lacks the new columns.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

OWN = (
    "string_to_array(current_setting('moneyer.institutions', true), ',')"
    " && ARRAY[institution_id::text, '*']"
)

ADDED = {"families": ("amr", "claims"), "codes": ("session_id", "amr", "claims")}

TABLES = ("sessions", "consents", "factors", "stored_requests")


def _institution() -> sa.Column[str]:
    return sa.Column("institution_id", sa.String(length=32), nullable=False)


def _customer() -> sa.Column[str]:
    return sa.Column("customer_id", sa.String(length=32), nullable=False)


def upgrade() -> None:
    for table, added in ADDED.items():
        for name in added:
            kind = sa.String(length=32) if name == "session_id" else sa.Text()
            op.add_column(table, sa.Column(name, kind, nullable=False, server_default=""))
    _create()
    for table in ("sessions", "consents", "factors"):
        columns = ["institution_id", "customer_id"]
        op.create_index(f"ix_{table}_institution_id_customer_id", table, columns)
    for table in ("sessions", "stored_requests"):
        op.create_index(f"ix_{table}_expires_at", table, ["expires_at"])
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in TABLES:
        op.execute(f"CREATE POLICY own ON {table} USING ({OWN}) WITH CHECK ({OWN})")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO moneyer_serving")


def _create() -> None:
    op.create_table(
        "sessions",
        _institution(),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        _customer(),
        sa.Column("amr", sa.Text(), nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("clients", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", "digest", name="pk_sessions"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "consents",
        _institution(),
        sa.Column("consent_id", sa.String(length=161), nullable=False),
        _customer(),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", "consent_id", name="pk_consents"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "factors",
        _institution(),
        sa.Column("factor_id", sa.Text(), nullable=False),
        _customer(),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", "factor_id", name="pk_factors"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stored_requests",
        _institution(),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("client_id", sa.String(length=128), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("institution_id", "digest", name="pk_stored_requests"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    for table, columns in ADDED.items():
        for name in columns:
            op.drop_column(table, name)
