"""When each revocation was made, so that those who follow revocations can ask for what is new.

Expands only: servers of the release before go on beside it; what they revoke has no instant, and those
who follow learn of it when no such server is left.
"""

import time

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INSTANTS = {
    "families": "revoked_at",
    "revoked_tokens": "revoked_at",
    "customers": "tokens_not_before",
    "consents": "withdrawn_at",
}
"""What says when something ended, table by table; 0 where nothing did."""


def upgrade() -> None:
    for table in ("families", "revoked_tokens"):
        column = sa.Column("revoked_at", sa.BigInteger(), nullable=False, server_default="0")
        op.add_column(table, column)
    now = time.time_ns() // 1000
    op.execute(
        f"UPDATE families SET revoked_at = {now} WHERE status = 'revoked' AND expires_at > {now}"
    )
    op.execute(f"UPDATE revoked_tokens SET revoked_at = {now} WHERE token_id NOT LIKE '%:%'")
    for table, instant in INSTANTS.items():
        ended = sa.text(f"{instant} > 0")
        op.create_index(
            f"ix_{table}_{instant}", table, [instant], sqlite_where=ended, postgresql_where=ended
        )


def downgrade() -> None:
    for table, instant in INSTANTS.items():
        op.drop_index(f"ix_{table}_{instant}", table_name=table)
    for table in ("families", "revoked_tokens"):
        op.drop_column(table, "revoked_at")
