"""Applications that are still to be told of a sign-out, so that no process takes it to its grave.

Expands only: servers of the revision before go on beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

OWN = (
    "string_to_array(current_setting('moneyer.institutions', true), ',')"
    " && ARRAY[institution_id::text, '*']"
)


def upgrade() -> None:
    op.create_table(
        "logout_notices",
        sa.Column("institution_id", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("clients", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("institution_id", "session_id", name="pk_logout_notices"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_logout_notices_expires_at", "logout_notices", ["expires_at"])
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(f"CREATE POLICY own ON logout_notices USING ({OWN}) WITH CHECK ({OWN})")
    op.execute("ALTER TABLE logout_notices ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON logout_notices TO moneyer_serving")


def downgrade() -> None:
    op.drop_table("logout_notices")
